"""The HTTP session: aiohttp without the habits that would undo our own rules."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from yarl import URL

from cip_async.errors import RegistryError, Unavailable
from cip_async.registry.session import HttpSession
from cip_async.settings import Timeouts
from tests.service.registry.conftest import FOO, HOST, IN_FLIGHT, ONE_TRY, V1, D, Open, Serve
from tests.service.registry.scripted import Reply, Seen, ToLoopback

pytestmark = pytest.mark.anyio

FOUND = Reply(headers={"Docker-Content-Digest": D})


class Raw:
    """A server that sends bytes as they are to each connection, once something came."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.answers: Callable[[], bytes] = lambda: b""

    async def handle(self, client: SocketStream) -> None:
        self.connections += 1
        async with client:
            await client.receive()
            await client.send(self.answers())


@pytest.fixture
async def raw(anyio_backend: object) -> AsyncIterator[Raw]:
    raw = Raw()
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        raw.port = listener.extra(SocketAttribute.local_port)
        tasks.start_soon(listener.serve, raw.handle)
        yield raw
        tasks.cancel_scope.cancel()


async def get(session: HttpSession, url: str) -> int:
    response = await session.request("GET", URL(url), headers={}, data=None, to_stranger=False, on_send=lambda: None)
    await response.read()
    return response.status


async def test_only_what_a_request_says_is_sent(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(headers={"Set-Cookie": "track=me"}, body=b'{"tags":[]}'))
    endpoints: dict[str, str] = {HOST: f"http://registry.example:{registry.port}"}
    reached = await reach(endpoints=endpoints, resolver=ToLoopback())
    for _ in range(2):
        await reached.client.tags_page(FOO, n=9)
    assert {name.title() for name in registry.seen[1].headers} == {"Host", "User-Agent", "Accept-Encoding"}
    assert registry.seen[1].headers["User-Agent"].startswith("cip-async/")


async def test_more_than_a_hundred_connections_may_be_open(serve: Serve) -> None:
    everybody = anyio.Event()
    arrived = 0

    async def answer(seen: Seen) -> Reply:
        nonlocal arrived
        arrived += 1
        if arrived == 120:
            everybody.set()
        await everybody.wait()
        return Reply()

    server = await serve(answer)
    session = HttpSession(timeouts=Timeouts())
    await session.open()
    async with anyio.create_task_group() as tasks:
        for _ in range(120):
            tasks.start_soon(get, session, server.url)
    await session.close()
    assert arrived == 120


async def test_a_host_has_no_more_requests_in_flight_than_its_gate_lets_in(serve: Serve, reach: Open) -> None:
    in_flight = most = 0
    full, go_on = anyio.Event(), anyio.Event()

    async def answer(seen: Seen) -> Reply:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        if in_flight == IN_FLIGHT:
            full.set()
        await go_on.wait()
        in_flight -= 1
        return FOUND

    reached = await reach(await serve(answer))
    reached.transport._met.update({(HOST, False)})
    async with anyio.create_task_group() as tasks:
        for _ in range(10 * IN_FLIGHT):
            tasks.start_soon(reached.client.head_manifest, FOO, V1)
        await full.wait()
        await anyio.wait_all_tasks_blocked()
        go_on.set()
    assert most == IN_FLIGHT


async def test_a_connector_of_the_callers_stays_open(serve: Serve) -> None:
    server = await serve(lambda _: Reply())
    connector = aiohttp.TCPConnector()
    session = HttpSession(timeouts=Timeouts(), connector=connector)
    await session.open()
    assert await get(session, server.url) == 200
    await session.close()
    assert not connector.closed
    await connector.close()


async def test_a_session_may_be_closed_twice_and_is_then_of_no_use() -> None:
    session = HttpSession(timeouts=Timeouts())
    await session.open()
    await session.close()
    await session.close()
    with pytest.raises(RuntimeError, match="not open"):
        await get(session, "http://127.0.0.1:1")


async def test_no_redirect_is_followed_by_itself(serve: Serve) -> None:
    server = await serve(lambda _: Reply(302, {"Location": "/elsewhere"}))
    session = HttpSession(timeouts=Timeouts())
    await session.open()
    assert await get(session, server.url) == 302
    await session.close()
    assert len(server.seen) == 1


async def test_a_long_signed_url_fits_into_a_header(serve: Serve, reach: Open) -> None:
    signed = "/moved?sig=" + "x" * 20_000
    registry = await serve(lambda seen: FOUND if seen.path == "/moved" else Reply(307, {"Location": signed}))
    assert await (await reach(registry)).client.head_manifest(FOO, V1) is not None


@pytest.mark.parametrize(
    "answer",
    [
        b"what?\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_an_answer_that_is_no_http_is_an_error(raw: Raw, reach: Open, answer: bytes) -> None:
    raw.answers = lambda: answer
    reached = await reach(endpoints={HOST: f"http://127.0.0.1:{raw.port}"}, retries=ONE_TRY)
    with pytest.raises(Unavailable, match="breaks the rules of HTTP"):
        await reached.client.head_manifest(FOO, V1)


async def test_a_broken_transfer_is_an_error(raw: Raw, reach: Open) -> None:
    raw.answers = lambda: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    reached = await reach(endpoints={HOST: f"http://127.0.0.1:{raw.port}"}, retries=ONE_TRY)
    with pytest.raises(RegistryError):
        await reached.client.tags_page(FOO, n=9)


async def test_a_handshake_that_broke_off_is_tried_again_and_one_that_cannot_work_is_not(raw: Raw, reach: Open) -> None:
    reached = await reach(endpoints={HOST: f"https://127.0.0.1:{raw.port}"})
    answers = iter([b"", b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    raw.answers = lambda: next(answers)
    with pytest.raises(Unavailable) as hopeless:
        await reached.client.head_manifest(FOO, V1)
    assert not hopeless.value.retryable
    assert raw.connections == 3


async def test_a_host_that_is_down_is_found_out_by_all_at_once(serve: Serve, reach: Open) -> None:
    together = anyio.Event()
    waiting = 0

    async def answer(seen: Seen) -> Reply:
        nonlocal waiting
        waiting += 1
        if waiting == IN_FLIGHT + 1:
            together.set()
        if waiting > 1:
            await together.wait()
        return Reply(500)

    reached = await reach(await serve(answer), retries=ONE_TRY)

    async def fail() -> None:
        with pytest.raises(Unavailable):
            await reached.client.head_manifest(FOO, V1)

    async with anyio.create_task_group() as tasks:
        for _ in range(IN_FLIGHT + 1):
            tasks.start_soon(fail)
