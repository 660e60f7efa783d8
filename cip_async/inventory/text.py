"""A snapshot as text, row by row, so that it is never held: thin `images.yaml`, the same in JSON, or CSV; pure."""

import enum
from collections.abc import Callable, Iterable
from typing import Final, Protocol, assert_never

import attrs
import msgspec

from cip_async.inventory.rows import Row, image_name
from cip_async.manifests.render import digest_text, image_text
from cip_async.reference import Digest, ImageName, RegistryPath, Repository, Tag


class Output(enum.Enum):
    """How a snapshot is written."""

    YAML = "yaml"
    """As a thin manifest's `images.yaml`."""
    CSV = "csv"
    """One line per tag, `image@digest,image:tag`; a digest without one has `image@digest,-`."""
    JSON = "json"
    """As YAML, in JSON: a list of images with `name` and `dmap`."""


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
            return _Images(base, _YAML)
        case Output.CSV:
            return _Csv(base)
        case Output.JSON:
            return _Images(base, _JSON)
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
        name = image_name(row.repository, self._base)
        tag = "-" if row.tag is None else f"{name}:{row.tag}"
        return f"{name}@{row.digest},{tag}\n"


@attrs.frozen(kw_only=True)
class _Form:
    """How images and their digests are written. A separator stands between two of a kind."""

    image: Callable[[ImageName], str]
    digest: Callable[[Digest, Iterable[Tag]], str]
    nothing: str
    begin: str = ""
    digests_separator: str = ""
    image_end: str = ""
    images_separator: str = ""
    end: str = ""


@attrs.define
class _Images:
    """Images with their digests, each digest with all of its tags."""

    _base: RegistryPath
    _form: _Form
    _repository: Repository | None = None
    _digest: Digest | None = None
    _tags: list[Tag] = attrs.field(factory=list)

    def feed(self, rows: Iterable[Row]) -> str:
        return "".join(map(self._before, rows))

    def end(self) -> str:
        if self._repository is None:
            return self._form.nothing
        return self._finished_digest() + self._form.image_end + self._form.end

    def _before(self, row: Row) -> str:
        """What is complete when `row` comes; the row itself may go on in the next one."""
        form, text = self._form, ""
        if row.repository != self._repository:
            finished = form.image_end + form.images_separator if self._repository else form.begin
            text = self._finished_digest() + finished + form.image(image_name(row.repository, self._base))
            self._repository = row.repository
        elif row.digest != self._digest:
            text = self._finished_digest() + form.digests_separator
        self._digest = row.digest
        if row.tag is not None:
            self._tags.append(row.tag)
        return text

    def _finished_digest(self) -> str:
        if self._digest is None:
            return ""
        text = self._form.digest(self._digest, self._tags)
        self._digest, self._tags = None, []
        return text


def _json_image(name: ImageName) -> str:
    return f'{{"name": {_json(name)}, "dmap": {{'


def _json_digest(digest: Digest, tags: Iterable[Tag]) -> str:
    return f"{_json(digest)}: {_json(list(tags))}"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


_YAML: Final = _Form(image=image_text, digest=digest_text, nothing="[]\n")
_JSON: Final = _Form(
    image=_json_image,
    digest=_json_digest,
    nothing="[]\n",
    begin="[\n",
    digests_separator=", ",
    image_end="}}",
    images_separator=",\n",
    end="\n]\n",
)
