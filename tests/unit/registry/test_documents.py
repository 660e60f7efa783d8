"""Which bytes are an image manifest or an index, and what they refer to."""

import json
from typing import Any

import pytest

from cip_async.errors import UnsupportedContent, UntrustedAnswer
from cip_async.model.image import Descriptor, DocumentKind, ImageDocument
from cip_async.reference import Digest, Host, Repository
from cip_async.registry.documents import named_media_type, parse_document
from cip_async.registry.wire import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA_1,
    DOCKER_SCHEMA_1_SIGNED,
    OCI_INDEX,
    OCI_MANIFEST,
)

FOO = Repository(Host("us.example"), "prod/foo")
OWN, A, B, C = (Digest(f"sha256:{letter * 64}") for letter in "0abc")
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def descriptor(digest: str = A, media_type: str = LAYER, size: int = 7, **more: object) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest, "size": size, **more}


CONFIG = descriptor(A, "application/vnd.oci.image.config.v1+json")


def parse(content_type: str = OCI_MANIFEST, most_children: int = 9, **members: object) -> ImageDocument:
    body = json.dumps({"schemaVersion": 2, **members}).encode()
    return parse_document(FOO, OWN, content_type, body, most_children=most_children)


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, DOCKER_MANIFEST])
def test_an_image_refers_to_its_config_and_layers(media_type: str) -> None:
    image = parse(media_type, mediaType=media_type, config=CONFIG, layers=[descriptor(B), descriptor(C)])
    assert (image.kind, image.media_type, image.digest) == (DocumentKind.IMAGE, media_type, OWN)
    assert [blob.digest for blob in image.blobs] == [A, B, C]
    assert image.blobs[1] == Descriptor(media_type=LAYER, digest=B, size_bytes=7)
    assert image.children == ()


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
def test_an_index_refers_to_documents(media_type: str) -> None:
    index = parse(media_type, mediaType=media_type, manifests=[descriptor(A, OCI_MANIFEST)])
    assert (index.kind, index.media_type) == (DocumentKind.INDEX, media_type)
    assert [child.digest for child in index.children] == [A]
    assert index.blobs == ()


@pytest.mark.parametrize("media_type", [LAYER, CONFIG["mediaType"], "application/vnd.buildkit.cacheconfig.v0"])
def test_a_blob_among_the_manifests_of_an_index_is_a_blob(media_type: str) -> None:
    index = parse(OCI_INDEX, manifests=[descriptor(A, OCI_MANIFEST), descriptor(B, media_type)])
    assert index.kind is DocumentKind.INDEX
    assert [child.digest for child in index.children] == [A]
    assert index.blobs == (Descriptor(media_type=media_type, digest=B, size_bytes=7),)


def test_what_an_index_names_with_an_unknown_type_is_a_document() -> None:
    index = parse(OCI_INDEX, manifests=[descriptor(A, "application/vnd.example.manifest.v3+json")])
    assert [child.digest for child in index.children] == [A]


def test_an_index_may_be_empty() -> None:
    assert parse(OCI_INDEX, manifests=[]).children == ()


def test_the_bytes_are_kept_as_they_are() -> None:
    body = b' {"config" : {"size":7,"digest":"%s"} }\n' % A.encode()
    assert parse_document(FOO, OWN, OCI_MANIFEST, body, most_children=9).body == body


def test_an_artifact_may_have_any_type_and_a_subject() -> None:
    artifact = parse(
        config=descriptor(A, "application/vnd.oci.empty.v1+json"),
        layers=[descriptor(B, "text/spdx+json")],
        subject=descriptor(C, OCI_MANIFEST),
        artifactType="application/x",
        annotations={"a": "b"},
    )
    assert artifact.subject == C
    assert [blob.media_type for blob in artifact.blobs][1] == "text/spdx+json"


def test_content_named_twice_is_needed_once() -> None:
    assert [
        blob.digest for blob in parse(config=CONFIG, layers=[descriptor(B), descriptor(A), descriptor(B)]).blobs
    ] == [A, B]


@pytest.mark.parametrize(
    "foreign",
    [
        descriptor(B, urls=["https://thief.example/layer"]),
        descriptor(B, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
        descriptor(B, "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"),
    ],
)
def test_foreign_layers_are_left_out(foreign: dict[str, object]) -> None:
    assert [blob.digest for blob in parse(config=CONFIG, layers=[foreign, descriptor(C)]).blobs] == [A, C]


def test_a_child_is_needed_even_if_it_could_be_had_elsewhere_too() -> None:
    index = parse(OCI_INDEX, manifests=[descriptor(A, OCI_MANIFEST, urls=["https://elsewhere.example/x"])])
    assert [child.digest for child in index.children] == [A]


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "text/plain; charset=utf-8", "application/octet-stream"]
)
def test_a_registry_that_names_no_proper_type_is_told_by_the_document(content_type: str) -> None:
    assert parse(content_type, mediaType=OCI_INDEX, manifests=[]).media_type == OCI_INDEX


