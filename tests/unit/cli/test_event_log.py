"""The log names what changed and what failed, not what stayed as it was."""

import logging
from typing import Final

import pytest

from cip_async.cli.event_log import log_event
from cip_async.events import (
    BlobPlaced,
    CopyExpected,
    DamageFound,
    Event,
    HostFailing,
    HostPaused,
    ImageFailed,
    ImageLost,
    ImagePlaced,
    ImageRepaired,
    ImagesVerified,
    ListingFailed,
    ListingTrusted,
    PairPlanned,
    Placed,
    RepositoryListed,
    RequestDone,
    Stage,
    StageStarted,
)
from cip_async.reference import Host, parse_digest, parse_repository, parse_tag

SOURCE: Final = parse_repository("gcr.io/staging/foo")
MIRROR: Final = parse_repository("eu.gcr.io/prod/foo")
DIGEST: Final = parse_digest(f"sha256:{'1' * 64}")
TAGS: Final = (parse_tag("v1"), parse_tag("latest"))


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            ImagePlaced(source=SOURCE, destination=MIRROR, digest=DIGEST, tags=TAGS),
            ("INFO", f"promoted eu.gcr.io/prod/foo@{DIGEST} as v1, latest"),
        ),
        (
            ImagePlaced(source=SOURCE, destination=MIRROR, digest=DIGEST, tags=()),
            ("INFO", f"promoted eu.gcr.io/prod/foo@{DIGEST}"),
        ),
        (
            ImageFailed(source=SOURCE, destination=MIRROR, digest=DIGEST, tags=TAGS, reason="quota"),
            ("ERROR", f"failed eu.gcr.io/prod/foo@{DIGEST} as v1, latest: quota"),
        ),
        (
            ImageLost(source=SOURCE, digest=DIGEST),
            ("WARNING", f"lost gcr.io/staging/foo@{DIGEST}: the source does not hold it"),
        ),
        (ListingFailed(repository=MIRROR, reason="gone"), ("ERROR", "cannot list eu.gcr.io/prod/foo: gone")),
        (HostPaused(host=Host("eu.gcr.io"), pause_s=2.5), ("INFO", "eu.gcr.io asks for a pause of 2.5 s")),
        (
            HostFailing(host=Host("eu.gcr.io"), reason="status 500"),
            ("WARNING", "eu.gcr.io fails, and is tried again: status 500"),
        ),
        (
            DamageFound(repository=MIRROR, piece=f"blob {DIGEST}", reason="is missing"),
            ("DEBUG", f"damaged eu.gcr.io/prod/foo: blob {DIGEST}: is missing"),
        ),
        (
            ImageRepaired(destination=MIRROR, digest=DIGEST),
            ("INFO", f"repaired eu.gcr.io/prod/foo@{DIGEST}"),
        ),
        (ImagesVerified(repository=MIRROR, images=3), ("DEBUG", "verified eu.gcr.io/prod/foo: 3 images")),
        (
            RepositoryListed(repository=MIRROR, digests=3, tags=4),
            ("DEBUG", "listed eu.gcr.io/prod/foo: 3 digests, 4 tags"),
        ),
        (
            ListingTrusted(repository=MIRROR, age_s=59.6),
            ("DEBUG", "not listed eu.gcr.io/prod/foo: the inventory of 60 s ago is trusted"),
        ),
        (
            PairPlanned(source=SOURCE, destination=MIRROR, already_promoted=1, promote=2, setbacks=3),
            ("DEBUG", "planned eu.gcr.io/prod/foo: 2 edges to promote, 1 promoted already, 3 set aside"),
        ),
    ],
)
def test_a_change_or_a_failure_is_a_line(event: Event, line: tuple[str, str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "cip_async")
    log_event(event)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [line]


@pytest.mark.parametrize(
    "event",
    [
        PairPlanned(source=SOURCE, destination=MIRROR, already_promoted=1, promote=0, setbacks=0),
        BlobPlaced(repository=MIRROR, digest=DIGEST, how=Placed.MOUNTED, size_bytes=5),
        CopyExpected(images=5),
        RequestDone(host=Host("eu.gcr.io"), status=200, sent_bytes=0, received_bytes=5),
        StageStarted(stage=Stage.LIST, total=5),
    ],
)
def test_what_stays_as_it_was_is_no_line(event: Event, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "cip_async")
    log_event(event)
    assert caplog.records == []
