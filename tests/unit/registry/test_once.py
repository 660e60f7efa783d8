"""What several tasks want at one time is made once, and by another if its maker is cancelled."""

import anyio
import pytest

from cip_async.registry.once import Once

pytestmark = pytest.mark.anyio


class Maker:
    """Makes numbers as soon as it is let."""

    def __init__(self) -> None:
        self.made = 0
        self.go_on = anyio.Event()

    async def __call__(self) -> int:
        self.made += 1
        number = self.made
        await self.go_on.wait()
        return number


async def test_tasks_that_want_the_same_share_it() -> None:
    once: Once[str, int] = Once()
    make = Maker()
    got: list[int] = []

    async def want() -> None:
        got.append(await once.get("key", make))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(want)
        await anyio.wait_all_tasks_blocked()
        make.go_on.set()
    assert got == [1] * 5


async def test_other_keys_are_made_at_the_same_time() -> None:
    once: Once[str, int] = Once()
    make = Maker()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(once.get, "one", make)
        tasks.start_soon(once.get, "two", make)
        await anyio.wait_all_tasks_blocked()
        assert make.made == 2
        make.go_on.set()


async def test_nothing_is_remembered() -> None:
    once: Once[str, int] = Once()
    make = Maker()
    make.go_on.set()
    assert [await once.get("key", make), await once.get("key", make)] == [1, 2]


async def test_an_error_is_shared_and_not_remembered() -> None:
    once: Once[str, int] = Once()
    make = Maker()
    failures: list[str] = []

    async def fail() -> int:
        await make()
        raise ValueError("no such luck")

    async def want() -> None:
        with pytest.raises(ValueError, match="no such luck"):
            await once.get("key", fail)
        failures.append("failed")

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(want)
        await anyio.wait_all_tasks_blocked()
        make.go_on.set()
    assert (len(failures), make.made) == (3, 1)
    assert await once.get("key", make) == 2


async def test_another_takes_over_from_a_cancelled_maker() -> None:
    once: Once[str, int] = Once()
    make = Maker()
    got: list[int] = []
    first = anyio.CancelScope()

    async def want(scope: anyio.CancelScope) -> None:
        with scope:
            got.append(await once.get("key", make))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(want, first)
        for _ in range(3):
            tasks.start_soon(want, anyio.CancelScope())
        await anyio.wait_all_tasks_blocked()
        first.cancel()
        await anyio.wait_all_tasks_blocked()
        make.go_on.set()
    assert got == [2] * 3


async def test_a_cancelled_follower_disturbs_nobody() -> None:
    once: Once[str, int] = Once()
    make = Maker()
    follower = anyio.CancelScope()

    async def follow() -> None:
        with follower:
            await once.get("key", make)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(once.get, "key", make)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(follow)
        await anyio.wait_all_tasks_blocked()
        follower.cancel()
        make.go_on.set()
    assert (make.made, follower.cancelled_caught) == (1, True)
