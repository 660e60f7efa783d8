"""Files that are there whole or not at all: written beside their place, and put there when everything is in them."""

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` when the block ends well; otherwise nothing changes.

    A link keeps pointing to the file that is replaced, and a file that is replaced hands on its permissions. What is
    no regular file, such as a device, is written to as it is.

    Raises:
        OSError: it cannot be written, or must not be.
    """
    if not _is_replaceable(path):
        with path.open("wb") as file:
            yield file
        return
    target = path.resolve()
    mode = _mode(target)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_replaceable(path: Path) -> None:
    """Make sure that `whole_file` can write to `path`.

    Raises:
        OSError: it cannot.
    """
    if _is_replaceable(path):
        target = path.resolve()
        _mode(target)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}."):
            return
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))


def _is_replaceable(path: Path) -> bool:
    """Whether there is a regular file, or nothing yet. A link to a pipe resolves to a name that does not exist."""
    return path.is_file() or not path.exists()


def _mode(path: Path) -> int:
    """The permissions of the file that is to be replaced, or those of any new file."""
    if not path.exists():
        return 0o666 & ~_umask()
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return stat.S_IMODE(path.stat().st_mode)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
