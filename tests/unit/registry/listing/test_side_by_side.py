"""Many requests at once: bounded, all of them made, and the first failure told by itself."""

import anyio
import pytest

from cip_async.errors import InvalidSettings
from cip_async.registry.listing.side_by_side import AT_ONCE, side_by_side

pytestmark = pytest.mark.anyio


async def test_everything_is_done_and_so_many_at_once() -> None:
    done: list[int] = []
    running = most = 0

    async def work(number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.wait_all_tasks_blocked() if number == 0 else await anyio.lowlevel.checkpoint()
        running -= 1
        done.append(number)

    await side_by_side(range(5 * AT_ONCE), work)
    assert sorted(done) == list(range(5 * AT_ONCE))
    assert most == AT_ONCE


async def test_the_first_failure_ends_the_others_and_is_raised_by_itself() -> None:
    failure = InvalidSettings("colour", "blue", "red")

    async def work(number: int) -> None:
        if number == 3:
            raise failure
        await anyio.sleep_forever()

    with pytest.raises(InvalidSettings) as raised:
        await side_by_side(range(9), work)
    assert raised.value is failure


async def test_nothing_runs_on_after_a_cancellation() -> None:
    ended: list[int] = []

    async def work(number: int) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(number)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(side_by_side, range(3), work)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert sorted(ended) == [0, 1, 2]
