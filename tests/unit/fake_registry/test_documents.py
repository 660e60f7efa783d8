"""What the registry takes for an image manifest or index."""

from typing import Any

import msgspec
import pytest

from cip_async.fake_registry.documents import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    SCHEMA_1,
    SCHEMA_1_SIGNED,
    parse_document,
)
from tests.unit.fake_registry.visits import refused

CONFIG = "sha256:" + "c" * 64
LAYER = "sha256:" + "1" * 64
CHILD = "sha256:" + "a" * 64


def image(**changes: Any) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": CONFIG, "size": 7},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": LAYER, "size": 11}],
        **changes,
    }


def index(**changes: Any) -> dict[str, Any]:
    described = {"mediaType": OCI_MANIFEST, "digest": CHILD, "size": 100}
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [described], **changes}


def test_an_image_manifest_refers_to_its_config_and_layers() -> None:
    document = parse_document(OCI_MANIFEST, msgspec.json.encode(image()))
    assert (document.blobs, document.children, document.content_bytes) == ((CONFIG, LAYER), (), 18)
    assert not document.is_index


def test_an_index_refers_to_its_children_and_has_no_size() -> None:
    document = parse_document(OCI_INDEX, msgspec.json.encode(index()))
    assert (document.blobs, document.children, document.content_bytes) == ((), (CHILD,), 0)
    assert document.is_index


def test_a_layer_that_is_named_twice_is_referred_to_once() -> None:
    layers = image()["layers"] * 2
    assert parse_document(OCI_MANIFEST, msgspec.json.encode(image(layers=layers))).blobs == (CONFIG, LAYER)


def test_an_image_without_artifact_type_has_that_of_its_config() -> None:
    document = parse_document(OCI_MANIFEST, msgspec.json.encode(image()))
    assert document.artifact_type == "application/vnd.oci.image.config.v1+json"


def test_an_oci_document_need_not_name_its_type() -> None:
    body = image()
    del body["mediaType"]
    assert parse_document(OCI_MANIFEST, msgspec.json.encode(body)).media_type == OCI_MANIFEST


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        (DOCKER_MANIFEST, image()),
        (DOCKER_MANIFEST, image(mediaType="")),
        (DOCKER_LIST, index(mediaType="")),
        (OCI_INDEX, image()),
        (OCI_MANIFEST, index(mediaType=OCI_MANIFEST)),
        (OCI_INDEX, image(mediaType=OCI_INDEX)),
        (OCI_INDEX, index(layers=[])),
        (OCI_MANIFEST, image(layers=None)),
        (OCI_MANIFEST, image(config=None)),
        (OCI_MANIFEST, image(manifests=[])),
        (OCI_MANIFEST, image(schemaVersion=1)),
        (OCI_MANIFEST, image(config={"digest": "sha256:short", "size": 7})),
        (OCI_MANIFEST, image(config={"digest": CONFIG, "size": -1})),
        (OCI_MANIFEST, image(config={"digest": CONFIG})),
        (OCI_MANIFEST, image(subject={"digest": "none", "size": 1})),
        (SCHEMA_1, {"schemaVersion": 1}),
        (SCHEMA_1_SIGNED, {"schemaVersion": 1}),
        ("application/json", image()),
        (OCI_MANIFEST, []),
    ],
)
def test_what_is_no_proper_document_is_refused(media_type: str, body: object) -> None:
    with refused(400, "MANIFEST_INVALID"):
        parse_document(media_type, msgspec.json.encode(body))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 200_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with refused(400, "MANIFEST_INVALID"):
        parse_document(OCI_MANIFEST, body)


def test_a_foreign_layer_without_urls_is_refused() -> None:
    foreign = {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "digest": LAYER, "size": 1}
    with refused(400, "MANIFEST_INVALID"):
        parse_document(OCI_MANIFEST, msgspec.json.encode(image(layers=[foreign])))
