"""The bars that show the progress of a run on a terminal."""

import contextlib
import time
from collections import deque
from collections.abc import Iterator
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from cip_async.cli.counters import Counters
from cip_async.cli.progress_mode import ProgressMode
from cip_async.cli.screen import Screen

_REFRESHES_PER_S: Final = 5
_RATE_OVER_S: Final = 3.0


@contextlib.contextmanager
def bars(counters: Counters, mode: ProgressMode, screen: Screen) -> Iterator[None]:
    """Show `counters` as bars while the context lasts."""
    console = Console(stderr=True, force_terminal=True if mode is ProgressMode.ALWAYS else None)
    shown = Bars(counters, console)
    with (
        Live(
            console=console,
            get_renderable=shown.renderable,
            refresh_per_second=_REFRESHES_PER_S,
            redirect_stdout=False,
            redirect_stderr=False,
        ),
        screen.with_bars(console),
    ):
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
