"""Image manifests and indexes as the copier needs them: bytes, media type, and what they refer to."""

import enum

import attrs

from cip_async.reference import Digest


class DocumentKind(enum.Enum):
    """What a document of the OCI image specification, or Docker's older one, describes."""

    IMAGE = "image"
    """An image manifest, of an image or of any other artifact: it refers to blobs."""
    INDEX = "index"
    """An index or manifest list: it refers to other documents."""


@attrs.frozen(kw_only=True)
class Descriptor:
    """A reference from one document to content: `media_type`, `digest` and the size the document declares."""

    media_type: str
    digest: Digest
    size_bytes: int


@attrs.frozen(kw_only=True)
class ImageDocument:
    """One image manifest or index, its exact bytes kept.

    `blobs` are what the repository must hold before the document: config and layers, without foreign
    layers, each once, in the order of the document; of an index, what it names that is no document.
    `children` are the documents an index refers to. `subject` is the digest of the document this one
    is attached to, if any. `served_as` is the media type that the registry gave it with.
    """

    digest: Digest
    media_type: str
    body: bytes = attrs.field(repr=False)
    kind: DocumentKind
    blobs: tuple[Descriptor, ...] = ()
    children: tuple[Descriptor, ...] = ()
    subject: Digest | None = None
    served_as: str = attrs.field(default="", eq=False)
