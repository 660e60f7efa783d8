"""Content goes in and comes out again, by every way the specification knows."""

import json

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.content import Held, Synthetic, digest_of
from tests.service.fake_registry.conftest import Client

pytestmark = pytest.mark.anyio

BYTES = {"Content-Type": "application/octet-stream"}
IMAGE = images.multi_arch(seed="a", image_format="docker")
LARGE = Synthetic(1_000_000, "large")
DATA = b"".join(LARGE.pieces(0, LARGE.size_bytes))
DIGEST = digest_of(LARGE)


async def test_an_image_is_pushed_and_pulled_as_it_is(client: Client) -> None:
    for digest, content in IMAGE.all_blobs.items():
        opened = await client("POST", "/v2/app/blobs/uploads/")
        assert opened.status == 202
        data = b"".join(content.pieces(0, content.size_bytes))
        closed = await client("PUT", f"{opened.headers['Location']}&digest={digest}", data, BYTES)
        assert (closed.status, closed.headers["Docker-Content-Digest"]) == (201, digest)
    for member in IMAGE.family():
        tags = "?tag=v1&tag=latest" if member is IMAGE else ""
        target = f"/v2/app/manifests/{member.digest}{tags}"
        assert (await client("PUT", target, member.body, {"Content-Type": member.media_type})).status == 201
    pulled = await client("GET", "/v2/app/manifests/latest", headers={"Accept": IMAGE.media_type})
    assert pulled.body == IMAGE.body
    store = client.host.store
    assert store.repository("app").tags == {"v1": IMAGE.digest, "latest": IMAGE.digest}
    assert (store.missing_content(), store.early_tags(), store.open_uploads) == ([], [], 0)


async def test_a_small_blob_is_pulled_as_it_is(client: Client) -> None:
    digest = client.host.store.add_blob("app", Held(b"small"))
    answer = await client("GET", f"/v2/app/blobs/{digest}")
    assert (answer.body, answer.headers["Content-Length"]) == (b"small", "5")
    assert client.host.ledger.entries[0].bytes_out == 5


async def test_a_manifest_that_is_too_large_is_refused(client: Client) -> None:
    images.push_blobs(client.host.store, "app", IMAGE)
    client.host.rules.largest_manifest_bytes = len(IMAGE.children[0].body) - 1
    target = "/v2/app/manifests/v1"
    answer = await client("PUT", target, IMAGE.children[0].body, {"Content-Type": IMAGE.children[0].media_type})
    assert (answer.status, json.loads(answer.body)["errors"][0]["code"]) == (413, "SIZE_INVALID")
    assert client.host.store.repository("app").manifests == {}


async def test_a_blob_is_pushed_in_chunks(client: Client) -> None:
    location = (await client("POST", "/v2/app/blobs/uploads/")).headers["Location"]
    for first in range(0, len(DATA), 400_000):
        chunk = DATA[first : first + 400_000]
        headers = {**BYTES, "Content-Range": f"{first}-{first + len(chunk) - 1}"}
        answer = await client("PATCH", location, chunk, headers)
        assert (answer.status, answer.headers["Range"]) == (202, f"0-{first + len(chunk) - 1}")
        location = answer.headers["Location"]
    assert (await client("PUT", f"{location}&digest={DIGEST}")).status == 201
    assert client.host.store.has_blob("app", DIGEST)


async def test_a_blob_is_pushed_in_one_request(client: Client) -> None:
    assert (await client("POST", f"/v2/app/blobs/uploads/?digest={DIGEST}", DATA, BYTES)).status == 201
    assert client.host.store.has_blob("app", DIGEST)


async def test_a_registry_without_the_one_request_opens_an_upload_instead(client: Client) -> None:
    client.host.rules.single_post = False
    answer = await client("POST", f"/v2/app/blobs/uploads/?digest={DIGEST}", b"small", BYTES)
    assert (answer.status, "_state=" in answer.headers["Location"]) == (202, True)


