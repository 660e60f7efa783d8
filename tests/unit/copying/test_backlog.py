"""When more images are fed into the graph."""

import anyio
import pytest

from cip_async.copying.backlog import Backlog
from cip_async.reference import Host

pytestmark = pytest.mark.anyio

EU, US = Host("eu.gcr.io"), Host("us.gcr.io")


class Feeder:
    """One who waits for room, and tells when there was some."""

    def __init__(self, backlog: Backlog, *hosts: Host) -> None:
        self.backlog = backlog
        self.hosts = hosts
        self.has_room = False

    async def __call__(self) -> None:
        await self.backlog.wait(self.hosts)
        self.has_room = True


async def test_an_idle_host_is_fed_at_once() -> None:
    feeder = Feeder(Backlog({}, enough=4, most=100), EU)
    await feeder()
    assert feeder.has_room


async def test_a_host_that_has_enough_is_fed_again_when_it_has_less() -> None:
    unfinished = {EU: 5}
    backlog = Backlog(unfinished, enough=4, most=100)
    feeder = Feeder(backlog, EU)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(feeder)
        await anyio.wait_all_tasks_blocked()
        unfinished[EU] = 4
        backlog.shrunk()
        await anyio.wait_all_tasks_blocked()
        assert not feeder.has_room, "one less is not worth a wake-up"
        unfinished[EU] = 3
        backlog.shrunk()
    assert feeder.has_room


async def test_a_busy_host_holds_back_no_idle_one() -> None:
    feeder = Feeder(Backlog({EU: 50}, enough=4, most=100), EU, US)
    await feeder()
    assert feeder.has_room


async def test_what_goes_to_a_busy_host_alone_waits() -> None:
    unfinished = {EU: 50, US: 0}
    backlog = Backlog(unfinished, enough=4, most=100)
    feeder = Feeder(backlog, EU)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(feeder)
        backlog.shrunk()
        await anyio.wait_all_tasks_blocked()
        assert not feeder.has_room
        tasks.cancel_scope.cancel()


async def test_too_much_in_all_holds_back_everybody() -> None:
    unfinished = {EU: 101, US: 0}
    backlog = Backlog(unfinished, enough=4, most=100)
    feeder = Feeder(backlog, US)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(feeder)
        await anyio.wait_all_tasks_blocked()
        unfinished[EU] = 90
        backlog.shrunk()
        await anyio.wait_all_tasks_blocked()
        assert not feeder.has_room
        unfinished[EU] = 75
        backlog.shrunk()
    assert feeder.has_room


async def test_all_who_wait_go_on_together() -> None:
    unfinished = {EU: 5}
    backlog = Backlog(unfinished, enough=4, most=100)
    feeders = [Feeder(backlog, EU) for _ in range(3)]
    async with anyio.create_task_group() as tasks:
        for feeder in feeders:
            tasks.start_soon(feeder)
        await anyio.wait_all_tasks_blocked()
        unfinished[EU] = 0
        backlog.shrunk()
    assert all(feeder.has_room for feeder in feeders)
