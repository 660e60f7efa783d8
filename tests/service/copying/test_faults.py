"""Registries that fail: what can be cured is cured, what cannot fails alone, and no promise is broken on the way."""

import attrs
import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.faults import Dice
from cip_async.fake_registry.rules import Rules
from cip_async.model.outcome import Fate
from cip_async.reference import Host
from cip_async.settings import MIB, Spool, Timeouts
from tests.service.copying.conftest import HASTY, MIRRORS, ONE_TRY, PATIENT, Copying, Make, wanted
from tests.service.staging import request_kind

pytestmark = pytest.mark.anyio


def plan_several(copy: Copying, *, repositories: int = 3) -> None:
    """Images that share layers, within repositories and between them."""
    base = images.layer("base", MIB)
    for number in range(repositories):
        copy.plan(
            f"app{number}",
            wanted(images.multi_arch(seed="shared", shared_layers=[base]), "v2", "latest"),
            wanted(images.single(seed=f"own {number}", layers=[base, images.layer(f"own {number}")]), "v1"),
            wanted(images.single(seed=f"tagless {number}")),
        )


@pytest.mark.parametrize(
    ("kind", "on"),
    [
        ("500", "upload-start"),
        ("503", "upload"),
        ("502", "manifest-put"),
        ("504", "tag-put"),
        ("500", "mount"),
        ("500", "manifest-get"),
        ("reset", "upload-start"),
        ("reset", "upload"),
        ("reset", "tag-put"),
        ("lost-answer", "upload-start"),
        ("lost-answer", "upload"),
        ("lost-answer", "mount"),
        ("lost-answer", "manifest-put"),
        ("lost-answer", "tag-put"),
        ("upload-vanished", "upload"),
        ("mount-refused", "mount"),
        ("content-unknown", "manifest-put"),
        ("content-unknown", "tag-put"),
        ("truncated", "manifest-get"),
    ],
)
async def test_what_goes_wrong_twice_is_cured(copying: Make, kind: str, on: str) -> None:
    copy = await copying()
    plan_several(copy)
    for host in copy.servers.registries.values():
        host.faults.add(kind, on=[on], times=2)
    await copy.run()
    assert copy.failures() == {}
    copy.assert_promoted()
    copy.assert_nothing_remembered()


async def test_a_throttled_mirror_gets_everything_in_the_end(copying: Make) -> None:
    copy = await copying()
    plan_several(copy)
    copy.host("eu.gcr.io").faults.add("429", on=["upload", "tag-put"], times=2, seconds=0.0)
    await copy.run()
    copy.assert_promoted()


@pytest.mark.parametrize("spool", [Spool(), Spool(memory_bytes=2 * MIB, disk_bytes=MIB)], ids=["roomy", "narrow"])
@pytest.mark.parametrize("seed", range(2))
async def test_a_storm_of_faults_breaks_no_promise(copying: Make, seed: int, spool: Spool) -> None:
    settings = attrs.evolve(PATIENT, timeouts=Timeouts(stall_s=0.5))
    copy = await copying(settings=settings, spool=spool, rules=Rules)
    plan_several(copy, repositories=4)
    for host in copy.servers.registries.values():
        host.faults.dice = Dice(seed)
        for kind in ("500", "reset", "lost-answer", "reset-body", "truncated", "mount-refused"):
            host.faults.add(kind, probability=0.04)
        host.faults.add("short", on=["blob-get"], probability=0.1)
        host.faults.add("upload-vanished", probability=0.1)
        host.faults.add("content-unknown", probability=0.02)
    await copy.run()
    assert {fate for fate, _ in copy.failures().values()} <= {Fate.FAILED}
    assert {reason for _, reason in copy.failures().values() if "MANIFEST_BLOB_UNKNOWN" not in reason} == set()
    copy.assert_nothing_remembered()


async def test_a_dead_mirror_fails_alone(copying: Make) -> None:
    copy = await copying(settings=HASTY)
    plan_several(copy)
    copy.host("asia.gcr.io").faults.add("reset")

    await copy.run()

    copy.assert_promoted("eu.gcr.io", "us.gcr.io")
    failures = copy.failures()
    assert len(failures) == 3 * 4
    assert all(destination.startswith("asia.gcr.io/") for destination, _ in failures)
    assert copy.host("asia.gcr.io").store.journal == []
    copy.assert_nothing_remembered()


