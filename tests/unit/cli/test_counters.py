"""What a progress display shows of a run."""

from cip_async.cli.counters import Counters
from cip_async.events import (
    CopyExpected,
    DamageFound,
    HostPaused,
    ImageFailed,
    ImagePlaced,
    ImageRepaired,
    ImagesVerified,
    ListingExpected,
    ListingFailed,
    ListingTrusted,
    RepositoryListed,
    RequestDone,
    Stage,
    StageStarted,
)
from cip_async.reference import Host, parse_digest, parse_repository

MIRROR = parse_repository("eu.gcr.io/prod/foo")
DIGEST = parse_digest(f"sha256:{'1' * 64}")


def test_a_run_is_counted_from_its_events() -> None:
    counters = Counters()
    for event in (
        StageStarted(stage=Stage.LIST, total=3),
        ListingExpected(listings=1),
        RepositoryListed(repository=MIRROR, digests=1, tags=1),
        ListingTrusted(repository=MIRROR, age_s=60.0),
        ListingFailed(repository=MIRROR, reason="gone"),
        StageStarted(stage=Stage.COPY, total=2),
        CopyExpected(images=1500),
        ImagePlaced(source=MIRROR, destination=MIRROR, digest=DIGEST, tags=()),
        ImageFailed(source=MIRROR, destination=MIRROR, digest=DIGEST, tags=(), reason="quota"),
        StageStarted(stage=Stage.VERIFY, total=5),
        ImagesVerified(repository=MIRROR, images=3),
        DamageFound(repository=MIRROR, piece=f"blob {DIGEST}", reason="is missing"),
        ImageRepaired(destination=MIRROR, digest=DIGEST),
        RequestDone(host=Host("a.io"), status=200, sent_bytes=1_500_000, received_bytes=10),
        RequestDone(host=Host("a.io"), status=429, sent_bytes=0, received_bytes=20),
        HostPaused(host=Host("a.io"), pause_s=1.0),
        RequestDone(host=Host("a.io"), status=0, sent_bytes=0, received_bytes=0),
        StageStarted(stage=Stage.DONE, total=0),
    ):
        counters(event)
    assert counters == Counters(
        repositories=4,
        listed=3,
        images=1502,
        placed=3,
        failed=2,
        to_verify=5,
        verified=3,
        damaged=1,
        sent_bytes=1_500_000,
        received_bytes=30,
        requests=3,
        throttled=1,
        unanswered=1,
        pauses=1,
    )
    assert counters.line(1234.5) == (
        "listed 3 of 4 repositories, placed 3 of 1,502 images, verified 3 of 5 images, 1 damaged, 2 failed,"
        " sent 1.5 MB, received 30 B, 1,234 requests/s, throttled 1 time, no answer 1 time"
    )


def test_more_done_than_expected_is_shown_as_what_was_done() -> None:
    assert Counters(repositories=1, listed=4, placed=2).line(0) == (
        "listed 4 of 4 repositories, placed 2 of 2 images, sent 0 B, received 0 B, 0 requests/s"
    )


def test_images_are_told_once_there_are_any_to_place() -> None:
    assert Counters(repositories=2, listed=1).line(0) == (
        "listed 1 of 2 repositories, sent 0 B, received 0 B, 0 requests/s"
    )
