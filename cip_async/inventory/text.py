"""A snapshot as text, row by row, so that it is never held: thin `images.yaml`, or lines of CSV; pure."""

import enum
from collections.abc import Iterable
from typing import Protocol, assert_never

import attrs

from cip_async.inventory.rows import Row
from cip_async.manifests.render import digest_text, image_text
from cip_async.reference import Digest, ImageName, RegistryPath, Repository, Tag


class Output(enum.Enum):
    """How a snapshot is written."""

    YAML = "yaml"
    """As a thin manifest's `images.yaml`."""
    CSV = "csv"
    """One line per tag, `image@digest,image:tag`; a digest without one has `image@digest,-`."""


class Renderer(Protocol):
    """Turns rows, sorted by repository, digest and tag, into text piece by piece."""

    def feed(self, rows: Iterable[Row]) -> str:
        """The text that is complete once `rows` are known."""

    def end(self) -> str:
        """The rest of the text."""


def renderer(output: Output, base: RegistryPath) -> Renderer:
    """A renderer for `output`; image names are relative to `base`."""
    match output:
        case Output.YAML:
            return _Yaml(base)
        case Output.CSV:
            return _Csv(base)
        case _:
            assert_never(output)


@attrs.define
class _Csv:
    _base: RegistryPath

    def feed(self, rows: Iterable[Row]) -> str:
        return "".join(map(self._line, rows))

    def end(self) -> str:
        return ""

    def _line(self, row: Row) -> str:
        name = _relative(row.repository, self._base)
        tag = "-" if row.tag is None else f"{name}:{row.tag}"
        return f"{name}@{row.digest},{tag}\n"


@attrs.define
class _Yaml:
    _base: RegistryPath
    _repository: Repository | None = None
    _digest: Digest | None = None
    _tags: list[Tag] = attrs.field(factory=list)

    def feed(self, rows: Iterable[Row]) -> str:
        return "".join(map(self._before, rows))

    def end(self) -> str:
        return self._finished_digest() if self._repository else "[]\n"

    def _before(self, row: Row) -> str:
        """What is complete when `row` comes; the row itself may go on in the next one."""
        text = ""
        if row.repository != self._repository:
            text = self._finished_digest() + image_text(_relative(row.repository, self._base))
            self._repository = row.repository
        elif row.digest != self._digest:
            text = self._finished_digest()
        self._digest = row.digest
        if row.tag is not None:
            self._tags.append(row.tag)
        return text

    def _finished_digest(self) -> str:
        if self._digest is None:
            return ""
        text = digest_text(self._digest, self._tags)
        self._digest, self._tags = None, []
        return text


def _relative(repository: Repository, base: RegistryPath) -> ImageName:
    return ImageName(repository.path.removeprefix(f"{base.prefix}/") if base.prefix else repository.path)
