"""The content of one host, and the rules by which it changes."""

from typing import Any

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.content import Held, digest_of
from cip_async.fake_registry.holdings import Missing, TagWrite
from cip_async.fake_registry.refusal import Refusal
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store
from cip_async.reference import Digest, Tag
from tests.unit.fake_registry.visits import refused

A = images.single(seed="a")
B = images.single(seed="b")
INDEX = images.multi_arch(seed="index")
V1 = Tag("v1")


def put(store: Store, image: images.Image, *tags: str, rules: Rules | None = None) -> None:
    store.put_document("path", image.document, map(Tag, tags), rules or Rules())


# -- documents


def test_a_document_whose_blobs_are_missing_is_refused_and_all_of_them_are_named() -> None:
    with pytest.raises(Refusal) as raised:
        put(Store(), A, "v1")
    assert {complaint.detail for complaint in raised.value.complaints} == set(A.blobs)
    assert {complaint.code for complaint in raised.value.complaints} == {"MANIFEST_BLOB_UNKNOWN"}


def test_an_index_whose_children_are_missing_is_refused() -> None:
    store = Store()
    images.push(store, "path", INDEX.children[0])
    with pytest.raises(Refusal) as raised:
        put(store, INDEX)
    assert [complaint.detail for complaint in raised.value.complaints] == [INDEX.children[1].digest]


def test_blobs_of_another_repository_do_not_count() -> None:
    store = Store()
    images.push_blobs(store, "other", A)
    with refused(400, "MANIFEST_BLOB_UNKNOWN"):
        put(store, A)


def test_a_registry_may_call_missing_content_as_artifact_registry_does_and_name_none_of_it() -> None:
    with pytest.raises(Refusal) as raised:
        put(Store(), A, rules=Rules(unknown_code="BLOB_UNKNOWN", unknown_named=False))
    assert [(complaint.code, complaint.detail) for complaint in raised.value.complaints] == [("BLOB_UNKNOWN", None)]


def test_a_careless_registry_takes_documents_whose_content_is_missing() -> None:
    store = Store()
    put(store, A, "v1", rules=Rules(accept_missing=True))
    assert store.repository("path").tags == {"v1": A.digest}
    assert [write.complete for write in store.journal] == [False]


def test_a_subject_may_be_missing() -> None:
    store, signature = Store(), images.artifact(seed="s", subject=A)
    images.push_blobs(store, "path", signature)
    put(store, signature)
    assert store.missing_content() == []


def test_a_document_is_found_by_digest_and_by_tag() -> None:
    store = Store()
    images.push(store, "path", A, ["v1"])
    assert store.document("path", "v1") is store.document("path", A.digest) is A.document


def test_what_is_not_there_is_refused_by_its_kind() -> None:
    store = Store()
    images.push(store, "path", A)
    with refused(404, "NAME_UNKNOWN"):
        store.shelf("elsewhere")
    for path in ("path", "elsewhere"):
        with refused(404, "MANIFEST_UNKNOWN"):
            store.document(path, "v1")
        with refused(404, "BLOB_UNKNOWN"):
            store.blob(path, B.digest)


# -- tags


def test_the_journal_has_every_write_of_a_tag_in_order() -> None:
    store = Store()
    images.push(store, "path", A, ["v1"])
    images.push(store, "path", B, ["v1", "v2"])
    assert store.journal == [
        TagWrite(path="path", tag=V1, digest=A.digest, previous=None, complete=True),
        TagWrite(path="path", tag=V1, digest=B.digest, previous=A.digest, complete=True),
        TagWrite(path="path", tag=Tag("v2"), digest=B.digest, previous=None, complete=True),
    ]


def test_moved_tags_are_those_that_pointed_elsewhere_before() -> None:
    store = Store()
    images.push(store, "path", A, ["v1"])
    images.push(store, "path", A, ["v1"])
    assert store.moved_tags() == []
    images.push(store, "path", B, ["v1"])
    assert [write.digest for write in store.moved_tags()] == [B.digest]


