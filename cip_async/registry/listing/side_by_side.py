"""Many requests of one kind, some at a time: workers share one iterator."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

import anyio

from cip_async.errors import CipError

AT_ONCE: Final = 16
"""For one repository. A host's gate bounds its requests; this bounds the tasks that wait before it."""

_Item = TypeVar("_Item")


async def side_by_side(items: Iterable[_Item], work: Callable[[_Item], Awaitable[None]]) -> None:
    """Await `work` for each of `items`, at most `AT_ONCE` at a time.

    Raises:
        CipError: the first that `work` raised, by itself; it ends the others.
    """
    queue = iter(items)
    failures: list[CipError] = []

    async def worker() -> None:
        try:
            for item in queue:
                await work(item)
        except CipError as error:
            failures.append(error)
            tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        for _ in range(AT_ONCE):
            tasks.start_soon(worker)
    if failures:
        raise failures[0]
