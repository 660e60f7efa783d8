"""Snapshots from files: what `cip snapshot` wrote as YAML, JSON or CSV."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from anyio import to_thread

from cip_async.errors import FileProblem, InvalidManifests, InvalidReference
from cip_async.inventory.snapshot import Snapshot
from cip_async.inventory.store import InventoryStore
from cip_async.manifests.folder import Unreadable, opened
from cip_async.manifests.tree import load_images
from cip_async.model.listing import Listing
from cip_async.model.promoter_manifest import Gravity, Place, Problem
from cip_async.reference import Digest, Host, ImageName, RegistryPath, Tag, parse_digest, parse_image_name, parse_tag

_NOWHERE: Final = RegistryPath(Host("file.invalid"), "")
"""Stands for the registry that a snapshot in a file does not name."""

_CSV_LINE: Final = re.compile(
    r"(?P<name>[^@,]+)@(?P<digest>[^,]+),(?:(?P<untagged>-)|(?P<again>[^:,]+):(?P<tag>[^,]+))"
)

_LONGEST_LINE: Final = 4096

_Images = dict[ImageName, tuple[set[Digest], dict[Tag, Digest]]]


@asynccontextmanager
async def file_snapshot(path: Path) -> AsyncIterator[Snapshot]:
    """The snapshot in a file; which format it has is told by its first line.

    Raises:
        InvalidManifests: it is no snapshot; with every problem there is.
        FileProblem: it cannot be read.
    """
    listings = await to_thread.run_sync(_listings, path)
    async with InventoryStore.opened() as store:
        for listing in listings:
            await store.put(listing)
        yield Snapshot(base=_NOWHERE, counts=await store.counts(), store=store)


def is_promoter_manifest(path: Path) -> bool:
    """Whether a file is a plain promoter manifest rather than a snapshot: it names registries.

    Raises:
        FileProblem: it cannot be read.
    """
    with _opened(path) as file:
        return any(line.startswith(b"registries:") for line in _lines(file))


def _listings(path: Path) -> list[Listing]:
    images = _read_csv(path) if _is_csv(path) else _read_images(path)
    return [
        Listing(repository=_NOWHERE.repository(name), digests=digests, tags=tags)
        for name, (digests, tags) in sorted(images.items())
    ]


def _is_csv(path: Path) -> bool:
    with _opened(path) as file:
        first = next(_lines(file), b"")
    return bool(_CSV_LINE.fullmatch(first.decode("utf-8", "replace").strip()))


def _read_images(path: Path) -> _Images:
    found: _Images = {}
    for image in load_images(path):
        digests, tags = found.setdefault(image.name, (set(), {}))
        for want in image.digests:
            digests.add(want.digest)
            tags.update(dict.fromkeys(want.tags, want.digest))
    return found


def _read_csv(path: Path) -> _Images:
    found: _Images = {}
    problems: list[Problem] = []
    with _opened(path) as file:
        for number, line in enumerate(_lines(file), start=1):
            try:
                name, digest, tag = _parsed(line.decode("utf-8", "backslashreplace").rstrip("\r\n"))
            except InvalidReference as error:
                problems.append(Problem(Place(str(path), number, 1), str(error), gravity=Gravity.FILE))
                continue
            digests, tags = found.setdefault(name, (set(), {}))
            digests.add(digest)
            if tag is not None:
                tags[tag] = digest
    if problems:
        raise InvalidManifests(tuple(problems))
    return found


def _parsed(line: str) -> tuple[ImageName, Digest, Tag | None]:
    found = _CSV_LINE.fullmatch(line)
    if found is None or found["again"] not in (None, found["name"]):
        raise InvalidReference("line", line, "image@digest,image:tag or image@digest,-")
    tag = None if found["untagged"] else parse_tag(found["tag"])
    return parse_image_name(found["name"]), parse_digest(found["digest"]), tag


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with opened(path) as file:
            yield file
    except Unreadable as error:
        raise FileProblem(str(path), str(error)) from error


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long for a snapshot only the beginning, and never all of it at once."""
    while line := file.readline(_LONGEST_LINE):
        yield line
        while line and not line.endswith(b"\n"):
            line = file.readline(_LONGEST_LINE)
