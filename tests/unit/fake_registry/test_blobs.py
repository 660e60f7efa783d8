"""Reading, mounting and deleting blobs."""

from typing import Literal

import pytest

from cip_async.fake_registry.blobs import delete_blob, get_blob, get_from_storage, mount_blob
from cip_async.fake_registry.content import Dropped, Held, digest_of
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store
from tests.unit.fake_registry.visits import refused, sent, visit

DATA = b"0123456789"
DIGEST = digest_of(Held(DATA))
BLOB = f"/v2/path/blobs/{DIGEST}"


@pytest.fixture
def store() -> Store:
    store = Store()
    store.add_blob("path", Held(DATA))
    return store


def test_a_blob_is_given_whole(store: Store) -> None:
    reply = get_blob(visit("GET", BLOB, store=store))
    assert (reply.status, sent(reply), reply.announced_bytes) == (200, DATA, 10)
    assert reply.headers["Docker-Content-Digest"] == DIGEST


@pytest.mark.parametrize(
    ("asked", "part", "said"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-100", DATA, "bytes 0-9/10"),
    ],
)
def test_a_part_of_a_blob_is_given(store: Store, asked: str, part: bytes, said: str) -> None:
    reply = get_blob(visit("GET", BLOB, store=store, headers={"Range": asked}))
    assert (reply.status, sent(reply), reply.headers["Content-Range"]) == (206, part, said)


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b"])
def test_a_range_that_means_nothing_is_not_heeded(store: Store, asked: str) -> None:
    assert get_blob(visit("GET", BLOB, store=store, headers={"Range": asked})).status == 200


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=11-12", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(store: Store, asked: str) -> None:
    with refused(416, "RANGE_INVALID"):
        get_blob(visit("GET", BLOB, store=store, headers={"Range": asked}))


def test_a_blob_of_another_repository_is_unknown(store: Store) -> None:
    store.add_blob("other", Held(b"other"))
    with refused(404, "BLOB_UNKNOWN"):
        get_blob(visit("GET", f"/v2/other/blobs/{DIGEST}", store=store))


def test_a_blob_whose_bytes_were_not_kept_can_be_asked_after_and_not_read() -> None:
    store = Store()
    store.add_blob("path", Dropped(10), DIGEST)
    assert get_blob(visit("HEAD", BLOB, store=store)).announced_bytes == 10
    with refused(410, "BLOB_UNKNOWN"):
        get_blob(visit("GET", BLOB, store=store))


# -- storage elsewhere


def test_a_blob_may_be_kept_elsewhere(store: Store) -> None:
    rules = Rules(blobs_redirect_to="http://storage")
    reply = get_blob(visit("GET", BLOB, store=store, rules=rules))
    assert reply.status == 307
    assert reply.headers["Location"].startswith(f"http://storage/storage/{DIGEST}?X-Signature=")
    assert get_blob(visit("HEAD", BLOB, store=store, rules=rules)).status == 200


def test_storage_gives_a_blob_of_any_host_by_its_signed_url(store: Store) -> None:
    location = get_blob(visit("GET", BLOB, store=store, rules=Rules(blobs_redirect_to=""))).headers["Location"]
    reply = get_from_storage(visit("GET", location, host="bucket", peers={"bucket": Store(), "gcr.io": store}))
    assert sent(reply) == DATA


def test_storage_refuses_another_signature_and_other_credentials_and_what_it_lacks(store: Store) -> None:
    location = get_blob(visit("GET", BLOB, store=store, rules=Rules(blobs_redirect_to=""))).headers["Location"]
    with refused(403, "DENIED"):
        get_from_storage(visit("GET", location.replace("%20", "+"), store=store))
    with refused(400, "DENIED"):
        get_from_storage(visit("GET", location, store=store, headers={"Authorization": "Bearer x"}))
    with refused(404, "BLOB_UNKNOWN"):
        get_from_storage(visit("GET", location, store=Store()))


# -- mounts


def mount(
    store: Store, query: str, rules: Rules | None = None, peers: dict[str, Store] | None = None, digest: str = DIGEST
) -> int:
    target = f"/v2/new/blobs/uploads/?mount={digest}{query}"
    reply = mount_blob(visit("POST", target, store=store, rules=rules, peers=peers))
    if reply.status == 201:
        assert reply.headers["Location"] == f"/v2/new/blobs/{digest}"
        assert store.open_uploads == 0
    else:
        assert reply.headers["Location"].startswith("/v2/new/blobs/uploads/")
        assert store.open_uploads == 1
    return reply.status


def test_a_blob_is_mounted_from_a_repository_that_holds_it(store: Store) -> None:
    assert mount(store, "&from=path") == 201
    assert store.has_blob("new", DIGEST)


@pytest.mark.parametrize("query", ["&from=other", "&from=new", ""])
def test_a_mount_from_where_the_blob_is_not_opens_an_upload(store: Store, query: str) -> None:
    assert mount(store, query) == 202
    assert not store.has_blob("new", DIGEST)


@pytest.mark.parametrize("query", ["&from=other", ""])
def test_a_registry_may_find_the_blob_wherever_it_is(store: Store, query: str) -> None:
    assert mount(store, query, Rules(mounts_from_anywhere=True)) == 201


def test_a_registry_may_mount_nothing(store: Store) -> None:
    assert mount(store, "&from=path", Rules(mounts=False)) == 202


@pytest.mark.parametrize(("origin_mounts", "status"), [("honoured", 201), ("opened", 202), ("unknown", 202)])
def test_google_mounts_from_another_host(
    store: Store, origin_mounts: Literal["honoured", "opened", "unknown"], status: int
) -> None:
    here = Store()
    peers = {"gcr.io": here, "us.gcr.io": store}
    assert mount(here, "&from=path&origin=us.gcr.io", Rules(origin_mounts=origin_mounts), peers) == status


def test_a_mount_from_another_host_may_be_denied(store: Store) -> None:
    with refused(403, "DENIED"):
        mount(store, "&from=path&origin=us.gcr.io", Rules(origin_mounts="denied"))


@pytest.mark.parametrize(("origin_mounts", "status"), [("honoured", 202), ("unknown", 201)])
def test_a_blob_of_this_host_is_none_of_another(
    store: Store, origin_mounts: Literal["honoured", "unknown"], status: int
) -> None:
    assert mount(store, "&from=path&origin=us.gcr.io", Rules(origin_mounts=origin_mounts)) == status


def test_a_host_that_names_itself_as_origin_means_itself(store: Store) -> None:
    assert mount(store, "&from=path&origin=gcr.io", Rules(origin_mounts="opened")) == 201


def test_a_mount_of_no_digest_is_refused(store: Store) -> None:
    with refused(400, "DIGEST_INVALID"):
        mount(store, "&from=path", digest="sha256:x")


# -- deletion


def test_a_blob_is_deleted(store: Store) -> None:
    assert delete_blob(visit("DELETE", BLOB, store=store)).status == 202
    assert not store.has_blob("path", DIGEST)


def test_a_registry_may_know_no_deletion(store: Store) -> None:
    with refused(405, "UNSUPPORTED"):
        delete_blob(visit("DELETE", BLOB, store=store, rules=Rules(deletes=False)))
