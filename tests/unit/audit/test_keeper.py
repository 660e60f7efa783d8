"""Promoter manifests are refreshed one at a time, when somebody needs newer ones, and the last good ones are kept."""

from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import attrs
import pytest

from cip_async.audit.happenings import Happening, ManifestsChecked, ManifestsFailed, ManifestsRead
from cip_async.audit.keeper import ManifestKeeper, Manifests
from cip_async.audit.limits import AuditLimits
from cip_async.audit.wanted import NOTHING_WANTED
from cip_async.errors import ManifestsUnavailable

pytestmark = pytest.mark.anyio

AT_ONCE = AuditLimits(refresh_pause_s=0.0, poll_s=3600.0)


@attrs.define
class Repository:
    """A source of manifests whose revisions, failures and pace a test decides."""

    revision: str = "one"
    is_broken: bool = False
    reason: str = "it is broken"
    gate: anyio.Event | None = None
    reads: int = 0
    at_once: int = 0

    async def read(self, held: str | None) -> Manifests | None:
        self.reads += 1
        self.at_once += 1
        assert self.at_once == 1
        if self.gate is not None:
            await self.gate.wait()
        self.at_once -= 1
        if self.is_broken:
            raise ManifestsUnavailable("somewhere", self.reason)
        return None if held == self.revision else Manifests(wanted=NOTHING_WANTED, revision=self.revision)


@attrs.define
class Clock:
    """A clock that goes on by a second each time somebody looks."""

    now: float = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@attrs.frozen
class Kept:
    """A keeper, with what it reads and tells."""

    keeper: ManifestKeeper
    repository: Repository
    clock: Clock
    told: list[Happening]

    def failure(self) -> str | None:
        return self.keeper.failure

    def kinds(self) -> list[type[Any]]:
        return [type(each) for each in self.told]


def kept(limits: AuditLimits = AT_ONCE) -> Kept:
    repository, clock, told = Repository(), Clock(), list[Happening]()
    return Kept(ManifestKeeper(repository, limits, told.append, clock), repository, clock, told)


async def during(keeper: ManifestKeeper, work: Callable[[], Any]) -> None:
    """Do `work` while the keeper keeps."""
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keeper.keep)
            await work()
            tasks.cancel_scope.cancel()


async def test_manifests_are_read_at_the_start() -> None:
    it = kept()
    assert (it.keeper.manifests, it.keeper.age_s) == (None, None)
    await during(it.keeper, lambda: it.keeper.refreshed_since(0.0))
    assert it.keeper.manifests == Manifests(wanted=NOTHING_WANTED, revision="one")
    assert it.told == [ManifestsRead(revision="one", destinations=0, digests=0)]


async def test_who_needs_no_newer_manifests_waits_for_nothing() -> None:
    it = kept()

    async def ask() -> None:
        await it.keeper.refreshed_since(0.0)
        before = it.repository.reads
        await it.keeper.refreshed_since(0.0)
        assert it.repository.reads == before

    await during(it.keeper, ask)


async def test_who_needs_newer_manifests_waits_for_a_refresh_that_began_later() -> None:
    it = kept()

    async def ask() -> None:
        await it.keeper.refreshed_since(0.0)
        it.repository.revision = "two"
        moment = it.clock()
        assert not it.keeper.is_as_new_as(moment)
        await it.keeper.refreshed_since(moment)
        assert it.keeper.is_as_new_as(moment)
        assert it.keeper.manifests is not None
        assert it.keeper.manifests.revision == "two"

    await during(it.keeper, ask)


async def test_a_refresh_that_was_under_way_is_not_new_enough() -> None:
    it = kept()
    gate = it.repository.gate = anyio.Event()

    async def ask() -> None:
        await anyio.wait_all_tasks_blocked()
        moment = it.clock()
        gate.set()
        await it.keeper.refreshed_since(moment)
        assert it.repository.reads == 2

    await during(it.keeper, ask)


async def test_many_who_ask_share_one_refresh() -> None:
    it = kept()

    async def ask() -> None:
        await it.keeper.refreshed_since(0.0)
        moment = it.clock()
        async with anyio.create_task_group() as tasks:
            for _ in range(1000):
                tasks.start_soon(it.keeper.refreshed_since, moment)
        assert it.repository.reads == 2

    await during(it.keeper, ask)


async def test_between_two_refreshes_there_is_a_pause_whoever_asks() -> None:
    it = kept(AuditLimits(refresh_pause_s=3600.0))

    async def ask() -> None:
        await it.keeper.refreshed_since(0.0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(it.keeper.refreshed_since, it.clock())
            await anyio.wait_all_tasks_blocked()
            assert it.repository.reads == 1
            tasks.cancel_scope.cancel()

    await during(it.keeper, ask)


async def test_manifests_are_looked_at_from_time_to_time_though_nobody_asks() -> None:
    it = kept(AuditLimits(refresh_pause_s=0.0, poll_s=0.001))

    async def wait() -> None:
        while it.repository.reads < 3:
            await anyio.lowlevel.checkpoint()

    await during(it.keeper, wait)
    assert it.kinds()[:2] == [ManifestsRead, ManifestsChecked]


async def test_a_failure_keeps_the_last_good_manifests_and_is_told_until_it_is_over() -> None:
    it = kept()

    async def ask() -> None:
        await it.keeper.refreshed_since(0.0)
        it.repository.is_broken, it.repository.revision = True, "two"
        moment = it.clock()
        await it.keeper.refreshed_since(moment)
        assert it.failure() == "promoter manifests of somewhere: it is broken"
        assert it.keeper.manifests == Manifests(wanted=NOTHING_WANTED, revision="one")
        assert not it.keeper.is_as_new_as(moment)
        it.repository.is_broken = False
        await it.keeper.refreshed_since(it.clock())
        assert it.failure() is None
        assert it.keeper.is_as_new_as(moment)

    await during(it.keeper, ask)
    assert it.kinds() == [ManifestsRead, ManifestsFailed, ManifestsRead]


async def test_of_a_long_failure_the_beginning_is_kept() -> None:
    it = kept()
    it.repository.is_broken, it.repository.reason = True, "x" * 10_000
    await during(it.keeper, lambda: it.keeper.refreshed_since(0.0))
    assert len(it.failure() or "") == 2000


async def test_the_age_counts_from_the_last_good_look() -> None:
    it = kept()
    await during(it.keeper, lambda: it.keeper.refreshed_since(0.0))
    assert it.keeper.age_s == 1.0
    assert it.keeper.age_s == 2.0
