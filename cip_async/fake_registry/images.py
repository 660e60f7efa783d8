"""Images to fill a store with: the same seed makes the same bytes, for everybody and for ever; pure.

Large layers cost neither memory nor disk: their bytes are made while they are served.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import attrs
import msgspec

from cip_async.fake_registry.content import Content, Held, Synthetic, digest_of, seeded_bytes
from cip_async.fake_registry.documents import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    SCHEMA_1,
    SCHEMA_1_SIGNED,
    Document,
    parse_document,
)
from cip_async.fake_registry.store import Store
from cip_async.reference import Digest, Tag

Format = Literal["oci", "docker"]

_HELD_IN_MEMORY: Final = 64 * 1024
"""Bytes up to which a layer is simply kept; larger ones are made when they are read."""
_EMPTY_JSON: Final = "application/vnd.oci.empty.v1+json"
_LAYER: Final = {
    "oci": "application/vnd.oci.image.layer.v1.tar+gzip",
    "docker": "application/vnd.docker.image.rootfs.diff.tar.gzip",
}
_FOREIGN_LAYER: Final = {
    "oci": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "docker": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
}
_CONFIG: Final = {
    "oci": "application/vnd.oci.image.config.v1+json",
    "docker": "application/vnd.docker.container.image.v1+json",
}
_MANIFEST: Final = {"oci": OCI_MANIFEST, "docker": DOCKER_MANIFEST}
_INDEX: Final = {"oci": OCI_INDEX, "docker": DOCKER_LIST}


@attrs.frozen(kw_only=True)
class Image:
    """One image manifest or index, with the blobs and the children it refers to."""

    document: Document
    blobs: Mapping[Digest, Content] = attrs.field(factory=dict, repr=False)
    children: tuple["Image", ...] = ()
    platform: str = "amd64"

    @property
    def digest(self) -> Digest:
        """The digest of the document."""
        return self.document.digest

    @property
    def media_type(self) -> str:
        """The media type of the document."""
        return self.document.media_type

    @property
    def body(self) -> bytes:
        """The document, byte for byte."""
        return self.document.body

    def family(self) -> Iterator["Image"]:
        """Everything below this image and then itself, children before parents, each once."""
        seen: set[Digest] = set()
        for child in self.children:
            for member in child.family():
                if member.digest not in seen:
                    seen.add(member.digest)
                    yield member
        yield self

    @property
    def all_blobs(self) -> dict[Digest, Content]:
        """The blobs of this image and of everything below it."""
        return {digest: content for member in self.family() for digest, content in member.blobs.items()}


def layer(seed: str, size_bytes: int = 1000) -> Content:
    """A blob of that size whose bytes follow from `seed`."""
    if size_bytes <= _HELD_IN_MEMORY:
        return Held(seeded_bytes(seed, size_bytes))
    return Synthetic(size_bytes, seed)


def single(
    *,
    seed: str,
    layers: int | Sequence[Content] = 2,
    layer_bytes: int = 1000,
    foreign_layers: Sequence[str] = (),
    image_format: Format = "oci",
    platform: str = "amd64",
    annotations: Mapping[str, str] | None = None,
) -> Image:
    """An image for one platform.

    `layers` are so many of `layer_bytes` each, or just these. `foreign_layers` are URLs: layers that are described
    and that no registry holds.
    """
    contents = _layers(seed, layers, layer_bytes)
    described = [_descriptor(_LAYER[image_format], content) for content in contents]
    described += [_foreign(image_format, url) for url in foreign_layers]
    settings = {
        "architecture": platform,
        "os": "linux",
        "config": {"Labels": {"seed": seed}},
        "rootfs": {"type": "layers", "diff_ids": [descriptor["digest"] for descriptor in described]},
    }
    config = Held(msgspec.json.encode(settings))
    body = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST[image_format],
        "config": _descriptor(_CONFIG[image_format], config),
        "layers": described,
    }
    return _image(body, [config, *contents], annotations=annotations, platform=platform)


def multi_arch(
    *,
    seed: str,
    platforms: Sequence[str] = ("amd64", "arm64"),
    layers: int = 2,
    shared_layers: Sequence[Content] = (),
    layer_bytes: int = 1000,
    image_format: Format = "oci",
) -> Image:
    """An index with an image for each platform, all of which begin with `shared_layers`."""
    children = [
        single(
            seed=f"{seed}/{platform}",
            layers=[*shared_layers, *_layers(f"{seed}/{platform}", layers, layer_bytes)],
            image_format=image_format,
            platform=platform,
        )
        for platform in platforms
    ]
    return index(*children, image_format=image_format)


def index(*children: Image, image_format: Format = "oci", annotations: Mapping[str, str] | None = None) -> Image:
    """An index (for Docker: a manifest list) of `children`, which may be indexes themselves."""
    body = {
        "schemaVersion": 2,
        "mediaType": _INDEX[image_format],
        "manifests": [
            {**document_descriptor(child), "platform": {"architecture": child.platform, "os": "linux"}}
            for child in children
        ],
    }
    return _image(body, [], children=children, annotations=annotations)


def artifact(
    *,
    seed: str,
    artifact_type: str = "application/vnd.example.signature",
    subject: Image | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Image:
    """An artifact: an image manifest with an empty config and one blob, which may refer to a subject."""
    config, content = Held(b"{}"), layer(f"{seed}/artifact")
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": _descriptor(_EMPTY_JSON, config),
        "layers": [_descriptor("application/octet-stream", content)],
    }
    if subject is not None:
        body["subject"] = document_descriptor(subject)
    return _image(body, [config, content], annotations=annotations)


def schema_1(*, seed: str, layers: int = 1, signed: bool = True) -> Image:
    """An image of Docker's old schema 1, which no PUT takes any more; put into a store it can be read.

    The digest of a signed one is that of its payload, without the signatures.
    """
    contents = _layers(seed, layers, 1000)
    payload = msgspec.json.format(
        msgspec.json.encode(
            {
                "schemaVersion": 1,
                "name": "library/old",
                "tag": "latest",
                "architecture": "amd64",
                "fsLayers": [{"blobSum": digest_of(content)} for content in contents],
                "history": [{"v1Compatibility": "{}"} for _ in contents],
            }
        ),
        indent=3,
    )
    document = Document(
        digest=Digest(f"sha256:{hashlib.sha256(payload).hexdigest()}"),
        media_type=SCHEMA_1_SIGNED if signed else SCHEMA_1,
        body=_signed(payload) if signed else payload,
        blobs=tuple(digest_of(content) for content in contents),
    )
    return Image(document=document, blobs={digest_of(content): content for content in contents})


def document_descriptor(image: Image) -> dict[str, Any]:
    """How another document refers to `image`."""
    return {"mediaType": image.media_type, "digest": image.digest, "size": len(image.body)}


def push(store: Store, path: str, image: Image, tags: Sequence[str] = ()) -> Digest:
    """Put an image with everything below it into a repository, without any request, and point `tags` to it."""
    push_blobs(store, path, image)
    for member in image.family():
        store.add_document(path, member.document, map(Tag, tags) if member is image else ())
    return image.digest


def push_blobs(store: Store, path: str, image: Image) -> None:
    """Put the blobs of an image into a repository, as a push that was interrupted leaves it."""
    for digest, content in image.all_blobs.items():
        store.add_blob(path, content, digest)


def _image(
    body: dict[str, Any],
    contents: Sequence[Content],
    *,
    children: tuple[Image, ...] = (),
    annotations: Mapping[str, str] | None = None,
    platform: str = "amd64",
) -> Image:
    if annotations is not None:
        body["annotations"] = dict(annotations)
    document = parse_document(body["mediaType"], msgspec.json.encode(body))
    blobs = {digest_of(content): content for content in contents}
    return Image(document=document, blobs=blobs, children=children, platform=platform)


def _layers(seed: str, layers: int | Sequence[Content], layer_bytes: int) -> list[Content]:
    if isinstance(layers, int):
        return [layer(f"{seed}/{number}", layer_bytes) for number in range(layers)]
    return list(layers)


def _descriptor(media_type: str, content: Content) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": content.size_bytes}


def _foreign(image_format: Format, url: str) -> dict[str, Any]:
    return {**_descriptor(_FOREIGN_LAYER[image_format], layer(url)), "urls": [url]}


def _signed(payload: bytes) -> bytes:
    """`payload` with a signature in the shape of libtrust's JSON signatures; nobody's key verifies it."""
    head, tail = payload[:-2], payload[-2:]
    protected = {"formatLength": len(head), "formatTail": _base64(tail)}
    signature = {
        "header": {"alg": "ES256"},
        "signature": _base64(seeded_bytes("signature", 64)),
        "protected": _base64(msgspec.json.encode(protected)),
    }
    return head + b',\n   "signatures": ' + msgspec.json.encode([signature]) + tail


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