def test_early_tags_are_those_whose_content_was_incomplete_at_the_time() -> None:
    store = Store()
    for member in INDEX.family():
        store.add_document("path", member.document, [V1] if member is INDEX else [])
    images.push_blobs(store, "path", INDEX)
    assert store.missing_content() == []
    assert [(write.tag, write.complete) for write in store.early_tags()] == [("v1", False)]


def test_a_tag_of_an_index_whose_grandchild_lacks_a_blob_is_early() -> None:
    nested = images.index(INDEX)
    store = Store()
    images.push(store, "path", nested)
    store.drop_blob("path", next(iter(INDEX.children[0].blobs)))
    store.add_document("path", nested.document, [V1])
    assert len(store.early_tags()) == 1


@pytest.mark.parametrize(
    ("immutable", "image"), [("no", A), ("no", B), ("moves", A)], ids=["no-same", "no-moved", "moves-same"]
)
def test_a_tag_that_exists_may_be_written_where_the_rules_let_it(immutable: Any, image: images.Image) -> None:
    store = Store()
    images.push(store, "path", A, ["v1"])
    images.push(store, "path", B)
    put(store, image, "v1", rules=Rules(immutable_tags=immutable))
    assert store.repository("path").tags == {"v1": image.digest}


@pytest.mark.parametrize(
    ("immutable", "image"), [("moves", B), ("all", A), ("all", B)], ids=["moves-moved", "all-same", "all-moved"]
)
def test_an_immutable_tag_stays(immutable: Any, image: images.Image) -> None:
    store = Store()
    images.push(store, "path", A, ["v1"])
    images.push(store, "path", B)
    with refused(400, "TAG_INVALID"):
        put(store, image, "v1", rules=Rules(immutable_tags=immutable))
    assert store.repository("path").tags == {"v1": A.digest}


def test_of_several_tags_none_is_written_if_one_must_not_be() -> None:
    store = Store()
    images.push(store, "path", A, ["v1"])
    images.push(store, "path", B)
    with refused(400, "TAG_INVALID"):
        put(store, B, "new", "v1", rules=Rules(immutable_tags="moves"))
    assert store.repository("path").tags == {"v1": A.digest}


# -- what is missing


def test_missing_content_names_what_refers_to_it_in_every_repository() -> None:
    store = Store()
    for path in ("one", "two"):
        images.push(store, path, A, ["v1"])
    layer = next(iter(A.blobs))
    store.drop_blob("one", layer)
    store.drop_document("two", A.digest)
    in_one = Missing(path="one", referrer=f"manifest {A.digest}", kind="blob", digest=layer)
    in_two = Missing(path="two", referrer="tag v1", kind="manifest", digest=A.digest)
    assert store.missing_content() == [in_one, in_two]
    assert store.missing_content("two") == [in_two]
    assert store.missing_content("unheard-of") == []
    assert str(in_two) == f"two: tag v1 refers to manifest {A.digest}, which is not there"


def test_a_document_may_be_dropped_with_its_tags_and_is_no_referrer_any_more() -> None:
    store, signature = Store(), images.artifact(seed="s", subject=A)
    images.push(store, "path", A, ["v1"])
    images.push(store, "path", signature, ["s1"])
    store.drop_document("path", signature.digest, with_tags=True)
    assert store.repository("path").tags == {"v1": A.digest}
    assert store.shelf("path").referrers == {A.digest: {}}


@pytest.mark.parametrize(
    ("drop", "code"),
    [
        (lambda store: store.drop_blob("path", A.digest), "BLOB_UNKNOWN"),
        (lambda store: store.drop_document("path", B.digest), "MANIFEST_UNKNOWN"),
        (lambda store: store.drop_tag("path", Tag("none")), "MANIFEST_UNKNOWN"),
    ],
)
def test_what_is_not_there_cannot_be_dropped(drop: object, code: str) -> None:
    store = Store()
    images.push(store, "path", A)
    with refused(404, code):
        drop(store)  # type: ignore[operator]


def test_a_dropped_tag_is_gone_and_its_image_stays() -> None:
    store = Store()
    images.push(store, "path", A, ["v1"])
    store.drop_tag("path", V1)
    assert store.repository("path").tags == {}
    assert store.repository("path").untagged == {A.digest}


