"""What registries say in headers and JSON, decoded; pure.

Sources: OCI distribution specification v1.1; RFC 9110 (challenges, Retry-After); RFC 8288 (Link); Google's
extension of `tags/list` as read by github.com/google/go-containerregistry, `pkg/v1/google/list.go`.
"""

import re
from collections.abc import Iterable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

import attrs
import msgspec

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_SCHEMA_1: Final = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA_1_SIGNED: Final = "application/vnd.docker.distribution.manifest.v1+prettyjws"

MANIFEST_TYPES: Final = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST, DOCKER_SCHEMA_1_SIGNED, DOCKER_SCHEMA_1)
MANIFEST_ACCEPT: Final = ", ".join(MANIFEST_TYPES)
"""All types, always: a registry answers 404 for a manifest whose type is not accepted. Schema 1 is named so that
such an image is refused with its reason instead of looking absent."""


_LONGEST_SECONDS: Final = 9
_LONGEST_SIZE: Final = 18
"""Digits; a longer number is nonsense, and converting it would cost more than it is worth."""


class TagsBody(msgspec.Struct):
    """`GET /v2/NAME/tags/list`, plain or extended by Google."""

    name: str = ""
    tags: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    manifest: "dict[str, GoogleManifest] | None" = None
    child: list[str] | None = None


class GoogleManifest(msgspec.Struct):
    """What Google's listing says of one digest; sizes come as decimal strings."""

    image_size_bytes: str = msgspec.field(name="imageSizeBytes", default="0")
    media_type: str = msgspec.field(name="mediaType", default="")
    tags: list[str] = msgspec.field(name="tag", default_factory=list)

    @property
    def size_bytes(self) -> int | None:
        """The size as a number; None where Google does not know it."""
        return _known_size(self.image_size_bytes)


class DockerImage(msgspec.Struct, rename="camel", gc=False):
    """What the Artifact Registry API says of one digest: `uri` is `LOCATION-docker.pkg.dev/PROJECT/REPO/NAME@DIGEST`.

    https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.dockerImages
    """

    uri: str
    tags: tuple[str, ...] = ()
    media_type: str = ""
    image_size_bytes: str = "0"

    @property
    def size_bytes(self) -> int | None:
        """The size as a number; None where Google does not know it."""
        return _known_size(self.image_size_bytes)


class DockerImagesBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """One page of `dockerImages`. A member that is not known might say that something is missing, so it spoils it."""

    docker_images: list[DockerImage] = []
    next_page_token: str = ""


def _known_size(text: str) -> int | None:
    """Google says 0 for an index, whose size it does not know."""
    return int(text) or None if text.isascii() and text.isdigit() and len(text) <= _LONGEST_SIZE else None


class CatalogBody(msgspec.Struct):
    """`GET /v2/_catalog`."""

    repositories: list[str] | None


class ErrorItem(msgspec.Struct):
    """One error of an error answer; `detail` may be anything."""

    code: str = ""
    message: str = ""
    detail: object = None


class ErrorBody(msgspec.Struct):
    """The body of an error answer, as the specification wants it, or with the `error` of Google's other APIs."""

    errors: list[ErrorItem] = []
    error: object = None


class TokenBody(msgspec.Struct):
    """The answer of a token service."""

    token: str | None = None
    access_token: str | None = None
    expires_in: float | None = None


tags_decoder: Final = msgspec.json.Decoder(TagsBody)
docker_images_decoder: Final = msgspec.json.Decoder(DockerImagesBody)
catalog_decoder: Final = msgspec.json.Decoder(CatalogBody)
error_decoder: Final = msgspec.json.Decoder(ErrorBody)
token_decoder: Final = msgspec.json.Decoder(TokenBody)

UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for a body that is not what it should be."""


@attrs.frozen(kw_only=True)
class Challenge:
    """One challenge of a `WWW-Authenticate` header; scheme and parameter names in lower case."""

    scheme: str
    parameters: dict[str, str]


_CHALLENGE_PART: Final = re.compile(
    r"""\s*(?:,\s*)*
    (?: (?P<name>[\w!\#$%&'*+.^`|~-]+)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^\s,"]+))
      | (?P<scheme>[\w!\#$%&'*+.^`|~-]+)(?=\s|,|$) )""",
    re.VERBOSE | re.ASCII,
)


def challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """The challenges of one or many `WWW-Authenticate` headers; what cannot be read is passed over."""
    found: list[Challenge] = []
    for header in headers:
        position = 0
        while part := _CHALLENGE_PART.match(header, position):
            position = part.end()
            if part["scheme"] is not None:
                found.append(Challenge(scheme=part["scheme"].lower(), parameters={}))
            elif found:
                quoted = part["quoted"]
                value = part["token"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                found[-1].parameters[part["name"].lower()] = value
    return tuple(found)


_LINK: Final = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w*-]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s\",;]+))?)*)", re.ASCII)
_REL_NEXT: Final = re.compile(
    r";\s*rel\s*=\s*(?:\"(?:[^\"]*\s)?next(?:\s[^\"]*)?\"|next(?=[\s;,]|$))", re.ASCII | re.IGNORECASE
)
_SPEAKS_OF_NEXT: Final = re.compile(r"\bnext\b", re.ASCII | re.IGNORECASE)


def next_link(headers: Iterable[str]) -> str | None:
    """The target of `rel="next"` in the `Link` headers, as written, or None.

    Raises:
        ValueError: a header speaks of a next page and cannot be read; without it the listing would look whole.
    """
    unread = False
    for header in headers:
        rest = header
        for link in _LINK.finditer(header):
            if _REL_NEXT.search(link[2]):
                return link[1]
            rest = rest.replace(link[0], "")
        unread = unread or _SPEAKS_OF_NEXT.search(rest) is not None
    if unread:
        raise ValueError("the Link header speaks of a next page and cannot be read")
    return None


def retry_after_s(header: str | None, now: float) -> float | None:
    """The pause that a `Retry-After` asks for, in seconds; `now` is seconds since the epoch.

    Both forms of RFC 9110 are read: seconds and HTTP date, which is in UTC even where it does not say so. None
    where there is none that can be read.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_SECONDS:
        return float(text)
    try:
        when = parsedate_to_datetime(text)
        return max(0.0, (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def accepted_tags(headers: Iterable[str]) -> frozenset[str]:
    """The tags that a registry wrote in one PUT: `OCI-Tag`, repeated or joined by commas."""
    return frozenset(tag.strip() for header in headers for tag in header.split(",") if tag.strip())


def without_controls(text: str, longest: int = 300) -> str:
    """Text from a server, made safe for one line of a log or a terminal."""
    line = "".join(character if character.isprintable() else " " for character in text[: longest + 1])
    return f"{line[:longest]}…" if len(line) > longest else line.strip()
