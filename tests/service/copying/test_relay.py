"""Bytes that pass through here: read once, verified, held within bounds."""

import tempfile
import tracemalloc
from pathlib import Path
from typing import Final

import attrs
import msgspec
import pytest

from cip_async.events import Event, ImagePlaced
from cip_async.fake_registry import images
from cip_async.fake_registry.content import Held
from cip_async.fake_registry.documents import parse_document
from cip_async.fake_registry.faults import FaultKind
from cip_async.fake_registry.images import Image
from cip_async.model.outcome import Fate
from cip_async.settings import MIB, Spool, Timeouts
from tests.service.copying.conftest import HASTY, MIRRORS, ONE_TRY, PATIENT, Copying, Make, wanted

pytestmark = pytest.mark.anyio

LARGE: Final = images.layer("large", 2 * MIB)
LARGE_IMAGE: Final = images.single(seed="large", layers=[LARGE])
LARGE_BLOB: Final = next(digest for digest, content in LARGE_IMAGE.blobs.items() if content is LARGE)
OTHER: Final = images.single(seed="other")

memory_and_disk = pytest.mark.parametrize("spool", [Spool(), Spool(memory_bytes=0)], ids=["memory", "disk"])


def with_wrong_size(image: Image, error_bytes: int) -> Image:
    """An image whose manifest declares that its first layer is so much larger than it is."""
    body = msgspec.json.decode(image.body)
    body["layers"][0]["size"] += error_bytes
    return attrs.evolve(image, document=parse_document(image.media_type, msgspec.json.encode(body)))


def reads(copy: Copying, host: str = "gcr.io", digest: str = LARGE_BLOB) -> list[int]:
    return [entry.status for entry in copy.host(host).ledger.find(call_class="blob-get", reference=digest)]


@memory_and_disk
async def test_large_blobs_arrive_in_all_mirrors(copying: Make, spool: Spool) -> None:
    copy = await copying(spool=spool)
    copy.plan("app", wanted(LARGE_IMAGE, "v1"))
    await copy.run()
    copy.assert_promoted()
    assert reads(copy) == [200]


@memory_and_disk
@pytest.mark.parametrize("kind", [FaultKind.RESET_BODY, FaultKind.TRUNCATED, FaultKind.SHORT])
async def test_a_read_that_was_cut_goes_on_where_it_broke(copying: Make, kind: FaultKind, spool: Spool) -> None:
    copy = await copying(spool=spool)
    copy.plan("app", wanted(LARGE_IMAGE, "v1"))
    copy.host("gcr.io").faults.add(kind, on=["blob-get"], times=1)

    await copy.run()

    copy.assert_promoted()
    assert sorted(reads(copy)) in ([200, 206], [200])  # whichever blob it was that broke
    assert copy.host("gcr.io").ledger.count(call_class="blob-get", status=206) == 1
    assert all(copy.requests(mirror)["upload"] == len(LARGE_IMAGE.blobs) for mirror in MIRRORS)


async def test_a_body_that_stands_still_is_left_and_read_on(copying: Make) -> None:
    timeouts = Timeouts(stall_s=0.2)
    copy = await copying(settings=attrs.evolve(PATIENT, timeouts=timeouts))
    copy.plan("app", wanted(LARGE_IMAGE, "v1"))
    copy.host("gcr.io").faults.add("stalled", on=["blob-get"], times=1)
    await copy.run()
    copy.assert_promoted()


@pytest.mark.parametrize("kind", ["reset", "lost-answer", "500", "503", "429-bare"])
async def test_a_read_that_fails_is_tried_again(copying: Make, kind: str) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    copy.plan("app", wanted(LARGE_IMAGE, "v1"), to=["eu.gcr.io/prod"])
    copy.host("gcr.io").faults.add(kind, on=["blob-get"], times=1)
    await copy.run()
    copy.assert_promoted()


