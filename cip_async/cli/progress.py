"""Progress of a run on stderr: bars on a terminal, one line every 30 seconds elsewhere."""

import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Final

import anyio

from cip_async.cli.companions import companions
from cip_async.cli.counters import Counters
from cip_async.cli.progress_mode import ProgressMode
from cip_async.cli.screen import Screen

log = logging.getLogger(__name__)

LINE_EVERY_S: Final = 30.0


@contextlib.asynccontextmanager
async def shown(counters: Counters, mode: ProgressMode, screen: Screen) -> AsyncIterator[None]:
    """Show `counters` while the context lasts, as `mode` says."""
    if mode.bars:
        from cip_async.cli.bars import bars  # noqa: PLC0415 - they take long to import, and most runs have none

        with bars(counters, mode, screen):
            yield
    elif mode.lines:
        async with companions() as tasks:
            tasks.start_soon(_log_lines, counters)
            yield
    else:
        yield


async def _log_lines(counters: Counters) -> None:
    before = 0
    while True:
        await anyio.sleep(LINE_EVERY_S)
        log.info("%s", counters.line((counters.requests - before) / LINE_EVERY_S))
        before = counters.requests
