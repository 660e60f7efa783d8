"""What faults look like from outside."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import NoReturn

import aiohttp
import anyio
import pytest
from anyio.abc import ByteStream

from cip_async.fake_registry import images
from cip_async.fake_registry.content import Held, Synthetic, digest_of
from tests.service.fake_registry.conftest import Answer, Client
from tests.service.tripwire import Tripwire

pytestmark = pytest.mark.anyio

LARGE = Synthetic(2_000_001, "large")
DIGEST = digest_of(LARGE)
BLOB = f"/v2/app/blobs/{DIGEST}"
IMAGE = images.single(seed="a")
PUT_TAG = ("PUT", "/v2/app/manifests/v1", IMAGE.body, {"Content-Type": IMAGE.media_type})


@pytest.fixture(autouse=True)
def _filled(client: Client) -> None:
    client.host.store.add_blob("app", LARGE, DIGEST)
    images.push(client.host.store, "app", IMAGE)


async def read(client: Client, target: str) -> tuple[bytes, aiohttp.ClientError | None]:
    """What arrives of a body, and what ends it."""
    arrived = b""
    try:
        async with client.session.get(f"{client.origin}{target}") as response:
            async for piece in response.content.iter_any():
                arrived += piece
    except aiohttp.ClientError as error:
        return arrived, error
    return arrived, None


async def test_a_status_is_answered_so_many_times(client: Client) -> None:
    client.host.faults.add("503", times=2)
    assert [(await client("GET", "/v2/")).status for _ in range(3)] == [503, 503, 200]
    assert [entry.fault for entry in client.host.ledger.entries] == ["503", "503", ""]


async def test_a_reset_comes_before_anything_is_done(client: Client) -> None:
    client.host.faults.add("reset", times=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await client(*PUT_TAG)
    assert dict(client.host.store.repository("app").tags) == {}
    assert [(entry.status, entry.fault) for entry in client.host.ledger.entries] == [(0, "reset")]


async def test_an_upload_is_reset_in_the_middle_and_lost(client: Client) -> None:
    client.host.faults.add("reset-upload", times=1)
    location = (await client("POST", "/v2/app/blobs/uploads/")).headers["Location"]
    sent = BytesIO(b"".join(LARGE.pieces(0, LARGE.size_bytes)))
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.session.put(f"{client.origin}{location}&digest={DIGEST}", data=sent)
    entry = client.host.ledger.entries[-1]
    assert (entry.status, entry.fault) == (0, "reset-upload")
    assert LARGE.size_bytes // 2 <= entry.bytes_in < LARGE.size_bytes
    assert client.host.store.open_uploads == 0


async def test_a_manifest_is_reset_in_the_middle_and_not_there(client: Client) -> None:
    client.host.faults.add("reset-upload", on=["tag-put"], times=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await client(*PUT_TAG)
    assert dict(client.host.store.repository("app").tags) == {}


async def test_a_lost_answer_is_that_of_a_request_that_was_carried_out(client: Client) -> None:
    client.host.faults.add("lost-answer", times=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await client(*PUT_TAG)
    assert client.host.store.repository("app").tags == {"v1": IMAGE.digest}
    assert [(entry.status, entry.fault) for entry in client.host.ledger.entries] == [(0, "lost-answer")]


@pytest.mark.parametrize("kind", ["reset-body", "truncated"])
@pytest.mark.parametrize("target", [BLOB, "/v2/app/tags/list"])
async def test_a_body_breaks_off_in_the_middle(client: Client, kind: str, target: str) -> None:
    client.host.faults.add(kind)
    arrived, error = await read(client, target)
    assert error is not None
    assert client.host.ledger.entries[0].status == 200
    assert len(arrived) <= LARGE.size_bytes // 2


async def receive_for_ever(stream: ByteStream) -> NoReturn:
    while True:
        await stream.receive()


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        ("reset", anyio.BrokenResourceError),
        ("reset-body", anyio.BrokenResourceError),
        ("lost-answer", anyio.BrokenResourceError),
        ("truncated", anyio.EndOfStream),
    ],
)
async def test_a_connection_ends_with_a_reset_or_in_good_order(
    client: Client, kind: str, ending: type[Exception]
) -> None:
    client.host.faults.add(kind)
    port = int(client.origin.rpartition(":")[2])
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(b"GET /v2/app/tags/list HTTP/1.1\r\nHost: gcr.io\r\n\r\n")
        with pytest.raises(ending):
            await receive_for_ever(stream)


async def test_a_truncated_body_arrives_by_half(client: Client) -> None:
    client.host.faults.add("truncated")
    arrived, error = await read(client, BLOB)
    assert isinstance(error, aiohttp.ClientPayloadError)
    assert arrived == b"".join(LARGE.pieces(0, LARGE.size_bytes // 2))


async def test_a_stalled_body_stops_and_the_connection_stays(client: Client) -> None:
    client.host.faults.add("stalled")
    half = LARGE.size_bytes // 2
    with anyio.fail_after(30):
        async with client.session.get(f"{client.origin}{BLOB}") as response:
            assert await response.content.readexactly(half) == b"".join(LARGE.pieces(0, half))
            with anyio.move_on_after(0.05) as waiting:
                await response.content.readany()
    assert waiting.cancelled_caught


async def test_a_short_body_is_whole_by_its_own_word(client: Client) -> None:
    client.host.faults.add("short")
    arrived, error = await read(client, BLOB)
    assert (len(arrived), error) == (LARGE.size_bytes // 2, None)


async def test_wrong_bytes_are_as_many_as_the_right_ones(client: Client) -> None:
    client.host.faults.add("wrong-bytes")
    arrived, error = await read(client, BLOB)
    assert error is None
    assert sum(mine != theirs for mine, theirs in zip(arrived, b"".join(LARGE.pieces(0, 2_000_001)), strict=True)) == 1


async def test_a_wrong_digest_is_announced(client: Client) -> None:
    client.host.faults.add("wrong-digest", on=["tag-put"])
    answer = await client(*PUT_TAG)
    assert (answer.status, answer.headers["Docker-Content-Digest"]) == (201, "sha256:" + "0" * 64)


async def test_a_slow_answer_comes_after_its_time(client: Client) -> None:
    client.host.faults.add("slow", seconds=3600, times=1)
    arrived, answers = anyio.Event(), []
    client.host.ledger = Tripwire(on_request=lambda _: arrived.set())

    async def ask() -> None:
        answers.append(await client("GET", "/v2/"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await arrived.wait()
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert answers == []
    assert (await client("GET", "/v2/")).status == 200


async def test_content_a_registry_said_to_have_is_unknown_when_a_manifest_needs_it(client: Client) -> None:
    client.host.faults.add("content-unknown", times=1)
    assert (await client("HEAD", BLOB)).status == 200
    answers: list[Answer] = [await client(*PUT_TAG) for _ in range(2)]
    assert [answer.status for answer in answers] == [400, 201]
    assert all(digest.encode() in answers[0].body for digest in IMAGE.blobs)


async def test_an_upload_is_forgotten_before_it_is_closed(client: Client) -> None:
    client.host.faults.add("upload-vanished", on=["upload"], times=1)
    location = (await client("POST", "/v2/app/blobs/uploads/")).headers["Location"]
    assert (await client("PUT", f"{location}&digest={DIGEST}", b"bytes")).status == 404
    assert client.host.store.open_uploads == 0


async def test_a_host_is_still_served_after_a_client_went_away(client: Client) -> None:
    async with client.session.get(f"{client.origin}{BLOB}") as response:
        response.close()
    assert (await client("GET", "/v2/")).status == 200
    assert client.host.failures == []


async def test_an_upload_that_breaks_off_stays_open(client: Client) -> None:
    location = (await client("POST", "/v2/app/blobs/uploads/")).headers["Location"]

    async def half() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("the client fails")

    with pytest.raises(aiohttp.ClientConnectionError, match="the client fails"):
        await client.session.put(f"{client.origin}{location}&digest={DIGEST}", data=half())
    assert (await client("GET", "/v2/")).status == 200
    assert client.host.store.open_uploads == 1
    assert client.host.failures == []


async def test_a_dripping_body_arrives_whole(client: Client) -> None:
    client.host.faults.add("dripping", on=["blob-get"], seconds=0.0)
    arrived, error = await read(client, BLOB)
    assert error is None
    assert digest_of(Held(arrived)) == DIGEST
