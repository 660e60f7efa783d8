"""The file that `--report` names: complete or not there, and refused before the run rather than after it."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from cip_async.errors import FileProblem


def check_writable(path: Path) -> None:
    """Make sure that a report can be written to `path` later.

    Raises:
        FileProblem: it cannot.
    """
    with _mapped(path):
        target = path.resolve()
        if _is_replaceable(target):
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}."):
                return
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))


def write_report(path: Path, pieces: Iterable[str]) -> None:
    """Write the report; where it replaces a file, that happens when all of it is there.

    Raises:
        FileProblem: it cannot be written.
    """
    with _mapped(path), _opened(path.resolve()) as file:
        file.writelines(pieces)


def _is_replaceable(path: Path) -> bool:
    return path.is_file() or not path.exists()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    if not _is_replaceable(path):
        with path.open("w", encoding="utf-8") as file:
            yield file
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", text=True)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileProblem(str(path), f"the report cannot be written: {error.strerror or error}") from error
