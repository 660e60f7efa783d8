"""Uploads as requests drive them."""

import pytest

from cip_async.fake_registry.content import Held, digest_of
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store
from cip_async.fake_registry.uploading import (
    begin_chunk,
    begin_close,
    begin_post,
    cancel_upload,
    end_chunk,
    end_close,
    start_upload,
    upload_status,
)
from tests.unit.fake_registry.visits import refused, visit

DATA = b"0123456789"
DIGEST = digest_of(Held(DATA))
BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def store() -> Store:
    return Store()


def started(store: Store, rules: Rules | None = None) -> str:
    return start_upload(visit("POST", "/v2/path/blobs/uploads/", store=store, rules=rules)).headers["Location"]


def chunk(store: Store, location: str, data: bytes, first: int | None, rules: Rules | None = None) -> str:
    headers = {} if first is None else {"Content-Range": f"{first}-{first + len(data) - 1}"}
    asked = visit("PATCH", location, store=store, rules=rules, headers={"Content-Length": str(len(data)), **headers})
    upload = begin_chunk(asked)
    upload.write(data)
    reply = end_chunk(asked, upload)
    assert reply.status == 202
    return reply.headers["Location"]


def close(store: Store, location: str, data: bytes = b"", digest: str = DIGEST, rules: Rules | None = None) -> int:
    asked = visit("PUT", f"{location}&digest={digest}", store=store, rules=rules)
    upload, claimed = begin_close(asked)
    upload.write(data)
    reply = end_close(asked, upload, claimed)
    assert reply.headers["Docker-Content-Digest"] == digest
    return reply.status


def test_an_upload_is_opened_and_closed_with_all_its_bytes(store: Store) -> None:
    location = started(store)
    assert store.open_uploads == 1
    assert close(store, location, DATA) == 201
    assert store.has_blob("path", DIGEST)


def test_an_upload_is_continued_chunk_by_chunk(store: Store) -> None:
    location = chunk(store, started(store), DATA[:4], 0)
    status = upload_status(visit("GET", location, store=store))
    assert (status.status, status.headers["Range"], status.headers["Location"]) == (204, "0-3", location)
    location = chunk(store, location, DATA[4:], 4)
    assert close(store, location) == 201


def test_only_the_latest_location_continues_an_upload(store: Store) -> None:
    first = started(store)
    chunk(store, first, DATA[:4], 0)
    with refused(404, "BLOB_UPLOAD_INVALID"):
        chunk(store, first, DATA[4:], 4)


def requoted(location: str) -> str:
    assert "%2C+%20=" in location
    return location.replace("%2C+%20=", ",++%3D")


def test_a_location_that_was_quoted_anew_is_refused(store: Store) -> None:
    with refused(404, "BLOB_UPLOAD_INVALID"):
        close(store, requoted(started(store)), DATA)


def test_a_lenient_registry_takes_a_location_that_was_quoted_anew_and_no_old_one(store: Store) -> None:
    rules = Rules(exact_locations=False)
    first = requoted(started(store))
    second = requoted(chunk(store, first, DATA, 0, rules))
    with refused(404, "BLOB_UPLOAD_INVALID"):
        close(store, first, rules=rules)
    assert close(store, second, rules=rules) == 201


@pytest.mark.parametrize("first", [0, 3, 5])
def test_a_chunk_that_does_not_continue_the_last_is_refused(store: Store, first: int) -> None:
    location = chunk(store, started(store), DATA[:4], 0)
    with refused(416, "RANGE_INVALID"):
        chunk(store, location, DATA[4:], first)


def test_a_chunk_whose_range_and_length_disagree_is_refused(store: Store) -> None:
    headers = {"Content-Range": "0-3", "Content-Length": "5"}
    with refused(416, "RANGE_INVALID"):
        begin_chunk(visit("PATCH", started(store), store=store, headers=headers))


def test_a_lenient_registry_appends_whatever_comes(store: Store) -> None:
    rules = Rules(checked_chunks=False)
    location = chunk(store, started(store), DATA[:4], 0, rules)
    assert close(store, chunk(store, location, DATA[4:], 9, rules)) == 201


def test_a_chunk_may_say_nothing_of_its_range(store: Store) -> None:
    assert close(store, chunk(store, started(store), DATA, None)) == 201


def test_the_smallest_chunk_is_announced_if_there_is_one(store: Store) -> None:
    reply = start_upload(visit("POST", "/v2/path/blobs/uploads/", rules=Rules(smallest_chunk_bytes=512)))
    assert reply.headers["OCI-Chunk-Min-Length"] == "512"
    assert "OCI-Chunk-Min-Length" not in start_upload(visit("POST", "/v2/path/blobs/uploads/")).headers


def test_an_upload_is_closed_once(store: Store) -> None:
    location = started(store)
    close(store, location, DATA)
    with refused(404, "BLOB_UPLOAD_UNKNOWN"):
        close(store, location, DATA)


def test_an_upload_with_the_wrong_bytes_is_refused(store: Store) -> None:
    with refused(400, "DIGEST_INVALID"):
        close(store, started(store), b"other")
    assert not store.has_blob("path", DIGEST)


def test_an_upload_is_not_closed_without_a_digest(store: Store) -> None:
    with refused(400, "DIGEST_INVALID"):
        begin_close(visit("PUT", started(store), store=store))
    assert store.open_uploads == 1


def test_an_upload_is_cancelled(store: Store) -> None:
    location = started(store)
    assert cancel_upload(visit("DELETE", location, store=store)).status == 204
    with refused(404, "BLOB_UPLOAD_UNKNOWN"):
        upload_status(visit("GET", location, store=store))


def test_a_blob_is_stored_by_a_single_post(store: Store) -> None:
    asked = visit("POST", f"/v2/path/blobs/uploads/?digest={DIGEST}", store=store, headers=BYTES)
    upload, digest = begin_post(asked)
    upload.write(DATA)
    assert end_close(asked, upload, digest).status == 201
    assert (store.has_blob("path", DIGEST), store.open_uploads) == (True, 0)


def test_a_single_post_of_anything_but_bytes_is_refused(store: Store) -> None:
    with refused(415, "UNSUPPORTED"):
        begin_post(visit("POST", f"/v2/path/blobs/uploads/?digest={DIGEST}", store=store))


@pytest.mark.parametrize(
    ("locations", "origin"), [("relative", ""), ("absolute", "http://127.0.0.1:5000"), ("public", "https://gcr.io")]
)
def test_a_location_is_written_as_the_rules_say(store: Store, locations: str, origin: str) -> None:
    assert started(store, Rules(locations=locations)).startswith(f"{origin}/v2/path/blobs/uploads/")  # type: ignore[arg-type]


def test_uploads_may_be_hashed_and_dropped(store: Store) -> None:
    close(store, started(store, Rules(keeps_uploads=False)), DATA)
    assert not store.blob("path", DIGEST).readable
