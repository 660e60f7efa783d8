"""A snapshot as text, row by row, so that it is never held: thin `images.yaml`, or lines of CSV; pure."""

import enum
import re
from collections.abc import Iterable
from typing import Final, Protocol, assert_never

import attrs

from cip_async.inventory.rows import Row
from cip_async.reference import Digest, RegistryPath, Repository

_PLAIN_NAME: Final = re.compile(r"[a-z][a-z0-9._/-]*", re.ASCII)
_NOT_TEXT_IN_YAML: Final = frozenset({"false", "n", "no", "null", "off", "on", "true", "y", "yes"})


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
    _tags: list[str] = attrs.field(factory=list)

    def feed(self, rows: Iterable[Row]) -> str:
        return "".join(map(self._before, rows))

    def end(self) -> str:
        return self._finished_digest() if self._repository else "[]\n"

    def _before(self, row: Row) -> str:
        """What is complete when `row` comes; the row itself may go on in the next one."""
        text = ""
        if row.repository != self._repository:
            name = _relative(row.repository, self._base)
            text = f"{self._finished_digest()}- name: {_scalar(name)}\n  dmap:\n"
            self._repository = row.repository
        elif row.digest != self._digest:
            text = self._finished_digest()
        self._digest = row.digest
        if row.tag is not None:
            self._tags.append(f'"{row.tag}"')
        return text

    def _finished_digest(self) -> str:
        if self._digest is None:
            return ""
        text = f'    "{self._digest}": [{", ".join(self._tags)}]\n'
        self._digest, self._tags = None, []
        return text


def _relative(repository: Repository, base: RegistryPath) -> str:
    return repository.path.removeprefix(f"{base.prefix}/") if base.prefix else repository.path


def _scalar(name: str) -> str:
    """An image name as YAML: quoted where other readers would take it for a number, a truth value or nothing."""
    return name if _PLAIN_NAME.fullmatch(name) and name not in _NOT_TEXT_IN_YAML else f'"{name}"'
