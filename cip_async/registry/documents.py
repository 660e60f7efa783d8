"""Image manifests and indexes parsed from a registry's bytes; pure.

Rules beyond the OCI image specification, each against a known attack or defect: the document must be what its
media type says (GHSA-mc8v-mgrf-8f4m: one body read as index and as manifest), every digest is parsed before it
can enter a URL (CVE-2024-3727), and foreign layers (`urls`) are never fetched (CVE-2020-15157).
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from cip_async.errors import InvalidContent, InvalidReference, UnsupportedContent
from cip_async.model.image import Descriptor, DocumentKind, ImageDocument
from cip_async.reference import Digest, Repository, parse_digest
from cip_async.registry.wire import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA_1,
    DOCKER_SCHEMA_1_SIGNED,
    OCI_INDEX,
    OCI_MANIFEST,
    UNDECODABLE,
    without_controls,
)

_FOREIGN: Final = frozenset(
    {
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    }
)
_BLOBS: Final = (
    "application/vnd.oci.image.layer.",
    "application/vnd.oci.image.config.",
    "application/vnd.docker.image.rootfs.",
    "application/vnd.docker.container.image.",
    "application/vnd.buildkit.cacheconfig.",
)
"""How the media types of blobs begin that an index names among its manifests, as the caches of BuildKit before 0.21 do
(https://docs.docker.com/build/cache/backends/#oci-media-types). No such type may be an error (OCI image specification,
"Image Index Property Descriptions")."""
_INDEXES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
_IMAGES: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
_MEDIA_TYPE: Final = re.compile(r"[a-zA-Z0-9][\w!#$&^.+-]{0,126}/[a-zA-Z0-9][\w!#$&^.+-]{0,126}", re.ASCII)
"""RFC 6838, section 4.2. It goes into a header when the document is stored."""
_SCHEMA_1: Final = frozenset({DOCKER_SCHEMA_1, DOCKER_SCHEMA_1_SIGNED})


class _Descriptor(msgspec.Struct, rename={"media_type": "mediaType"}):
    digest: str
    size: int
    media_type: str = ""
    urls: list[str] | None = None


class _Document(
    msgspec.Struct,
    rename={"media_type": "mediaType", "schema_version": "schemaVersion", "fs_layers": "fsLayers"},
):
    schema_version: int = 0
    media_type: str = ""
    config: _Descriptor | None = None
    layers: list[_Descriptor] | None = None
    blobs: list[_Descriptor] | None = None
    manifests: list[_Descriptor] | None = None
    subject: _Descriptor | None = None
    fs_layers: object = None


_decoder: Final = msgspec.json.Decoder(_Document)


def parse_document(
    repository: Repository, digest: Digest, content_type: str, body: bytes, *, most_children: int
) -> ImageDocument:
    """Parse the bytes of `repository@digest`, which the caller has verified against `digest`.

    Raises:
        UnsupportedContent: a Docker schema 1 manifest; its digest is not that of its bytes, so no byte copy keeps it.
        InvalidContent: not a document of the type that `content_type` says.
    """
    where = f"manifest {digest} of {repository.path}"
    refuse_schema_1(repository, digest, content_type)
    media_type = content_type.partition(";")[0].strip()
    try:
        document = _decoder.decode(body)
        if document.fs_layers is not None or document.schema_version == 1:
            raise UnsupportedContent(repository.host, where, _SCHEMA_1_REFUSED)
        media_type = _agreed_media_type(media_type, document)
        named = document.manifests or ()
        children = _unique(item for item in named if not item.media_type.startswith(_BLOBS))
        _check_children(digest, _unique(named), most_children)
        held = [
            *([document.config] if document.config else ()),
            *(document.layers or ()),
            *(document.blobs or ()),
            *(item for item in named if item.media_type.startswith(_BLOBS)),
        ]
        return ImageDocument(
            digest=digest,
            media_type=media_type,
            body=body,
            kind=DocumentKind.IMAGE if document.manifests is None else DocumentKind.INDEX,
            blobs=_unique(item for item in held if not item.urls and item.media_type not in _FOREIGN),
            children=children,
            subject=parse_digest(document.subject.digest) if document.subject else None,
            served_as=content_type.partition(";")[0].strip(),
        )
    except (_Refused, InvalidReference) as error:
        raise InvalidContent(repository.host, where, str(error)) from error
    except UNDECODABLE as error:
        raise InvalidContent(repository.host, where, f"not a valid image manifest: {error}") from error


def refuse_schema_1(repository: Repository, digest: Digest, content_type: str) -> None:
    """Refuse what is served as a Docker schema 1 manifest, of which a signed one seems to have the wrong digest.

    Raises:
        UnsupportedContent: it is one.
    """
    if content_type.partition(";")[0].strip() in _SCHEMA_1:
        raise UnsupportedContent(repository.host, f"manifest {digest} of {repository.path}", _SCHEMA_1_REFUSED)


def named_media_type(content_type: str) -> str:
    """The media type in a `Content-Type`, empty where none is named that can be handed on."""
    media_type = content_type.partition(";")[0].strip()
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else ""


class _Refused(ValueError):
    """A document breaks a rule; it leaves this module as an `InvalidContent` that says where."""


def _check_children(digest: Digest, children: tuple[Descriptor, ...], most: int) -> None:
    if any(child.digest == digest for child in children):
        raise _Refused("names itself as its child")
    if len(children) > most:
        raise _Refused(f"names {len(children)} manifests, more than {most}")


def _agreed_media_type(served: str, document: _Document) -> str:
    """The media type, if the header, the document's own word and its members agree."""
    said = document.media_type or served
    if not _MEDIA_TYPE.fullmatch(said):
        raise _Refused(f"has the malformed media type {without_controls(said)!r}")
    known = served in _INDEXES | _IMAGES
    if known and document.media_type and document.media_type != served:
        raise _Refused(f"says it is {document.media_type!r} and is served as {served!r}")
    media_type = served if known else said
    is_index = document.manifests is not None
    if is_index and (document.layers is not None or document.config is not None):
        raise _Refused("is an index and an image manifest at the same time")
    is_image = bool(document.config or document.layers or document.blobs)
    if media_type in (_IMAGES if is_index else _INDEXES) or not (is_index or is_image):
        raise _Refused(f"has the media type {media_type!r} without the members of one")
    return media_type


_SCHEMA_1_REFUSED: Final = (
    "is a Docker schema 1 manifest, which cannot be copied with its digest; rebuild the image in a current format"
)


def _unique(raw: Iterable[_Descriptor]) -> tuple[Descriptor, ...]:
    """Each digest once."""
    found: dict[Digest, Descriptor] = {}
    for item in raw:
        digest = parse_digest(item.digest)
        found.setdefault(digest, Descriptor(media_type=item.media_type, digest=digest, size_bytes=max(0, item.size)))
    return tuple(found.values())
