"""What a request asks for, told from its method and target alone."""

import enum
import functools
from typing import Final
from urllib.parse import parse_qsl

import attrs

from cip_async.errors import InvalidReference
from cip_async.fake_registry.refusal import refusal
from cip_async.reference import Digest, Tag, parse_digest, parse_image_name, parse_tag

STORAGE_PREFIX: Final = "/storage/"
_READS: Final = frozenset({"GET", "HEAD"})
API_PREFIX: Final = "/v1/projects/"
TOKEN_PATHS: Final = frozenset({"/token", "/v2/token"})


class CallClass(enum.StrEnum):
    """What a request is for; ledgers, latencies and faults are told apart by it."""

    PING = "ping"
    TOKEN = "token"
    CATALOG = "catalog"
    TAGS = "tags"
    REFERRERS = "referrers"
    MANIFEST_GET = "manifest-get"
    MANIFEST_HEAD = "manifest-head"
    MANIFEST_PUT = "manifest-put"
    """A manifest PUT by digest that writes no tag."""
    TAG_PUT = "tag-put"
    """A manifest PUT that writes one or more tags."""
    MANIFEST_DELETE = "manifest-delete"
    BLOB_GET = "blob-get"
    BLOB_HEAD = "blob-head"
    BLOB_DELETE = "blob-delete"
    MOUNT = "mount"
    UPLOAD_START = "upload-start"
    UPLOAD_POST = "upload-post"
    """A whole blob in one POST."""
    UPLOAD_CHUNK = "upload-chunk"
    UPLOAD = "upload"
    """The PUT that ends an upload, with or without bytes."""
    UPLOAD_STATUS = "upload-status"
    UPLOAD_CANCEL = "upload-cancel"
    STORAGE = "storage"
    """A blob's bytes, served outside the registry API as a bucket does."""
    DOCKER_IMAGES = "docker-images"
    """All images of one of Artifact Registry's repositories, from its API."""
    OTHER = "other"


_MANIFESTS: Final = {
    "GET": CallClass.MANIFEST_GET,
    "HEAD": CallClass.MANIFEST_HEAD,
    "PUT": CallClass.MANIFEST_PUT,
    "DELETE": CallClass.MANIFEST_DELETE,
}
_BLOBS: Final = {"GET": CallClass.BLOB_GET, "HEAD": CallClass.BLOB_HEAD, "DELETE": CallClass.BLOB_DELETE}
_UPLOADS: Final = {
    "PATCH": CallClass.UPLOAD_CHUNK,
    "PUT": CallClass.UPLOAD,
    "GET": CallClass.UPLOAD_STATUS,
    "DELETE": CallClass.UPLOAD_CANCEL,
}


@attrs.define(kw_only=True)
class Call:
    """One request: `repository` and `reference` as they stand in the path, unchecked, or empty.

    `reference` is a tag, a digest or an upload's name. `target` is path and query as received.
    """

    method: str
    target: str
    call_class: CallClass
    repository: str = ""
    reference: str = ""
    query: tuple[tuple[str, str], ...] = ()

    def asked(self, key: str) -> str | None:
        """The first value of a query parameter, or None."""
        return next((value for name, value in self.query if name == key), None)

    def asked_all(self, key: str) -> tuple[str, ...]:
        """All values of a query parameter."""
        return tuple(value for name, value in self.query if name == key)

    @property
    def is_write(self) -> bool:
        """Whether this may change content; a POST for a token does not."""
        return self.method not in _READS and self.call_class is not CallClass.TOKEN

    @property
    def subject(self) -> str:
        """The digest or tag the request is about; empty if it is about none."""
        for key in ("mount", "digest"):
            value = self.asked(key)
            if value is not None:
                return value
        return self.reference


