"""The HTTP session: aiohttp without the habits that would undo our own rules."""

import socket
from collections.abc import AsyncIterator, Callable

import aiohttp
import anyio
import pytest
from aiohttp.abc import ResolveResult
from anyio.abc import SocketAttribute, SocketStream
from yarl import URL

from cip_async.errors import Unavailable
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
        self.later: Callable[[], bytes] = lambda: b""

    async def handle(self, client: SocketStream) -> None:
        self.connections += 1
        async with client:
            await client.receive()
            await client.send(self.answers())
            if later := self.later():
                await anyio.wait_all_tasks_blocked()
                await client.send(later)


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


NO_HTTP: dict[bytes, str] = {
    b"what?\r\n\r\n": "it does not begin as an answer of HTTP does; is a registry there",
    b"SSH-2.0-OpenSSH_9.2\r\n": "it does not begin as an answer of HTTP does; is a registry there",
    b"\x15\x03\x01\x00\x02\x02\x0a": "it does not begin as an answer of HTTP does; is a registry there",
    b"HTTP/1.1 yes OK\r\n\r\n": "it does not begin as an answer of HTTP does; is a registry there",
    b"HTTP/1.1 200 OK\r\nno header\r\n\r\n": "a header is malformed",
    b"HTTP/1.1 200 OK\r\nX\x01: a\r\n\r\n": "a header is malformed",
    b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n": "its Content-Length is no number",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n": "it has two lengths",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n": "it has two lengths",
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n": "a line of its headers is too long",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n": "its chunks are malformed",
}


@pytest.mark.parametrize("answer", NO_HTTP)
async def test_an_answer_that_is_no_http_is_an_error_when_it_has_come_three_times(
    raw: Raw, reach: Open, answer: bytes
) -> None:
    raw.answers = lambda: answer
    reached = await reach(endpoints={HOST: f"http://127.0.0.1:{raw.port}"})
    with pytest.raises(Unavailable) as failed:
        await reached.client.tags_page(FOO, n=9)
    assert f"{HOST}: GET /v2/prod/foo/tags/list: the answer breaks the rules of HTTP: {NO_HTTP[answer]}" in str(
        failed.value
    )
    assert raw.connections == 3
    assert not failed.value.retryable


@pytest.mark.parametrize("answer", NO_HTTP)
async def test_an_answer_that_is_no_http_twice_may_have_been_damaged_on_the_way(
    raw: Raw, reach: Open, answer: bytes
) -> None:
    answers = iter([answer, answer, b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"tags":[]}\r\n'])
    raw.answers = lambda: next(answers)
    reached = await reach(endpoints={HOST: f"http://127.0.0.1:{raw.port}"})
    assert (await reached.client.tags_page(FOO, n=9)).tags == ()


async def test_a_chunked_body_that_breaks_off_is_a_connection_that_broke_and_tried_for_long(
    raw: Raw, reach: Open
) -> None:
    whole = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{"tags":[]}\r\n0\r\n\r\n'
    answers = iter([whole[:-9]] * 5 + [whole])
    raw.answers = lambda: next(answers)
    reached = await reach(endpoints={HOST: f"http://127.0.0.1:{raw.port}"})
    assert (await reached.client.tags_page(FOO, n=9)).tags == ()
    assert raw.connections == 6


async def test_a_body_that_breaks_the_rules_later_on_is_an_error_too(raw: Raw, reach: Open) -> None:
    raw.answers = lambda: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"
    raw.later = lambda: b"zz\r\n"
    reached = await reach(endpoints={HOST: f"http://127.0.0.1:{raw.port}"}, timeouts=Timeouts(stall_s=0.2))
    with pytest.raises(Unavailable, match="breaks the rules of HTTP: its chunks are malformed") as failed:
        await reached.client.tags_page(FOO, n=9)
    assert not failed.value.retryable


class NoSuchName(ToLoopback):
    """What a name server says of names that it knows nothing of, or of all where it is not to be reached."""

    def __init__(self, number: int, *, times: int = 1_000_000) -> None:
        self.number = number
        self.left = times
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        if self.asked > self.left:
            return await super().resolve(host, port, family)
        raise socket.gaierror(self.number, "Name or service not known")


async def test_a_host_whose_name_does_not_exist_is_looked_for_five_times(reach: Open) -> None:
    resolver = NoSuchName(socket.EAI_NONAME)
    reached = await reach(resolver=resolver)
    with pytest.raises(Unavailable, match=f"there is no host of the name {HOST}; check how it is spelt") as failed:
        await reached.client.tags_page(FOO, n=9)
    assert resolver.asked == 5
    assert not failed.value.retryable


@pytest.mark.parametrize(("number", "times"), [(socket.EAI_NONAME, 4), (socket.EAI_AGAIN, 20)])
async def test_a_name_that_is_known_in_the_end_is_served(serve: Serve, reach: Open, number: int, times: int) -> None:
    registry = await serve(lambda _: FOUND)
    resolver = NoSuchName(number, times=times)
    reached = await reach(endpoints={HOST: f"http://registry.example:{registry.port}"}, resolver=resolver)
    assert await reached.client.head_manifest(FOO, V1) is not None


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