async def test_a_dead_source_ends_the_run(copying: Make) -> None:
    copy = await copying(settings=HASTY)
    plan_several(copy)
    copy.host("gcr.io").faults.add("reset")
    await copy.run()
    assert len(copy.failures()) == len(MIRRORS) * 3 * 4
    assert all(not copy.host(mirror).ledger.writes() for mirror in MIRRORS)


async def test_a_slow_mirror_holds_back_no_other(copying: Make) -> None:
    copy = await copying(settings=attrs.evolve(PATIENT, threads=2))
    copy.host("asia.gcr.io").latency.ms = 20
    copy.plan("app", *(wanted(images.single(seed=str(number)), f"v{number}") for number in range(20)))
    await copy.run()
    copy.assert_promoted()
    placed = [event.destination.host for event in copy.images_placed()]
    others_done = max(number for number, host in enumerate(placed) if host != "asia.gcr.io")
    assert placed[:others_done].count(Host("asia.gcr.io")) < 10


async def test_a_leader_that_fails_is_replaced(copying: Make) -> None:
    retries = attrs.evolve(HASTY.retries, host_failures=1000)
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"), settings=attrs.evolve(HASTY, threads=1, retries=retries))
    image = images.single(seed="one")
    for name in ("first", "second", "third"):
        copy.plan(name, wanted(image, "v1"), to=["eu.gcr.io/prod"])
    copy.host("eu.gcr.io").faults.add("500", on=["upload"], repository="prod/first")

    await copy.run()

    assert set(copy.failures()) == {("eu.gcr.io/prod/first", "v1")}
    copy.assert_promoted("eu.gcr.io/prod/second", "eu.gcr.io/prod/third")
    assert copy.host("gcr.io").ledger.count(call_class="blob-get") == len(image.all_blobs)


class TestContentUnknown:
    async def test_content_that_is_not_there_after_all_is_placed(self, copying: Make) -> None:
        copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
        image = images.multi_arch(seed="one")
        copy.push("eu.gcr.io/prod/app", image)
        for child in image.children:
            copy.host("eu.gcr.io").store.drop_document("prod/app", child.digest)
        copy.plan("app", wanted(image, "v1"), to=["eu.gcr.io/prod"], in_destination=True)

        await copy.run()

        copy.assert_promoted()
        assert copy.host("eu.gcr.io").ledger.count(call_class="tag-put", status=400) == 1

    async def test_it_is_placed_again_twice_at_most(self, copying: Make) -> None:
        copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
        image = images.single(seed="one")
        copy.plan("app", wanted(image, "v1"), to=["eu.gcr.io/prod"])
        copy.host("eu.gcr.io").faults.add("content-unknown", on=["tag-put"])

        await copy.run()

        ((fate, reason),) = copy.failures().values()
        assert fate is Fate.FAILED
        assert "BLOB_UNKNOWN" in reason
        assert copy.requests("eu.gcr.io")["tag-put"] == 3
        assert copy.requests("eu.gcr.io")["upload"] == 3 * len(image.all_blobs)