def parse_call(method: str, target: str) -> Call:
    """Tell what is asked; never fails: what is not known is `OTHER`."""
    path, _, query_text = target.partition("?")
    query = tuple(parse_qsl(query_text, keep_blank_values=True)) if query_text else ()
    call = Call(method=method, target=target, call_class=CallClass.OTHER, query=query)
    if path in ("/v2/", "/v2"):
        call.call_class = CallClass.PING if method in ("GET", "HEAD") else CallClass.OTHER
    elif path in TOKEN_PATHS:
        call.call_class = CallClass.TOKEN if method in ("GET", "POST") else CallClass.OTHER
    elif path == "/v2/_catalog":
        call.call_class = CallClass.CATALOG if method == "GET" else CallClass.OTHER
    elif path.startswith(STORAGE_PREFIX):
        call.call_class = CallClass.STORAGE if method in ("GET", "HEAD") else CallClass.OTHER
        call.reference = path.removeprefix(STORAGE_PREFIX)
    elif path.startswith(API_PREFIX):
        _parse_api_call(call, path.removeprefix(API_PREFIX))
    elif path.startswith("/v2/"):
        _parse_repository_call(call, path.removeprefix("/v2/"))
    return call


def _parse_repository_call(call: Call, rest: str) -> None:
    parts = rest.rsplit("/", 3)
    if len(parts) == 4 and parts[1:3] == ["blobs", "uploads"]:
        call.repository, call.reference = parts[0], parts[3]
        call.call_class = _upload_class(call)
        return
    parts = rest.rsplit("/", 2)
    if len(parts) != 3:
        return
    call.repository, kind, call.reference = parts
    match kind:
        case "manifests":
            call.call_class = _MANIFESTS.get(call.method, CallClass.OTHER)
            if call.call_class is CallClass.MANIFEST_PUT and (":" not in call.reference or call.asked_all("tag")):
                call.call_class = CallClass.TAG_PUT
        case "blobs":
            call.call_class = _BLOBS.get(call.method, CallClass.OTHER)
        case "referrers" if call.method == "GET":
            call.call_class = CallClass.REFERRERS
        case "tags" if call.reference == "list" and call.method == "GET":
            call.call_class, call.reference = CallClass.TAGS, ""


def _parse_api_call(call: Call, rest: str) -> None:
    """`P/locations/L/repositories/R/dockerImages`: the repository is `P/R`, and the reference where it is."""
    parts = rest.split("/")
    if call.method == "GET" and len(parts) == 6 and parts[1::2] == ["locations", "repositories", "dockerImages"]:
        project, call.reference, name = parts[::2]
        call.repository = f"{project.replace(':', '/', 1)}/{name}"
        call.call_class = CallClass.DOCKER_IMAGES


def _upload_class(call: Call) -> CallClass:
    if call.reference:
        return _UPLOADS.get(call.method, CallClass.OTHER)
    if call.method != "POST":
        return CallClass.OTHER
    if call.asked("mount") is not None:
        return CallClass.MOUNT
    return CallClass.UPLOAD_START if call.asked("digest") is None else CallClass.UPLOAD_POST


@functools.lru_cache(maxsize=65536)
def checked_repository(path: str) -> str:
    """`path`, if it is a well-formed repository name.

    Raises:
        Refusal: it is not.
    """
    try:
        return parse_image_name(path)
    except InvalidReference as error:
        raise refusal(400, "NAME_INVALID", str(error)) from error


def checked_digest(text: str) -> Digest:
    """`text`, if it is a digest.

    Raises:
        Refusal: it is not.
    """
    try:
        return parse_digest(text)
    except InvalidReference as error:
        raise refusal(400, "DIGEST_INVALID", str(error)) from error


def checked_tag(text: str) -> Tag:
    """`text`, if it is a tag.

    Raises:
        Refusal: it is not.
    """
    try:
        return parse_tag(text)
    except InvalidReference as error:
        raise refusal(400, "NAME_INVALID", str(error)) from error


def checked_reference(text: str) -> Digest | Tag:
    """`text`, if it is a digest or a tag.

    Raises:
        Refusal: it is neither.
    """
    return checked_digest(text) if ":" in text else checked_tag(text)
