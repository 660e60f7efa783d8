"""A fence around this process: what is in it writes only below one folder, opens no socket and starts no program.

Python tells its audit hooks of all these before it does them (https://docs.python.org/3/library/audit_events.html);
a hook cannot be taken away again, so there is one, which looks at whether the fence is up.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGING: Final = {
    "os.chmod": 1,
    "os.chown": 1,
    "os.link": 2,
    "os.mkdir": 1,
    "os.remove": 1,
    "os.rename": 2,
    "os.rmdir": 1,
    "os.symlink": 2,
    "os.truncate": 1,
    "os.utime": 1,
    "sqlite3.connect": 1,
}
"""Events that change files, and how many of their arguments, from the first, are paths."""
_FORBIDDEN: Final = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "subprocess.", "os.system")
_FORBIDDEN_TOO: Final = ("os.exec", "os.fork", "os.posix_spawn", "os.kill", "pty.spawn")

_inside: list[Path] = []


class FencedOff(PermissionError):
    """Something that was fenced in tried to get out."""


class ProgramFencedOff(FencedOff):
    """A program was to be started, or something sent somewhere."""


@contextlib.contextmanager
def fence(folder: Path) -> Iterator[None]:
    """Let nothing out of `folder`."""
    _inside.append(folder.resolve())
    try:
        yield
    finally:
        _inside.pop()


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _inside:
        return
    if event.startswith((*_FORBIDDEN, *_FORBIDDEN_TOO)):
        raise ProgramFencedOff(13, "fenced off", event)
    paths = arguments[: _CHANGING.get(event, 0)]
    if event == "open" and arguments[2] & _WRITING:
        paths = arguments[:1]
    for path in paths:
        if not _is_inside(path):
            raise FencedOff(13, "fenced off", os.fsdecode(path))


def _is_inside(path: Any) -> bool:
    """An open file was let through when it was opened, and /dev/null takes all and keeps nothing."""
    if isinstance(path, int) or path in (os.devnull, ":memory:", ""):
        return True
    real = os.path.realpath(os.path.dirname(os.path.abspath(os.fsdecode(path))))  # noqa: PTH100, PTH120 - no Path in a hook
    return Path(real).is_relative_to(_inside[-1])


sys.addaudithook(_watch)
