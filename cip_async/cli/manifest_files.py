"""The files that `cip manifest` reads and writes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cip_async.cli.whole_file import whole_file
from cip_async.errors import FileProblem, InvalidManifests
from cip_async.manifests.folder import Folder, Unreadable, read
from cip_async.manifests.layout import Parts, images_file, is_of_interest, manifest_file
from cip_async.model.promoter_manifest import Gravity, Place, Problem
from cip_async.settings import Files

LIMITS: Final = Files()

_DEPTH: Final = 3


def content_of(path: Path) -> bytes:
    """The content of a file.

    Raises:
        FileProblem: it cannot be read.
    """
    try:
        return read(path, LIMITS.yaml_bytes)
    except Unreadable as error:
        raise FileProblem(str(path), str(error)) from error


def rewrite(path: Path, content: bytes) -> None:
    """Put `content` in the place of what is in a file; whatever happens, all of one or the other is there.

    Raises:
        FileProblem: it cannot be written.
    """
    try:
        with whole_file(path) as file:
            file.write(content)
    except OSError as error:
        raise FileProblem(str(path), f"cannot be written: {error.strerror or error}") from error


def contents(path: Path) -> Iterator[tuple[Path, bytes]]:
    """A file, or the files of all thin promoter manifests in a folder, sorted, with their content.

    Raises:
        FileProblem: the file cannot be read.
        InvalidManifests: something in the folder cannot or must not be read, or there is no promoter manifest in it.
    """
    if not path.is_dir():
        yield path, content_of(path)
        return
    folder = Folder(path)
    problems: list[Problem] = []

    def spoil(below: str, reason: str) -> None:
        problems.append(Problem(Place(str(path / below), 1, 1), reason, gravity=Gravity.FILE))

    found = sorted("/".join(parts) for parts in folder.files(is_of_interest, spoil) if _is_at_home(parts))
    if not found and not problems:
        spoil("", "has no promoter manifest")
    for below in found:
        try:
            content = folder.read(below, LIMITS.yaml_bytes)
        except Unreadable as error:
            spoil(below, str(error))
        else:
            yield path / below, content
    if problems:
        raise InvalidManifests(tuple(sorted(problems)))


def _is_at_home(parts: Parts) -> bool:
    return len(parts) == _DEPTH and "/".join(parts) in (manifest_file(parts[1]), images_file(parts[1]))