# -- repositories


def test_names_below_a_path_are_those_one_level_down() -> None:
    store = Store()
    for path in ("a/b/c", "a/b/d", "a/e", "f", "ab/x"):
        images.push(store, path, A)
    assert store.names_below("a") == ["b", "e"]
    assert store.names_below("a/b") == ["c", "d"]
    assert store.names_below("f") == []
    assert store.repositories() == ["a/b/c", "a/b/d", "a/e", "ab/x", "f"]


def test_what_a_test_holds_does_not_change_with_the_store() -> None:
    store = Store()
    images.push(store, "path", A, ["v1"])
    before = store.repository("path")
    images.push(store, "path", B, ["v2"])
    assert before.tags == {"v1": A.digest}
    assert set(before.manifests) == {A.digest}


# -- blobs


def test_a_blob_is_found_in_any_repository() -> None:
    store = Store()
    digest = store.add_blob("a", Held(b"bytes"))
    assert store.find_blob(digest) is store.blob("a", digest)
    assert store.find_blob(Digest("sha256:" + "0" * 64)) is None


# -- uploads


def test_an_upload_becomes_a_blob_if_its_bytes_have_the_digest() -> None:
    store = Store()
    upload = store.open_upload("path", keeps=True)
    upload.write(b"by")
    upload.write(b"tes")
    digest = digest_of(Held(b"bytes"))
    store.close_upload(upload, digest)
    assert b"".join(store.blob("path", digest).pieces(0, 5)) == b"bytes"
    assert store.open_uploads == 0


def test_an_upload_with_other_bytes_is_refused_and_over() -> None:
    store = Store()
    upload = store.open_upload("path", keeps=True)
    upload.write(b"other")
    with refused(400, "DIGEST_INVALID"):
        store.close_upload(upload, digest_of(Held(b"bytes")))
    assert store.open_uploads == 0
    with refused(404, "BLOB_UPLOAD_UNKNOWN"):
        store.upload("path", upload.name)


def test_an_upload_belongs_to_its_repository() -> None:
    store = Store()
    upload = store.open_upload("path", keeps=True)
    with refused(404, "BLOB_UPLOAD_UNKNOWN"):
        store.upload("other", upload.name)


def test_bytes_that_are_known_already_are_not_kept_again() -> None:
    store = Store()
    digest = store.add_blob("here", Held(b"bytes"))
    upload = store.open_upload("there", keeps=True)
    store.expect(upload, digest)
    upload.write(b"bytes")
    assert not upload.keeps
    store.close_upload(upload, digest)
    assert store.blob("there", digest) is store.blob("here", digest)


def test_an_upload_that_is_hashed_and_dropped_leaves_a_blob_with_a_size() -> None:
    store = Store()
    upload = store.open_upload("path", keeps=False)
    upload.write(b"bytes")
    digest = digest_of(Held(b"bytes"))
    store.close_upload(upload, digest)
    assert (store.blob("path", digest).size_bytes, store.blob("path", digest).readable) == (5, False)


def test_another_hash_than_sha256_is_known_where_bytes_are_kept() -> None:
    store = Store()
    digest = digest_of(Held(b"bytes"), "sha512")
    kept, dropped = (store.open_upload("path", keeps=keeps) for keeps in (True, False))
    for upload in (kept, dropped):
        upload.write(b"bytes")
    store.close_upload(kept, digest)
    assert store.has_blob("path", digest)
    with refused(400, "UNSUPPORTED"):
        store.close_upload(dropped, digest)


def test_all_uploads_can_be_forgotten() -> None:
    store = Store()
    store.open_upload("path", keeps=True)
    store.drop_uploads()
    assert store.open_uploads == 0


def test_the_same_writes_make_the_same_listing_times() -> None:
    one, other = Store(), Store()
    for store in (one, other):
        images.push(store, "path", INDEX, ["v1"])
    assert one.shelf("path").arrivals == other.shelf("path").arrivals
