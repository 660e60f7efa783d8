"""Where the command line writes: results to stdout, everything else to stderr, above progress bars if there are any."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator

import attrs
from rich.console import Console


@attrs.define
class Screen:
    """The two output streams of a command."""

    _bars: Console | None = None

    def result(self, line: str) -> None:
        """Write a line that somebody asked for."""
        sys.stdout.write(f"{line}\n")

    def note(self, line: str) -> None:
        """Write a line about the work; it is never folded or cut."""
        if self._bars is None:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        else:
            self._bars.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def results(self, lines: Iterable[str]) -> None:
        """Write several lines that somebody asked for."""
        for line in lines:
            self.result(line)
        sys.stdout.flush()

    def notes(self, lines: Iterable[str]) -> None:
        """Write several lines about the work."""
        for line in lines:
            self.note(line)

    @contextlib.contextmanager
    def with_bars(self, console: Console) -> Iterator[None]:
        """Write notes through `console`, above the bars that it draws."""
        self._bars = console
        try:
            yield
        finally:
            self._bars = None


def result_width() -> int | None:
    """How wide results may be: the columns of the terminal that shows them, None where they are piped."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def shows_bars() -> bool:
    """Whether stderr is a terminal on which bars can be drawn."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
