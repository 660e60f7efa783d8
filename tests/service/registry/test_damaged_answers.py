"""Whatever a registry sends over a socket, the client gives a result or an explained error, and holds on to nothing."""

import contextlib
import os
from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from hypothesis import HealthCheck, given, seed, settings

from cip_async.errors import CipError
from cip_async.registry.client import RegistryClient
from cip_async.registry.documents import parse_document
from cip_async.registry.wire import OCI_MANIFEST
from tests.fuzz.damage import inputs
from tests.fuzz.registry_answers import HEADER_WORDS, INDEX, JSON_WORDS, MANIFEST
from tests.service.registry.conftest import BAR, FOO, HOST, ONE_TRY, V1, D, Open

pytestmark = pytest.mark.anyio

INPUTS: Final = int(os.environ.get("CIP_FUZZ_INPUTS", "2000")) // 80
SEED: Final = int(os.environ.get("CIP_FUZZ_SEED", "0"))


def reply(status: str, body: bytes, *headers: str) -> bytes:
    head = "\r\n".join((f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close"))
    return f"{head}\r\n\r\n".encode() + body


ANSWERS: Final = (
    reply("200 OK", b'{"name":"prod/foo","tags":["v1"]}', 'Link: </v2/prod/foo/tags/list?last=v1>; rel="next"'),
    reply("200 OK", MANIFEST, f"Content-Type: {OCI_MANIFEST}", f"Docker-Content-Digest: {D}"),
    reply("200 OK", INDEX, "Content-Type: application/json", "Content-Encoding: gzip"),
    reply("202 Accepted", b"", "Location: /v2/prod/foo/blobs/uploads/1?state=x", "Range: 0-0"),
    reply("201 Created", b"", f"Docker-Content-Digest: {D}", "OCI-Tag: v1, v2"),
    reply("206 Partial Content", b"layer", "Content-Range: bytes 0-4/5"),
    reply("307 Temporary Redirect", b"", "Location: /v2/prod/bar/blobs/x"),
    reply("401 Unauthorized", b"{}", 'WWW-Authenticate: Bearer realm="/token",service="s",scope="repository:a:pull"'),
    reply("404 Not Found", b'{"errors":[{"code":"NAME_UNKNOWN","message":"no","detail":{}}]}'),
    reply("429 Too Many Requests", b'{"errors":[{"code":"TOOMANYREQUESTS"}]}', "Retry-After: 0"),
    reply("503 Service Unavailable", b"<html>", "Retry-After: Thu, 26 Nov 2026 15:00:00 GMT"),
)
WORDS: Final = (
    *JSON_WORDS,
    *HEADER_WORDS,
    b"\r\n",
    b"\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"HTTP/1.1 200 OK\r\n",
)


@pytest.fixture(scope="module")
def answers() -> list[bytes]:
    """Damaged answers, the same each time."""
    found: list[bytes] = []

    @seed(SEED)
    @settings(max_examples=INPUTS, database=None, suppress_health_check=list(HealthCheck))
    @given(inputs(ANSWERS, WORDS))
    def find(answer: bytes) -> None:
        found.append(answer)

    find()
    return found


async def read_blob(client: RegistryClient) -> None:
    async with client.blob(FOO, D, 5) as stream:
        async for _ in stream.pieces:
            pass


async def put(client: RegistryClient) -> None:
    document = parse_document(FOO, D, OCI_MANIFEST, MANIFEST, most_children=3)
    await client.put_tags(FOO, document, (V1,))


REQUESTS: Final[tuple[Callable[[RegistryClient], Awaitable[object]], ...]] = (
    lambda client: client.tags_page(FOO, n=9),
    lambda client: client.catalog_page(HOST, n=9),
    lambda client: client.head_manifest(FOO, V1),
    lambda client: client.get_document(FOO, D),
    lambda client: client.mount(BAR, FOO, D),
    lambda client: client.start_upload(FOO),
    read_blob,
    put,
)


async def test_whatever_a_socket_brings_is_a_result_or_an_explained_error(reach: Open, answers: list[bytes]) -> None:
    current = b""

    async def serve(stream: SocketStream) -> None:
        with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            await answer(stream)

    async def answer(stream: SocketStream) -> None:
        async with stream:
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += await stream.receive()
            await stream.send(current)
            await stream.send_eof()
            async for _ in stream:
                pass

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    explained: list[str] = []
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        reached = await reach(endpoints={HOST: f"http://127.0.0.1:{port}"}, retries=ONE_TRY)
        for current in answers:  # noqa: B007 - the server above sends it
            for request in REQUESTS:
                try:
                    await request(reached.client)
                except CipError as error:
                    explained.append(str(error))
        tasks.cancel_scope.cancel()
    assert len(explained) > len(answers)
    assert all(sentence.isprintable() for sentence in explained)
    assert reached.connections_in_use == 0
