"""Image manifests and indexes as the registry understands them: what they are, and what they refer to.

The rules are those of the OCI image specification v1.1 and of Docker's schema 2, as strict as
github.com/distribution/distribution checks them.
"""

import hashlib
from typing import Any, Final

import attrs
import msgspec

from cip_async.errors import InvalidReference
from cip_async.fake_registry.refusal import Refusal, refusal
from cip_async.reference import Digest, parse_digest

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
SCHEMA_1: Final = "application/vnd.docker.distribution.manifest.v1+json"
SCHEMA_1_SIGNED: Final = "application/vnd.docker.distribution.manifest.v1+prettyjws"

INDEXES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
SUPPORTED: Final = INDEXES | {OCI_MANIFEST, DOCKER_MANIFEST}
"""What a PUT may bring; schema 1 is not among it."""
_MUST_NAME_THEIR_TYPE: Final = frozenset({DOCKER_LIST, DOCKER_MANIFEST})
_FOREIGN: Final = (
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
)


_BLOBS: Final = ("application/vnd.oci.image.layer.", "application/vnd.buildkit.cacheconfig.")
"""How the media types begin of what caches of BuildKit name among the manifests of an index."""


class _Descriptor(msgspec.Struct):
    digest: str
    size: int
    media_type: str = msgspec.field(name="mediaType", default="")
    urls: list[str] | None = None


class _Body(msgspec.Struct):
    schema_version: int = msgspec.field(name="schemaVersion")
    media_type: str = msgspec.field(name="mediaType", default="")
    artifact_type: str = msgspec.field(name="artifactType", default="")
    config: _Descriptor | None = None
    layers: list[_Descriptor] | None = None
    manifests: list[_Descriptor] | None = None
    subject: _Descriptor | None = None
    annotations: dict[str, str] | None = None


_decoder: Final = msgspec.json.Decoder(_Body)


@attrs.frozen(kw_only=True)
class Document:
    """One image manifest or index, with the bytes it came in.

    `content_bytes` is the size of the blobs it refers to; 0 for an index.
    """

    digest: Digest
    media_type: str
    body: bytes = attrs.field(repr=lambda body: f"<{len(body)} bytes>")
    blobs: tuple[Digest, ...] = ()
    children: tuple[Digest, ...] = ()
    subject: Digest | None = None
    artifact_type: str = ""
    annotations: dict[str, str] = attrs.field(factory=dict)
    content_bytes: int = 0

    @property
    def is_index(self) -> bool:
        """Whether this refers to image manifests, and not to blobs."""
        return self.media_type in INDEXES


def parse_document(media_type: str, body: bytes) -> Document:
    """Read a document that comes with the `Content-Type` `media_type`.

    Raises:
        Refusal: it is no proper image manifest or index of that type.
    """
    if media_type not in SUPPORTED:
        raise _invalid(f"media type {media_type!r} is not supported")
    try:
        parsed = _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _invalid(f"not an image manifest: {error}") from error
    if parsed.schema_version != 2:
        raise _invalid(f"schemaVersion is {parsed.schema_version}, not 2")
    if parsed.media_type != media_type and (parsed.media_type or media_type in _MUST_NAME_THEIR_TYPE):
        raise _invalid(f"the body has the media type {parsed.media_type!r}, the request says {media_type!r}")
    details = _index(parsed) if media_type in INDEXES else _image(parsed)
    return Document(
        digest=Digest(f"sha256:{hashlib.sha256(body).hexdigest()}"),
        media_type=media_type,
        body=body,
        subject=_digest(parsed.subject) if parsed.subject is not None else None,
        annotations=parsed.annotations or {},
        **details,
    )


def _index(parsed: _Body) -> dict[str, Any]:
    if parsed.manifests is None or parsed.layers is not None or parsed.config is not None:
        raise _invalid("an index has manifests, and neither layers nor a config")
    blobs = [child for child in parsed.manifests if child.media_type.startswith(_BLOBS)]
    return {
        "children": tuple(dict.fromkeys(_digest(child) for child in parsed.manifests if child not in blobs)),
        "blobs": tuple(dict.fromkeys(_digest(blob) for blob in blobs)),
        "artifact_type": parsed.artifact_type,
    }


def _image(parsed: _Body) -> dict[str, Any]:
    if parsed.config is None or parsed.layers is None or parsed.manifests is not None:
        raise _invalid("an image manifest has a config and layers, and no manifests")
    wanted = [parsed.config, *(layer for layer in parsed.layers if not _is_foreign(layer))]
    return {
        "blobs": tuple(dict.fromkeys(_digest(descriptor) for descriptor in wanted)),
        "artifact_type": parsed.artifact_type or parsed.config.media_type,
        "content_bytes": parsed.config.size + sum(layer.size for layer in parsed.layers),
    }


def _is_foreign(layer: _Descriptor) -> bool:
    """Whether a layer is fetched from elsewhere, so that the registry need not hold it."""
    if not layer.media_type.startswith(_FOREIGN):
        return False
    _digest(layer)
    if not layer.urls:
        raise _invalid(f"foreign layer {layer.digest} has no urls")
    return True


def _digest(descriptor: _Descriptor) -> Digest:
    if descriptor.size < 0:
        raise _invalid(f"{descriptor.digest} has a negative size")
    try:
        return parse_digest(descriptor.digest)
    except InvalidReference as error:
        raise _invalid(str(error)) from error


def _invalid(message: str) -> Refusal:
    return refusal(400, "MANIFEST_INVALID", message)
