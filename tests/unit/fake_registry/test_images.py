"""Images made from seeds."""

import hashlib

import msgspec
import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.content import Held, Synthetic, digest_of
from cip_async.fake_registry.documents import DOCKER_LIST, DOCKER_MANIFEST, SCHEMA_1_SIGNED, parse_document
from cip_async.fake_registry.store import Store


def test_the_same_seed_makes_the_same_image() -> None:
    assert images.multi_arch(seed="a") == images.multi_arch(seed="a")


def test_another_seed_makes_another_image() -> None:
    assert images.single(seed="a").digest != images.single(seed="b").digest


def test_an_image_names_its_config_and_its_layers() -> None:
    image = images.single(seed="a", layers=3, layer_bytes=77)
    body = msgspec.json.decode(image.body)
    assert list(image.blobs) == [body["config"]["digest"], *(layer["digest"] for layer in body["layers"])]
    assert [layer["size"] for layer in body["layers"]] == [77, 77, 77]


def test_the_digests_of_an_image_are_those_of_its_bytes() -> None:
    image = images.single(seed="a")
    assert image.digest == f"sha256:{hashlib.sha256(image.body).hexdigest()}"
    assert all(digest_of(content) == digest for digest, content in image.blobs.items())


def test_an_image_can_be_made_of_given_layers() -> None:
    base = images.layer("base", 500)
    one, other = images.single(seed="one", layers=[base]), images.single(seed="other", layers=[base])
    assert one.blobs.keys() & other.blobs.keys() == {digest_of(base)}


def test_a_large_layer_is_not_kept_in_memory() -> None:
    assert isinstance(images.layer("huge", 10 * 1024**3), Synthetic)
    assert isinstance(images.layer("small", 1000), Held)


def test_the_platforms_of_an_index_share_what_they_should_share_and_no_more() -> None:
    base = images.layer("base")
    image = images.multi_arch(seed="a", platforms=["amd64", "arm64", "s390x"], layers=1, shared_layers=[base])
    assert len(image.children) == 3
    assert len(image.all_blobs) == 3 * 2 + 1


def test_a_family_lists_children_before_parents_and_each_once() -> None:
    child = images.single(seed="child")
    inner = images.index(child, images.single(seed="other"))
    outer = images.index(inner, child)
    assert [member.digest for member in outer.family()] == [
        child.digest,
        inner.children[1].digest,
        inner.digest,
        outer.digest,
    ]


def test_docker_images_have_docker_types_throughout() -> None:
    image = images.multi_arch(seed="a", image_format="docker")
    assert (image.media_type, image.children[0].media_type) == (DOCKER_LIST, DOCKER_MANIFEST)
    assert b"oci" not in image.body + image.children[0].body


def test_a_foreign_layer_is_described_and_not_among_the_blobs() -> None:
    image = images.single(seed="a", layers=1, foreign_layers=["https://example.com/layer"])
    described = msgspec.json.decode(image.body)["layers"][1]
    assert described["urls"] == ["https://example.com/layer"]
    assert described["digest"] not in image.blobs
    assert described["digest"] not in image.document.blobs


def test_an_artifact_has_a_type_and_a_subject() -> None:
    image = images.single(seed="a")
    signature = images.artifact(seed="s", artifact_type="application/vnd.test", subject=image)
    assert signature.document.subject == image.digest
    assert signature.document.artifact_type == "application/vnd.test"


def test_a_signed_schema_1_image_has_the_digest_of_its_payload() -> None:
    image = images.schema_1(seed="a")
    body = msgspec.json.decode(image.body)
    assert image.media_type == SCHEMA_1_SIGNED
    assert body["signatures"]
    assert image.digest != f"sha256:{hashlib.sha256(image.body).hexdigest()}"
    assert image.digest == f"sha256:{hashlib.sha256(images.schema_1(seed='a', signed=False).body).hexdigest()}"


def test_annotations_are_written() -> None:
    document = images.single(seed="a", annotations={"who": "me"}).document
    assert parse_document(document.media_type, document.body).annotations == {"who": "me"}


@pytest.mark.parametrize(
    "image",
    [
        images.single(seed="a"),
        images.multi_arch(seed="a"),
        images.index(images.multi_arch(seed="a"), images.single(seed="b")),
        images.artifact(seed="a", subject=images.single(seed="a")),
        images.single(seed="a", foreign_layers=["https://example.com/"]),
        images.schema_1(seed="a"),
    ],
    ids=["single", "multi-arch", "nested", "artifact", "foreign", "schema-1"],
)
def test_what_was_pushed_is_complete(image: images.Image) -> None:
    store = Store()
    assert images.push(store, "path", image, ["a", "b"]) == image.digest
    held = store.repository("path")
    assert held.tags == {"a": image.digest, "b": image.digest}
    assert store.missing_content("path") == []
    assert store.early_tags() == []
    assert held.blobs == set(image.all_blobs)


def test_blobs_can_be_pushed_alone() -> None:
    store, image = Store(), images.multi_arch(seed="a")
    images.push_blobs(store, "path", image)
    assert store.repository("path").blobs == set(image.all_blobs)
    assert store.repository("path").manifests == {}
