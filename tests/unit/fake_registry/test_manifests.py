"""Reading, writing and deleting documents."""

import pytest
from multidict import CIMultiDict

from cip_async.fake_registry import images
from cip_async.fake_registry.manifests import delete_manifest, get_manifest, put_manifest
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store
from cip_async.fake_registry.visit import Reply
from tests.unit.fake_registry.visits import refused, sent, visit

A = images.single(seed="a")
B = images.single(seed="b")


@pytest.fixture
def store() -> Store:
    """Holds A as `v1`, and the blobs of B."""
    store = Store()
    images.push(store, "path", A, ["v1"])
    images.push_blobs(store, "path", B)
    return store


def put(
    store: Store, reference: str, image: images.Image, *, rules: Rules | None = None, media_type: str | None = None
) -> Reply:
    headers = {"Content-Type": image.media_type if media_type is None else media_type}
    target = f"/v2/path/manifests/{reference}"
    return put_manifest(visit("PUT", target, store=store, rules=rules, headers=headers), image.body)


def get(store: Store, reference: str, accept: str, rules: Rules | None = None) -> Reply:
    target = f"/v2/path/manifests/{reference}"
    return get_manifest(visit("GET", target, store=store, rules=rules, headers={"Accept": accept}))


@pytest.mark.parametrize("reference", ["v1", A.digest])
@pytest.mark.parametrize("accept", [A.media_type, f"text/html, {A.media_type};q=0.5"])
def test_a_document_is_given_byte_for_byte(store: Store, reference: str, accept: str) -> None:
    reply = get(store, reference, accept)
    assert sent(reply) == A.body
    assert (reply.headers["Content-Type"], reply.headers["Docker-Content-Digest"]) == (A.media_type, A.digest)


def test_what_is_accepted_may_stand_in_several_headers(store: Store) -> None:
    asked = visit("GET", "/v2/path/manifests/v1", store=store, headers={"Accept": "text/html"})
    asked.headers = CIMultiDict([("Accept", "text/html"), ("Accept", A.media_type)])
    assert sent(get_manifest(asked)) == A.body


@pytest.mark.parametrize("accept", ["", "*/*", "application/vnd.docker.distribution.manifest.v2+json"])
def test_a_document_whose_type_is_not_accepted_is_not_there(store: Store, accept: str) -> None:
    with refused(404, "MANIFEST_UNKNOWN"):
        get(store, "v1", accept)


def test_a_lenient_registry_gives_a_document_whatever_is_accepted(store: Store) -> None:
    assert sent(get(store, "v1", "", Rules(strict_accept=False))) == A.body


def test_a_document_is_put_by_tag(store: Store) -> None:
    reply = put(store, "v2", B)
    assert (reply.status, reply.headers["Docker-Content-Digest"]) == (201, B.digest)
    assert reply.headers["Location"] == f"/v2/path/manifests/{B.digest}"
    assert "OCI-Tag" not in reply.headers
    assert store.repository("path").tags == {"v1": A.digest, "v2": B.digest}


def test_a_document_is_put_by_digest_without_a_tag(store: Store) -> None:
    assert put(store, B.digest, B).status == 201
    assert store.repository("path").untagged == {B.digest}


def test_several_tags_are_written_by_one_put_and_each_is_confirmed(store: Store) -> None:
    reply = put(store, f"{B.digest}?tag=x&tag=y&tag=x", B)
    assert reply.headers.getall("OCI-Tag") == ["x", "y"]
    assert store.repository("path").tags == {"v1": A.digest, "x": B.digest, "y": B.digest}


def test_a_registry_that_does_not_know_several_tags_writes_none_of_them(store: Store) -> None:
    reply = put(store, f"{B.digest}?tag=x", B, rules=Rules(several_tags=False))
    assert reply.status == 201
    assert "OCI-Tag" not in reply.headers
    assert store.repository("path").tags == {"v1": A.digest}


def test_too_many_tags_are_refused(store: Store) -> None:
    with refused(414, "SIZE_INVALID"):
        put(store, f"{B.digest}?tag=x&tag=y", B, rules=Rules(most_tags=1))


def test_further_tags_beside_a_tag_are_refused(store: Store) -> None:
    with refused(400, "MANIFEST_INVALID"):
        put(store, "v2?tag=x", B)


def test_a_body_with_another_digest_is_refused(store: Store) -> None:
    with refused(400, "DIGEST_INVALID"):
        put(store, A.digest, B)


def test_a_type_that_is_not_that_of_the_body_is_refused(store: Store) -> None:
    with refused(400, "MANIFEST_INVALID"):
        put(store, "v2", B, media_type="application/vnd.oci.image.index.v1+json")


@pytest.mark.parametrize("signed", [True, False])
def test_schema_1_is_refused_even_where_it_is_known(store: Store, signed: bool) -> None:
    old = images.schema_1(seed="old", signed=signed)
    images.push(store, "old", old)
    with refused(400, "MANIFEST_INVALID"):
        put(store, "v2", old)


@pytest.mark.parametrize(("reference", "code"), [(".v2", "NAME_INVALID"), ("sha256:x", "DIGEST_INVALID")])
def test_a_malformed_reference_is_refused(store: Store, reference: str, code: str) -> None:
    with refused(400, code):
        put(store, reference, B)


@pytest.mark.parametrize("referrers", [True, False])
def test_a_registry_that_minds_subjects_says_so(store: Store, referrers: bool) -> None:
    signature = images.artifact(seed="s", subject=A)
    images.push_blobs(store, "path", signature)
    reply = put(store, signature.digest, signature, rules=Rules(referrers=referrers))
    assert reply.headers.get("OCI-Subject") == (A.digest if referrers else None)


def test_a_document_is_deleted_with_its_tags(store: Store) -> None:
    assert delete_manifest(visit("DELETE", f"/v2/path/manifests/{A.digest}", store=store)).status == 202
    assert (store.repository("path").manifests, dict(store.repository("path").tags)) == ({}, {})


def test_a_tag_is_deleted_without_its_document(store: Store) -> None:
    assert delete_manifest(visit("DELETE", "/v2/path/manifests/v1", store=store)).status == 202
    assert store.repository("path").untagged == {A.digest}


def test_a_registry_may_know_no_deletion(store: Store) -> None:
    with refused(405, "UNSUPPORTED"):
        delete_manifest(visit("DELETE", "/v2/path/manifests/v1", store=store, rules=Rules(deletes=False)))


def test_a_forgetful_registry_refuses_a_document_and_names_what_it_refers_to(store: Store) -> None:
    asked = visit("PUT", f"/v2/path/manifests/{B.digest}", store=store, headers={"Content-Type": B.media_type})
    asked.forgetful = True
    with refused(400, "MANIFEST_BLOB_UNKNOWN"):
        put_manifest(asked, B.body)
