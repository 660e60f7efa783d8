"""SIGINT and SIGTERM: the first ends the run in good order, the second at once."""

import contextlib
import signal
from collections.abc import AsyncIterator
from typing import Final

import anyio
import attrs
from anyio.abc import TaskStatus

from cip_async.cli.companions import companions
from cip_async.cli.screen import Screen

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@attrs.define
class Interruption:
    """Whether a signal ended the work, and which."""

    received: signal.Signals | None = None


@contextlib.asynccontextmanager
async def interruptible(screen: Screen) -> AsyncIterator[Interruption]:
    """Cancel what runs in the context when a signal comes; the code after the context still runs then."""
    interruption = Interruption()
    async with companions() as tasks:
        await tasks.start(_watch, tasks.cancel_scope, interruption, screen)
        yield interruption


async def _watch(
    work: anyio.CancelScope,
    interruption: Interruption,
    screen: Screen,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    with anyio.open_signal_receiver(*_SIGNALS) as signals:
        task_status.started()
        async for number in signals:
            interruption.received = number
            break
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_DFL)  # the next one ends the process, whatever it is doing
    screen.note("Interrupted: requests in flight are being ended; once more to stop at once")
    work.cancel()