async def test_an_upload_that_fails_for_good_is_given_up(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"), settings=attrs.evolve(HASTY, retries=ONE_TRY))
    copy.one_by_one = True
    image = images.single(seed="one", layers=0)
    copy.plan("first", wanted(image, "v1"), to=["eu.gcr.io/prod"])
    copy.plan("second", wanted(image, "v1"), to=["eu.gcr.io/prod"])
    copy.host("eu.gcr.io").faults.add("500", on=["upload"], repository="prod/first")

    await copy.run()

    assert set(copy.failures()) == {("eu.gcr.io/prod/first", "v1")}
    assert copy.host("eu.gcr.io").store.open_uploads == 0
    calls = [(entry.repository, request_kind(entry)) for entry in copy.host("eu.gcr.io").ledger.entries]
    assert calls == [
        ("prod/first", "upload-start"),
        ("prod/first", "upload"),
        ("prod/first", "upload-cancel"),
        ("prod/second", "upload-start"),
        ("prod/second", "upload"),
        ("prod/second", "tag-put"),
    ]


def plan_one_upload(copy: Copying) -> None:
    """An image of one blob, its configuration."""
    copy.plan("app", wanted(images.single(seed="one", layers=0), "v1"), to=["eu.gcr.io/prod"])


@pytest.mark.parametrize("failures", [1, 2, 3])
async def test_an_upload_that_the_registry_did_not_take_back_is_given_up_again_at_the_end(
    copying: Make, failures: int
) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"), settings=attrs.evolve(HASTY, retries=ONE_TRY))
    plan_one_upload(copy)
    copy.host("eu.gcr.io").faults.add("500", on=["upload"])
    copy.host("eu.gcr.io").faults.add("reset", on=["upload-cancel"], times=failures)

    await copy.run()

    assert copy.requests("eu.gcr.io")["upload-cancel"] == failures + 1
    assert copy.host("eu.gcr.io").store.open_uploads == 0


async def test_a_registry_that_takes_no_upload_back_is_asked_four_times(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"), settings=attrs.evolve(HASTY, retries=ONE_TRY))
    plan_one_upload(copy)
    copy.host("eu.gcr.io").faults.add("500", on=["upload", "upload-cancel"])

    await copy.run()

    assert copy.requests("eu.gcr.io")["upload-cancel"] == 4


async def test_an_upload_on_a_host_that_was_given_up_is_taken_back_by_the_end_of_the_run(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"), settings=HASTY)
    plan_one_upload(copy)
    copy.host("eu.gcr.io").faults.add("502", on=["upload", "upload-start", "upload-cancel"], times=3)

    await copy.run()

    ((_, reason),) = copy.failures().values()
    assert "was given up" in reason
    assert [request_kind(entry) for entry in copy.host("eu.gcr.io").ledger.entries] == [
        "upload-start",
        "upload",
        "upload-cancel",
        "upload-start",
        "upload-cancel",
    ]
    assert copy.host("eu.gcr.io").store.open_uploads == 0


async def test_an_upload_that_was_throttled_is_given_up_after_the_pause(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"), settings=attrs.evolve(HASTY, retries=ONE_TRY))
    plan_one_upload(copy)
    copy.host("eu.gcr.io").faults.add("429", on=["upload"], seconds=4.0)

    await copy.run()

    assert copy.requests("eu.gcr.io") == {"upload-start": 1, "upload": 1, "upload-cancel": 1}
    assert copy.host("eu.gcr.io").store.open_uploads == 0


@pytest.mark.parametrize("failures", [1, 6])
async def test_an_upload_that_fails_is_given_up_before_the_next_one_is_begun(copying: Make, failures: int) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    image = images.single(seed="one", layers=0)
    copy.plan("app", wanted(image, "v1"), to=["eu.gcr.io/prod"])
    copy.host("eu.gcr.io").faults.add("500", on=["upload"], times=failures)

    await copy.run()

    copy.assert_promoted()
    assert copy.host("eu.gcr.io").store.open_uploads == 0
    calls = [request_kind(entry) for entry in copy.host("eu.gcr.io").ledger.entries]
    attempt = ["upload-start", "upload", "upload-cancel"]
    assert calls == [*attempt * failures, "upload-start", "upload", "tag-put"]


async def test_an_upload_that_is_sent_again_begins_anew_and_reads_nothing_again(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    image = images.single(seed="one", layers=[images.layer("large", MIB)])
    copy.plan("app", wanted(image, "v1"), to=["eu.gcr.io/prod"])
    copy.host("eu.gcr.io").faults.add("upload-vanished", on=["upload"], times=3)

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("eu.gcr.io")["upload-start"] == len(image.all_blobs) + 3
    assert copy.requests("eu.gcr.io")["upload"] == len(image.all_blobs) + 3
    assert copy.requests("gcr.io")["blob-get"] == len(image.all_blobs)
