"""Tasks that accompany some work and end with it: the watch for signals, the progress lines."""

import contextlib
from collections.abc import AsyncIterator

import anyio
from anyio.abc import TaskGroup

from cip_async.errors import CipError


@contextlib.asynccontextmanager
async def companions() -> AsyncIterator[TaskGroup]:
    """A task group for the companions of the block: they end with it.

    A deliberate error of the block comes out as it is, in no exception group.
    """
    failure: CipError | None = None
    async with anyio.create_task_group() as tasks:
        try:
            yield tasks
        except CipError as error:
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
