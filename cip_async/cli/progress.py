"""Progress of a run on stderr: bars on a terminal, one line every 30 seconds elsewhere."""

import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Final

import anyio
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from cip_async.cli.companions import companions
from cip_async.cli.counters import Counters
from cip_async.cli.progress_mode import ProgressMode
from cip_async.cli.screen import Screen

log = logging.getLogger(__name__)

LINE_EVERY_S: Final = 30.0
_REFRESHES_PER_S: Final = 5
_RATE_OVER_S: Final = 3.0


@contextlib.asynccontextmanager
async def shown(counters: Counters, mode: ProgressMode, screen: Screen) -> AsyncIterator[None]:
    """Show `counters` while the context lasts, as `mode` says."""
    if mode.bars:
        with _bars(counters, mode, screen):
            yield
    elif mode.lines:
        async with companions() as tasks:
            tasks.start_soon(_log_lines, counters)
            yield
    else:
        yield


class Rate:
    """Requests per second, over the last few seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def measure(self, now_s: float, requests: int) -> float:
        """Take a sample, and return the rate since the oldest that still counts."""
        self._samples.append((now_s, requests))
        while len(self._samples) > 2 and now_s - self._samples[1][0] >= _RATE_OVER_S:
            self._samples.popleft()
        then_s, then = self._samples[0]
        return (requests - then) / (now_s - then_s) if now_s > then_s else 0.0


async def _log_lines(counters: Counters) -> None:
    before = 0
    while True:
        await anyio.sleep(LINE_EVERY_S)
        log.info("%s", counters.line((counters.requests - before) / LINE_EVERY_S))
        before = counters.requests


@contextlib.contextmanager
def _bars(counters: Counters, mode: ProgressMode, screen: Screen) -> Iterator[None]:
    console = Console(stderr=True, force_terminal=True if mode is ProgressMode.ALWAYS else None)
    bars = Bars(counters, console)
    with (
        Live(
            console=console,
            get_renderable=bars.renderable,
            refresh_per_second=_REFRESHES_PER_S,
            redirect_stdout=False,
            redirect_stderr=False,
        ),
        screen.with_bars(console),
    ):
        yield


class Bars:
    """The bars, drawn anew from the counters at each refresh."""

    def __init__(self, counters: Counters, console: Console) -> None:
        self._counters = counters
        self._rate = Rate()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            expand=True,
        )
        self._listed = self._progress.add_task("repositories listed", total=None)
        self._placed = self._progress.add_task("images placed", total=None, visible=False)
        self._verified = self._progress.add_task("images verified", total=None, visible=False)

    def renderable(self) -> RenderableType:
        """The bars of what there is to do, and the traffic below them."""
        counters = self._counters
        self._set(self._listed, counters.listed, counters.repositories)
        self._set(self._placed, counters.placed, counters.images)
        self._set(self._verified, counters.verified, counters.to_verify)
        parts = [counters.traffic(self._rate.measure(time.monotonic(), counters.requests))]
        if counters.failed:
            parts.insert(0, f"{counters.failed:,} failed")
        if counters.damaged:
            parts.insert(0, f"{counters.damaged:,} damaged")
        return Group(self._progress, Text(", ".join(parts), no_wrap=True, overflow="ellipsis"))

    def _set(self, bar: TaskID, done: int, total: int) -> None:
        self._progress.update(
            bar, completed=done, total=max(done, total) or None, visible=bar == self._listed or total > 0
        )
