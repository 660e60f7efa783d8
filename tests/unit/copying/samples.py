"""Small images to place: short names stand for digests, and every blob has ten bytes."""

import hashlib

from cip_async.copying.graph import Want
from cip_async.model.image import Descriptor, DocumentKind, ImageDocument
from cip_async.reference import Digest, Repository, parse_repository, parse_tag

SOURCE = parse_repository("gcr.io/staging/app")
EU = parse_repository("eu.gcr.io/prod/app")
EU_OTHER = parse_repository("eu.gcr.io/prod/other")
EU_THIRD = parse_repository("eu.gcr.io/prod/third")
US = parse_repository("us.gcr.io/prod/app")
AT_HOME = parse_repository("gcr.io/prod/app")

Documents = dict[Digest, ImageDocument]


def digest(name: str) -> Digest:
    """A digest that follows from a short name."""
    return Digest(f"sha256:{hashlib.sha256(name.encode()).hexdigest()}")


def blob(name: str) -> Descriptor:
    """A blob of ten bytes."""
    return Descriptor(media_type="application/octet-stream", digest=digest(name), size_bytes=10)


def image(name: str, *blobs: str) -> ImageDocument:
    """An image manifest that refers to these blobs."""
    return ImageDocument(
        digest=digest(name),
        media_type="application/vnd.oci.image.manifest.v1+json",
        body=name.encode(),
        kind=DocumentKind.IMAGE,
        blobs=tuple(blob(each) for each in blobs),
    )


def index(name: str, *children: str) -> ImageDocument:
    """An index that refers to these documents."""
    return ImageDocument(
        digest=digest(name),
        media_type="application/vnd.oci.image.index.v1+json",
        body=name.encode(),
        kind=DocumentKind.INDEX,
        children=tuple(
            Descriptor(media_type="application/json", digest=digest(child), size_bytes=10) for child in children
        ),
    )


def documents(*made: ImageDocument) -> Documents:
    """Documents by their digest."""
    return {document.digest: document for document in made}


def want(
    name: str,
    *tags: str,
    to: Repository = EU,
    source: Repository = SOURCE,
    origin: Repository | None = None,
) -> Want:
    """That the document `name` is wanted in `to`."""
    return Want(
        source=source,
        origin=origin or source,
        destination=to,
        digest=digest(name),
        tags=tuple(parse_tag(tag) for tag in tags),
    )