async def test_an_upload_is_asked_after_and_cancelled(client: Client) -> None:
    location = (await client("POST", "/v2/app/blobs/uploads/")).headers["Location"]
    assert (await client("GET", location)).status == 204
    assert (await client("DELETE", location)).status == 204
    assert (await client("GET", location)).status == 404


async def test_a_client_that_asks_first_is_told_to_continue(client: Client) -> None:
    location = (await client("POST", "/v2/app/blobs/uploads/")).headers["Location"]
    headers = {**BYTES, "Expect": "100-continue"}
    assert (await client("PUT", f"{location}&digest={DIGEST}", DATA, headers)).status == 201


async def test_a_large_blob_is_streamed_whole_and_in_part(client: Client) -> None:
    client.host.store.add_blob("app", LARGE, DIGEST)
    assert (await client("GET", f"/v2/app/blobs/{DIGEST}")).body == DATA
    part = await client("GET", f"/v2/app/blobs/{DIGEST}", headers={"Range": "bytes=300000-999998"})
    assert (part.status, part.body) == (206, DATA[300_000:999_999])


async def test_a_head_request_says_how_large_a_blob_is_and_sends_nothing(client: Client) -> None:
    client.host.store.add_blob("app", LARGE, DIGEST)
    answer = await client("HEAD", f"/v2/app/blobs/{DIGEST}")
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, "1000000", b"")


async def test_a_blob_is_mounted_without_moving_a_byte(client: Client) -> None:
    client.host.store.add_blob("staging", LARGE, DIGEST)
    answer = await client("POST", f"/v2/app/blobs/uploads/?mount={DIGEST}&from=staging")
    assert answer.status == 201
    (entry,) = client.host.ledger.entries
    assert (entry.call_class, entry.bytes_in, entry.bytes_out) == (CallClass.MOUNT, 0, 0)


async def test_the_ledger_knows_what_was_asked_and_how_much_moved(client: Client) -> None:
    location = (await client("POST", "/v2/app/blobs/uploads/")).headers["Location"]
    await client("PUT", f"{location}&digest={DIGEST}", DATA, BYTES)
    await client("GET", f"/v2/app/blobs/{DIGEST}")
    seen = [
        (entry.method, entry.call_class, entry.reference, entry.status, entry.bytes_in, entry.bytes_out)
        for entry in client.host.ledger.entries
    ]
    assert seen == [
        ("POST", CallClass.UPLOAD_START, "", 202, 0, 0),
        ("PUT", CallClass.UPLOAD, DIGEST, 201, len(DATA), 0),
        ("GET", CallClass.BLOB_GET, DIGEST, 200, 0, len(DATA)),
    ]


async def test_a_refusal_has_an_error_body(client: Client) -> None:
    answer = await client("GET", "/v2/app/tags/list")
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json")
    assert json.loads(answer.body)["errors"][0]["code"] == "NAME_UNKNOWN"


@pytest.mark.parametrize(("method", "target"), [("GET", "/"), ("PATCH", "/v2/app/manifests/v1"), ("GET", "/token")])
async def test_what_is_not_known_is_not_found(client: Client, method: str, target: str) -> None:
    assert (await client(method, target)).status == 404


async def test_blobs_are_read_from_a_bucket_that_wants_no_token(client: Client) -> None:
    client.host.store.add_blob("app", LARGE, DIGEST)
    client.host.rules.blobs_redirect_to = client.origin
    redirect = await client("GET", f"/v2/app/blobs/{DIGEST}")
    assert redirect.status == 307
    assert (await client("GET", redirect.headers["Location"])).body == DATA
    refused = await client("GET", redirect.headers["Location"], headers={"Authorization": "Bearer x"})
    assert refused.status == 400


async def test_two_uploads_of_one_blob_at_a_time_are_noted(client: Client) -> None:
    client.host.ledger.begin_write("app", DIGEST)
    location = (await client("POST", "/v2/app/blobs/uploads/")).headers["Location"]
    await client("PUT", f"{location}&digest={DIGEST}", DATA, BYTES)
    assert [collision.digest for collision in client.host.ledger.collisions] == [DIGEST]
