"""A copy that is cancelled: nothing goes on, nothing is held, and the next run finishes the work."""

import asyncio
from collections.abc import Callable
from typing import Final

import anyio
import anyio.lowlevel
import pytest

from cip_async.events import RequestDone
from cip_async.fake_registry import images
from cip_async.settings import MIB, Spool
from tests.service.copying.conftest import MIRRORS, Copying, Make, wanted

pytestmark = pytest.mark.anyio

LARGE: Final = images.single(seed="large", layers=[images.layer("large", 2 * MIB)])

memory_and_disk = pytest.mark.parametrize("spool", [Spool(), Spool(memory_bytes=0)], ids=["memory", "disk"])


async def until(happened: Callable[[], bool]) -> None:
    while not happened():
        await anyio.lowlevel.checkpoint()


async def cancelled_when(copy: Copying, happened: Callable[[], bool]) -> None:
    """Copy until that has happened, and cancel."""
    await copy.begin()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(copy.copy)
        await until(happened)
        tasks.cancel_scope.cancel()
    copy.assert_promises_kept()


async def finished(copy: Copying) -> None:
    """Run again."""
    for host in copy.servers.registries.values():
        host.faults.clear()
    await copy.run()
    copy.assert_promoted()


@memory_and_disk
async def test_uploads_under_way_are_given_up(copying: Make, spool: Spool) -> None:
    copy = await copying(spool=spool)
    copy.plan("app", wanted(LARGE, "v1"))
    copy.host("gcr.io").faults.add("stalled", on=["blob-get"])

    def all_mirrors_receive() -> bool:
        uploads = [entry for mirror in MIRRORS for entry in copy.host(mirror).ledger.find(call_class="upload")]
        return len([entry for entry in uploads if entry.bytes_in]) == len(MIRRORS)

    await cancelled_when(copy, all_mirrors_receive)

    assert [copy.host(mirror).store.open_uploads for mirror in MIRRORS] == [0, 0, 0]
    assert [copy.host(mirror).store.journal for mirror in MIRRORS] == [[], [], []]
    await finished(copy)


async def test_uploads_that_refused_mounts_opened_are_given_up(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io",))
    registry = copy.host("gcr.io")
    registry.rules.mounts = False
    registry.faults.add("stalled", on=["blob-get"])
    copy.plan("app", wanted(LARGE, "v1"), to=["gcr.io/prod"])

    await cancelled_when(copy, lambda: registry.ledger.count(call_class="blob-get", status=200) == len(LARGE.blobs))

    assert registry.ledger.count(call_class="mount", status=202) == len(LARGE.blobs)
    assert registry.store.open_uploads == 0
    await finished(copy)


async def test_a_registry_that_does_not_take_uploads_back_holds_nobody_up(copying: Make) -> None:
    copy = await copying()
    copy.plan("app", wanted(LARGE, "v1"))
    copy.host("gcr.io").faults.add("stalled", on=["blob-get"])
    for mirror in MIRRORS:
        copy.host(mirror).faults.add("reset", on=["upload-cancel"])
    await cancelled_when(copy, lambda: all(copy.host(mirror).store.open_uploads for mirror in MIRRORS))
    await finished(copy)


async def test_a_task_that_its_caller_cancels_asks_once_more_for_uploads_to_be_taken_back(copying: Make) -> None:
    """Whoever embeds this may cancel with asyncio's own means, which are told once and not at each further wait."""
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    copy.plan("app", wanted(images.single(seed="one", layers=0), "v1"), to=["eu.gcr.io/prod"])
    copy.host("gcr.io").faults.add("stalled", on=["blob-get"])
    copy.host("eu.gcr.io").faults.add("500", on=["upload-cancel"])
    running: list[asyncio.Task[None] | None] = []

    async def run() -> None:
        running.append(asyncio.current_task())
        await copy.copy()

    await copy.begin()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await until(lambda: copy.host("eu.gcr.io").store.open_uploads == 1)
        (task,) = running
        assert task is not None
        task.cancel()

    assert copy.requests("eu.gcr.io")["upload-cancel"] == 1
    await finished(copy)


@pytest.mark.parametrize("after", [0, 1, 2, 5, 10, 20, 40, 80, 120])
async def test_a_run_may_be_cancelled_after_any_request(copying: Make, after: int) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io", "us.gcr.io"))
    mirrors = ("eu.gcr.io/prod", "us.gcr.io/prod")
    base = images.layer("base", MIB)
    for name in ("one", "two", "three"):
        multi = images.multi_arch(seed=name, shared_layers=[base])
        copy.plan(name, wanted(multi, "v1", "v2"), wanted(images.single(seed=name), "v3"), to=mirrors)

    await cancelled_when(copy, lambda: sum(isinstance(event, RequestDone) for event in copy.events) >= after)

    written = {
        (str(plan.pair.destination), tag)
        for plan in copy.plans
        for tag in copy.host(plan.pair.destination.host).store.repository(plan.pair.destination.path).tags
    }
    for plan in copy.plans:
        copy.engine.progress.failures.update(copy.engine.progress.undone(plan, "interrupted"))
    wishes = {(str(plan.pair.destination), tag) for plan in copy.plans for each in plan.promotions for tag in each.tags}
    assert wishes - copy.failures().keys() <= written, "nothing is called promoted that is not"
    await finished(copy)