def test_parameters_of_the_type_do_not_matter() -> None:
    assert parse(f"{OCI_MANIFEST}; charset=utf-8", config=CONFIG).media_type == OCI_MANIFEST


@pytest.mark.parametrize(
    "content_type", [DOCKER_SCHEMA_1, DOCKER_SCHEMA_1_SIGNED, f"{DOCKER_SCHEMA_1_SIGNED}; charset=utf-8"]
)
def test_schema_1_is_refused_by_its_type(content_type: str) -> None:
    with pytest.raises(UnsupportedContent, match="schema 1 manifest, which cannot be copied with its digest"):
        parse_document(FOO, OWN, content_type, b"not even JSON", most_children=9)


@pytest.mark.parametrize("members", [{"schemaVersion": 1}, {"fsLayers": []}])
def test_schema_1_is_refused_by_its_members(members: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedContent, match="schema 1"):
        parse("application/json", config=CONFIG, **members)


@pytest.mark.parametrize(
    ("content_type", "members", "reason"),
    [
        (OCI_INDEX, {"manifests": [], "layers": []}, "an index and an image manifest at the same time"),
        (OCI_INDEX, {"manifests": [], "config": CONFIG}, "an index and an image manifest at the same time"),
        (OCI_MANIFEST, {"manifests": []}, "without the members of one"),
        (OCI_INDEX, {"config": CONFIG}, "without the members of one"),
        (OCI_MANIFEST, {}, "without the members of one"),
        (OCI_MANIFEST, {"mediaType": OCI_INDEX, "config": CONFIG}, "and is served as"),
        (OCI_INDEX, {"mediaType": DOCKER_LIST, "manifests": []}, "and is served as"),
        ("", {"config": CONFIG}, "malformed media type ''"),
        ("text", {"config": CONFIG}, "malformed media type 'text'"),
        ("x/y", {"mediaType": "x/y\r\nX-Evil: 1", "config": CONFIG}, "malformed media type"),
        ("x/y", {"mediaType": "x/" + "y" * 100_000, "config": CONFIG}, "malformed media type"),
        (OCI_MANIFEST, {"config": descriptor("sha256:../../secret")}, "digest .* is malformed"),
        (OCI_MANIFEST, {"config": descriptor("md5:" + "a" * 32)}, "digest .* is malformed"),
        (OCI_MANIFEST, {"config": CONFIG, "subject": descriptor("latest")}, "digest .* is malformed"),
        (OCI_MANIFEST, {"config": CONFIG, "layers": [descriptor("x")]}, "digest .* is malformed"),
        (OCI_MANIFEST, {"config": {"digest": A}}, "not a valid image manifest"),
        (OCI_MANIFEST, {"layers": "none"}, "not a valid image manifest"),
        (OCI_INDEX, {"manifests": [descriptor(OWN, OCI_INDEX)]}, "names itself as its child"),
        (OCI_INDEX, {"manifests": [descriptor(A), descriptor(B), descriptor(C)]}, "names 3 manifests, more than 2"),
    ],
)
def test_a_document_that_is_not_what_it_says_is_refused(
    content_type: str, members: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UntrustedAnswer, match=reason) as refused:
        parse(content_type, most_children=2, **members)
    assert str(refused.value).startswith(f"us.example: manifest {OWN} of prod/foo: ")
    assert len(str(refused.value)) < 700


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"x"', b"{", b'{"mediaType":"\xff"}', b'{"x":' + b"[" * 200_000]
)
def test_bytes_that_are_no_document_are_refused(body: bytes) -> None:
    with pytest.raises(UntrustedAnswer, match="not a valid image manifest"):
        parse_document(FOO, OWN, OCI_MANIFEST, body, most_children=9)


def test_a_negative_size_counts_as_nothing() -> None:
    assert parse(config=descriptor(A, size=-5)).blobs[0].size_bytes == 0


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        (f"{OCI_MANIFEST}; charset=utf-8", OCI_MANIFEST),
        (f" {OCI_INDEX} ", OCI_INDEX),
        ("", ""),
        ("text", ""),
        ("text/\udcff", ""),
        ("a/b\x1b[2J", ""),
    ],
)
def test_a_type_in_a_header_is_handed_on_if_it_is_one(content_type: str, media_type: str) -> None:
    assert named_media_type(content_type) == media_type