async def test_an_upload_whose_kept_connection_was_dead_starts_over_in_a_new_session(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    copy.plan("app", wanted(LARGE_IMAGE, "v1"), to=["eu.gcr.io/prod"])
    mirror = copy.host("eu.gcr.io")
    mirror.faults.add("reset", on=["upload"], subject=LARGE_BLOB, times=1)

    await copy.run()

    copy.assert_promoted()
    targets = [entry.target for entry in mirror.ledger.find(call_class="upload", reference=LARGE_BLOB)]
    assert len(targets) == len(set(targets)) == 2
    assert mirror.store.open_uploads == 0


@memory_and_disk
async def test_wrong_bytes_reach_no_mirror(copying: Make, spool: Spool) -> None:
    copy = await copying(spool=spool)
    copy.plan("app", wanted(LARGE_IMAGE, "v1"))
    copy.plan("other", wanted(OTHER, "v1"))
    copy.host("gcr.io").faults.add("wrong-bytes", on=["blob-get"], repository="staging/app")

    await copy.run()

    failures = copy.failures()
    assert set(failures) == {(f"{mirror}/app", "v1") for mirror in MIRRORS}
    assert all(fate is Fate.FAILED and "the bytes have the digest" in reason for fate, reason in failures.values())
    for mirror in MIRRORS:
        store = copy.host(mirror).store
        assert not store.repository("prod/app").blobs
        assert not store.repository("prod/app").manifests
        assert store.repository("prod/other").tags == {"v1": OTHER.digest}
        assert store.open_uploads == 0


@memory_and_disk
@pytest.mark.parametrize("times", [1, 2])
async def test_wrong_bytes_that_come_once_or_twice_are_read_again_for_all_mirrors(
    copying: Make, spool: Spool, times: int
) -> None:
    copy = await copying(spool=spool)
    copy.plan("app", wanted(LARGE_IMAGE, "v1"))
    copy.host("gcr.io").faults.add("wrong-bytes", on=["blob-get"], subject=LARGE_BLOB, times=times)

    await copy.run()

    assert copy.failures() == {}
    copy.assert_promoted()
    assert reads(copy) == [200] * (times + 1)
    assert copy.floor("gcr.io")["blob-get"] == len(LARGE_IMAGE.all_blobs)
    assert [copy.host(mirror).store.open_uploads for mirror in MIRRORS] == [0, 0, 0]


@memory_and_disk
async def test_wrong_bytes_that_come_a_third_time_fail_their_image_for_all_mirrors(copying: Make, spool: Spool) -> None:
    copy = await copying(spool=spool)
    copy.plan("app", wanted(LARGE_IMAGE, "v1"), wanted(OTHER, "v2"))
    copy.host("gcr.io").faults.add("wrong-bytes", on=["blob-get"], subject=LARGE_BLOB)

    await copy.run()

    assert set(copy.failures()) == {(f"{mirror}/app", "v1") for mirror in MIRRORS}
    assert reads(copy) == [200] * 3


@memory_and_disk
@pytest.mark.parametrize("error_bytes", [-1, 1, MIB])
async def test_a_wrong_size_fails_the_image_that_declares_it_and_no_other(
    copying: Make, error_bytes: int, spool: Spool
) -> None:
    copy = await copying(settings=attrs.evolve(HASTY, retries=ONE_TRY), spool=spool)
    wrong = with_wrong_size(images.single(seed="wrong", layers=[LARGE]), error_bytes)
    right = [images.single(seed=f"right {number}", layers=[LARGE]) for number in range(3)]
    copy.plan("app", wanted(wrong, "wrong"), *(wanted(image, f"v{n}") for n, image in enumerate(right)))
    copy.plan("other", wanted(right[0], "v0"))

    await copy.run()

    assert set(copy.failures()) == {(f"{mirror}/app", "wrong") for mirror in MIRRORS}
    for mirror in MIRRORS:
        store = copy.host(mirror).store
        assert store.repository("prod/app").tags == {f"v{n}": image.digest for n, image in enumerate(right)}
        assert store.repository("prod/other").tags == {"v0": right[0].digest}
        assert store.open_uploads == 0


async def test_a_blob_that_the_source_lost_fails_its_image_alone(copying: Make) -> None:
    copy = await copying()
    copy.plan("app", wanted(LARGE_IMAGE, "v1"), wanted(OTHER, "v2"))
    copy.host("gcr.io").store.drop_blob("staging/app", LARGE_BLOB)

    await copy.run()

    failures = copy.failures()
    assert set(failures) == {(f"{mirror}/app", "v1") for mirror in MIRRORS}
    assert all("status 404" in reason for _, reason in failures.values())
    assert all(copy.host(mirror).store.repository("prod/app").tags == {"v2": OTHER.digest} for mirror in MIRRORS)
    copy.assert_nothing_remembered()


async def test_a_blob_that_one_source_lost_is_read_from_another(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    copy.plan("lost", wanted(LARGE_IMAGE, "v1"), to=["eu.gcr.io/prod"])
    copy.plan("kept", wanted(LARGE_IMAGE, "v1"), to=["eu.gcr.io/prod"])
    copy.host("gcr.io").store.drop_blob("staging/lost", LARGE_BLOB)

    await copy.run()

    copy.assert_promoted("eu.gcr.io/prod/kept")
    assert {destination for destination, _ in copy.failures()} <= {"eu.gcr.io/prod/lost"}


async def test_a_mirror_that_does_not_give_back_what_it_got_is_no_obstacle(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io", "us.gcr.io"), settings=HASTY)
    copy.one_by_one = True
    copy.plan("one", wanted(LARGE_IMAGE, "v1"), to=["eu.gcr.io/prod"])
    copy.plan("two", wanted(LARGE_IMAGE, "v1"), to=["us.gcr.io/prod"])
    copy.host("eu.gcr.io").faults.add("reset", on=["blob-get"])

    await copy.run()

    copy.assert_promoted()
    assert reads(copy) == [200, 200]


@memory_and_disk
async def test_a_mirror_that_gives_back_wrong_bytes_is_no_obstacle_to_others(copying: Make, spool: Spool) -> None:
    copy = await copying(spool=spool)
    copy.one_by_one = True
    copy.plan("one", wanted(LARGE_IMAGE, "v1"), to=["asia.gcr.io/prod"])
    copy.plan("two", wanted(LARGE_IMAGE, "v1"), to=["eu.gcr.io/prod", "us.gcr.io/prod"])
    copy.host("asia.gcr.io").faults.add("wrong-bytes", on=["blob-get"])

    await copy.run()

    assert copy.failures() == {}
    copy.assert_promoted()
    assert reads(copy, "asia.gcr.io") == [200]
    assert reads(copy) == [200, 200]
    assert copy.floor("gcr.io")["blob-get"] == len(LARGE_IMAGE.all_blobs)
    assert [copy.host(mirror).store.open_uploads for mirror in ("eu.gcr.io", "us.gcr.io")] == [0, 0]


async def test_wrong_bytes_that_a_mirror_and_the_source_gave_together_are_read_again(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io", "us.gcr.io"), settings=HASTY)
    copy.one_by_one = True
    copy.plan("one", wanted(LARGE_IMAGE, "v1"), to=["eu.gcr.io/prod"])
    copy.plan("two", wanted(LARGE_IMAGE, "v1"), to=["us.gcr.io/prod"])
    copy.between = lambda: copy.host("eu.gcr.io").store.shelf("prod/one").blobs.update({LARGE_BLOB: Held(bytes(MIB))})

    await copy.run()

    assert copy.failures() == {}
    copy.assert_promoted("us.gcr.io")
    assert reads(copy) == [200, 206, 200]


async def test_a_small_room_is_enough_for_any_number_of_blobs(copying: Make) -> None:
    copy = await copying(spool=Spool(memory_bytes=3000, disk_bytes=0))
    several = [images.single(seed=str(number)) for number in range(30)]
    copy.plan("app", *(wanted(image, f"v{number}") for number, image in enumerate(several)))
    await copy.run()
    copy.assert_promoted()


async def test_a_blob_larger_than_all_the_room_is_relayed_alone(copying: Make) -> None:
    copy = await copying(spool=Spool(memory_bytes=1000, disk_bytes=1000))
    copy.plan("app", wanted(LARGE_IMAGE, "v1"), wanted(OTHER, "v2"))
    await copy.run()
    copy.assert_promoted()


async def test_a_dead_mirror_holds_no_room(copying: Make) -> None:
    copy = await copying(settings=HASTY, spool=Spool(memory_bytes=3000, disk_bytes=0))
    several = [images.single(seed=str(number)) for number in range(10)]
    copy.plan("app", *(wanted(image, f"v{number}") for number, image in enumerate(several)))
    copy.host("asia.gcr.io").faults.add("reset")

    await copy.run()

    copy.assert_promoted("eu.gcr.io", "us.gcr.io")
    assert {destination for destination, _ in copy.failures()} == {"asia.gcr.io/prod/app"}
    assert len(copy.failures()) == len(several)


async def test_a_source_that_gives_up_midway_leaves_no_upload_open(copying: Make) -> None:
    copy = await copying(settings=HASTY)
    copy.plan("app", wanted(LARGE_IMAGE, "v1"))
    copy.host("gcr.io").faults.add("reset-body", on=["blob-get"], times=1)
    copy.host("gcr.io").faults.add("reset", on=["blob-get"])

    await copy.run()

    assert len(copy.failures()) == len(MIRRORS)
    assert [copy.host(mirror).store.open_uploads for mirror in MIRRORS] == [0, 0, 0]


@pytest.mark.parametrize("threads", [1, 2])
async def test_reads_and_uploads_of_one_host_do_not_wait_for_each_other_for_ever(copying: Make, threads: int) -> None:
    settings = attrs.evolve(PATIENT, threads=threads, timeouts=Timeouts(stall_s=0.2))
    copy = await copying(hosts=("gcr.io",), settings=settings)
    copy.host("gcr.io").rules.mounts = False
    several = [
        images.single(seed=f"large {number}", layers=[images.layer(f"large {number}", MIB)]) for number in range(6)
    ]
    copy.plan("app", *(wanted(image, f"v{number}") for number, image in enumerate(several)), to=["gcr.io/prod"])
    copy.host("gcr.io").faults.add("reset-body", on=["blob-get"], times=6)

    await copy.run()

    copy.assert_promoted()


async def test_two_hundred_megabytes_pass_through_a_small_memory(copying: Make) -> None:
    size_bytes = 200 * MIB
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"), spool=Spool(memory_bytes=MIB))
    copy.plan("app", wanted(images.single(seed="huge", layers=[images.layer("huge", size_bytes)]), "v1"))
    copy.plans = [plan for plan in copy.plans if plan.pair.destination.host == "eu.gcr.io"]
    copy.host("eu.gcr.io").rules.keeps_uploads = False
    await copy.begin()
    tracemalloc.start()
    try:
        await copy.copy()
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    copy.assert_promoted()
    assert copy.engine.progress.traffic().bytes_read > size_bytes
    assert peak_bytes < 20 * MIB


async def test_a_spool_that_cannot_be_written_fails_what_needs_it_with_the_reason(
    copying: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    copy = await copying(spool=Spool(memory_bytes=10_000))
    copy.plan("app", wanted(LARGE_IMAGE, "large"), wanted(OTHER, "small"))

    await copy.run()

    assert set(copy.failures()) == {(f"{mirror}/app", "large") for mirror in MIRRORS}
    assert all(
        reason == f"{tmp_path}/missing: cannot spool a blob: No such file or directory"
        for _, reason in copy.failures().values()
    )
    assert [copy.host(mirror).store.open_uploads for mirror in MIRRORS] == [0, 0, 0]


async def test_a_blob_that_no_mirror_takes_is_not_read_to_its_end(copying: Make) -> None:
    settings = attrs.evolve(HASTY, retries=ONE_TRY, timeouts=Timeouts(stall_s=0.2))
    copy = await copying(settings=settings, hosts=("gcr.io", "eu.gcr.io"))
    copy.plan("app", wanted(LARGE_IMAGE, "v1"), to=["eu.gcr.io/prod"])
    copy.host("gcr.io").faults.add("stalled", on=["blob-get"])
    copy.host("eu.gcr.io").faults.add("500", on=["upload"])

    await copy.run()

    assert set(copy.failures()) == {("eu.gcr.io/prod/app", "v1")}
    assert len(reads(copy)) == 1


@memory_and_disk
async def test_a_mirror_that_fails_is_tried_again_alone_and_from_what_was_read(copying: Make, spool: Spool) -> None:
    copy = await copying(spool=spool)
    copy.plan("app", wanted(LARGE_IMAGE, "v1"))
    copy.host("eu.gcr.io").faults.add("500", on=["upload"], subject=LARGE_BLOB, times=3)

    await copy.run()

    copy.assert_promoted()
    assert len(reads(copy)) == 1
    sent = [copy.host(mirror).ledger.count(call_class="upload", reference=LARGE_BLOB) for mirror in MIRRORS]
    assert sent == [1, 4, 1]


@memory_and_disk
async def test_a_slow_mirror_does_not_hold_back_the_others(copying: Make, spool: Spool) -> None:
    copy = await copying(spool=spool)
    copy.plan("app", wanted(LARGE_IMAGE, "v1"))
    fault = copy.host("asia.gcr.io").faults.add("500", on=["upload"], subject=LARGE_BLOB)

    placed: list[str] = []

    def let_it_go_on(event: Event) -> None:
        if isinstance(event, ImagePlaced):
            placed.append(event.destination.host)
            if len(placed) == 2:
                fault.times = fault.hits

    copy.on_event = let_it_go_on
    await copy.run()

    copy.assert_promoted()
    assert placed[2] == "asia.gcr.io"
    assert len(reads(copy)) == 1


async def test_uploads_that_the_source_keeps_waiting_begin_anew_once_when_all_is_here(copying: Make) -> None:
    settings = attrs.evolve(PATIENT, timeouts=Timeouts(stall_s=1.0))
    copy = await copying(settings=settings, hosts=("gcr.io", "eu.gcr.io"))
    copy.plan("app", wanted(LARGE_IMAGE, "v1"), to=["eu.gcr.io/prod"])
    copy.host("gcr.io").faults.add("truncated", on=["blob-get"], subject=LARGE_BLOB, times=1)
    copy.host("gcr.io").faults.add("429", on=["blob-get"], subject=LARGE_BLOB, times=1, seconds=2.0)

    await copy.run()

    copy.assert_promoted()
    assert copy.host("eu.gcr.io").ledger.count(call_class="upload", reference=LARGE_BLOB) == 2
