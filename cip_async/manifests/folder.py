"""Files and folders as they are on disk, read with bounds and never beyond the folder that was named."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from cip_async.manifests.layout import IMAGES, MANIFESTS, Parts

_LINKABLE_DEPTH: Final = 2
_IN_A_CIRCLE: Final = "is a link that leads in a circle"


class Unreadable(Exception):
    """A file or folder cannot or must not be read; the message says why."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file, to be read. What has no end, or waits for a writer, is none.

    Raises:
        Unreadable: it is no file, or the system refuses, now or while it is read.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Unreadable("is not a file")
            yield file
    except OSError as error:
        raise Unreadable(_refusal(error)) from error


def read(path: Path, limit_bytes: int) -> bytes:
    """The content of a regular file.

    Raises:
        Unreadable: it is no file, larger than `limit_bytes`, or the system refuses.
    """
    with opened(path) as file:
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise Unreadable(f"is larger than {limit_bytes:,} bytes")
    return content


class AnyFolder(Protocol):
    """A folder of thin promoter manifests, on disk or elsewhere. `root` is what its files are shown below."""

    root: Path

    def read(self, below: str, limit_bytes: int) -> bytes:
        """The content of a file of this folder.

        Raises:
            Unreadable: it cannot be read.
        """

    def files(self, is_wanted: Callable[[str], bool], on_unreadable: Callable[[str, str], None]) -> Iterator[Parts]:
        """The files whose names are wanted."""


class Folder:
    """A folder whose links must not lead out of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real = root.resolve()

    def read(self, below: str, limit_bytes: int) -> bytes:
        """The content of a file of this folder.

        Raises:
            Unreadable: it leads out of the folder, or cannot be read.
        """
        self._check_inside(self.root / below)
        return read(self.root / below, limit_bytes)

    def files(self, is_wanted: Callable[[str], bool], on_unreadable: Callable[[str, str], None]) -> Iterator[Parts]:
        """The files whose names are wanted, in this folder and all folders in it that are not hidden.

        `on_unreadable` is told the path, below this folder, of each folder that cannot be read, and why.
        """
        folders: list[Parts] = [()]
        while folders:
            parts = folders.pop()
            try:
                entries = self._entries(parts)
            except Unreadable as error:
                on_unreadable("/".join(parts), str(error))
                continue
            for entry in entries:
                below = (*parts, entry.name)
                if _is_folder(entry, below):
                    folders.append(below)
                elif is_wanted(entry.name):
                    yield below

    def _entries(self, parts: Parts) -> Iterable[os.DirEntry[str]]:
        path = self.root.joinpath(*parts)
        self._check_inside(path)
        try:
            with os.scandir(path) as entries:
                return list(entries)
        except OSError as error:
            raise Unreadable(_refusal(error)) from error

    def _check_inside(self, path: Path) -> None:
        try:
            is_inside = path.resolve().is_relative_to(self._real)
        except (OSError, RuntimeError) as error:
            raise Unreadable(_IN_A_CIRCLE) from error  # from Python 3.13 on, it is told where it is opened
        if not is_inside:
            raise Unreadable("is a link that leads out of the folder")


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; without O_NONBLOCK, that of a named pipe would wait for a writer for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _is_folder(entry: os.DirEntry[str], below: Parts) -> bool:
    """Whether to look into an entry; a link is followed where the layout has a folder, and nowhere else."""
    if not entry.is_symlink():
        return entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
    return below[0] in (MANIFESTS, IMAGES) and len(below) <= _LINKABLE_DEPTH and _leads_to_folder(entry)


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _refusal(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return _IN_A_CIRCLE
    return f"cannot be read: {error.strerror or error}"
