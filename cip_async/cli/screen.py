"""Where the command line writes: results to stdout, everything else to stderr, above progress bars if there are any.

Whoever reads a stream may go away (`| head`). What is left for them is dropped, and the work goes on.
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TextIO

import attrs

if TYPE_CHECKING:
    from rich.console import Console  # it takes long to import, and most of the time there are no bars


@attrs.define
class Screen:
    """The two output streams of a command."""

    _bars: "Console | None" = None

    def result(self, line: str) -> None:
        """Write a line that somebody asked for."""
        _write(sys.stdout, f"{line}\n")

    def note(self, line: str) -> None:
        """Write a line about the work; it is never folded or cut."""
        if self._bars is None:
            _write(sys.stderr, f"{line}\n", flush=True)
        else:
            self._bars.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def heading(self, text: str) -> None:
        """Write a line that stands out, where a terminal shows it and colours are not turned off."""
        plain = not sys.stdout.isatty() or _is_dumb() or bool(os.environ.get("NO_COLOR"))
        self.result(text if plain else f"\x1b[1m{text}\x1b[0m")

    def results(self, lines: Iterable[str]) -> None:
        """Write several lines that somebody asked for."""
        for line in lines:
            self.result(line)
        self.stream("")

    def notes(self, lines: Iterable[str]) -> None:
        """Write several lines about the work."""
        for line in lines:
            self.note(line)

    def stream(self, text: str) -> bool:
        """Write a piece of a result now, and return whether anybody is still reading."""
        return _write(sys.stdout, text, flush=True)

    @contextlib.contextmanager
    def with_bars(self, console: "Console") -> Iterator[None]:
        """Write notes through `console`, above the bars that it draws."""
        self._bars = console
        try:
            yield
        finally:
            self._bars = None


class Aside(Screen):
    """A screen whose results are notes, since stdout belongs to what a program is to read."""

    def result(self, line: str) -> None:
        """Write a line about the work."""
        self.note(line)


def result_width() -> int | None:
    """How wide results may be: the columns of the terminal that shows them, None where they are piped."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def shows_bars() -> bool:
    """Whether stderr is a terminal on which bars can be drawn."""
    return sys.stderr.isatty() and not _is_dumb()


def _is_dumb() -> bool:
    return os.environ.get("TERM") == "dumb"


def _write(stream: TextIO, text: str, *, flush: bool = False) -> bool:
    try:
        stream.write(text)
        if flush:
            stream.flush()
    except BrokenPipeError:
        _drop_the_rest(stream)
        return False
    return True


def _drop_the_rest(stream: TextIO) -> None:
    """Send nowhere what the stream still holds: Python would fail to write it when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
