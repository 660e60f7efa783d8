"""Proxies are taken from the environment, as users expect."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
import trustme
from anyio.abc import ByteReceiveStream, ByteSendStream, SocketStream

from cip_async.errors import InvalidSettings, Unavailable
from tests.service.registry.conftest import FOO, HOST, ONE_TRY, V1, D, Open, Serve
from tests.service.registry.scripted import Reply, Seen, ToLoopback

pytestmark = pytest.mark.anyio

FOUND = Reply(headers={"Docker-Content-Digest": D})


class ConnectProxy:
    """A proxy that opens tunnels, all of them to one port of this machine."""

    def __init__(self) -> None:
        self.port = 0
        self.leads_to = 0
        self.heads: list[bytes] = []
        self.refuses = False

    async def handle(self, client: SocketStream) -> None:
        async with client:
            head = b""
            while b"\r\n\r\n" not in head:
                head += await client.receive()
            self.heads.append(head)
            if self.refuses:
                await client.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            async with await anyio.connect_tcp("127.0.0.1", self.leads_to) as server:
                await client.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._pipe, client, server, tasks.cancel_scope)
                    tasks.start_soon(self._pipe, server, client, tasks.cancel_scope)

    async def _pipe(self, source: ByteReceiveStream, sink: ByteSendStream, scope: anyio.CancelScope) -> None:
        try:
            async for piece in source:
                await sink.send(piece)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        scope.cancel()


@pytest.fixture
async def proxy(anyio_backend: object) -> AsyncIterator[ConnectProxy]:
    proxy = ConnectProxy()
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        proxy.port = listener.extra(anyio.abc.SocketAttribute.local_port)
        tasks.start_soon(listener.serve, proxy.handle)
        yield proxy
        tasks.cancel_scope.cancel()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("registry.org", "storage.example").configure_cert(context)
    return context


@pytest.fixture
def ca_cert(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


async def test_a_secure_registry_is_reached_through_a_tunnel(
    serve: Serve,
    reach: Open,
    proxy: ConnectProxy,
    tls: ssl.SSLContext,
    ca_cert: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = await serve(lambda _: FOUND, tls)
    proxy.leads_to = registry.port
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:s%40crt@127.0.0.1:{proxy.port}")
    reached = await reach(endpoints={HOST: "https://registry.org"}, ca_cert=ca_cert)
    assert await reached.client.head_manifest(FOO, V1) is not None
    assert proxy.heads[0].startswith(b"CONNECT registry.org:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6c0BjcnQ=\r\n" in proxy.heads[0]
    assert "Proxy-Authorization" not in registry.seen[0].headers


async def test_storage_of_another_domain_is_reached_through_a_proxy_within_our_network(
    serve: Serve,
    reach: Open,
    proxy: ConnectProxy,
    tls: ssl.SSLContext,
    ca_cert: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(seen: Seen) -> Reply:
        return Reply(body=b"blob") if seen.path == "/x" else Reply(307, {"Location": "https://storage.example/x"})

    proxy.leads_to = (await serve(answer, tls)).port
    monkeypatch.setenv("https_proxy", f"http://localhost:{proxy.port}")
    reached = await reach(endpoints={HOST: "https://registry.org"}, ca_cert=ca_cert)
    async with reached.client.blob(FOO, D, 4) as stream:
        assert [piece async for piece in stream.pieces] == [b"blob"]
    assert [head.split()[1] for head in proxy.heads] == [b"registry.org:443", b"storage.example:443"]


async def test_a_proxy_for_plain_http_gets_the_whole_url(
    serve: Serve, reach: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = await serve(lambda _: FOUND)
    monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{proxy.port}")
    await (await reach(endpoints={HOST: "http://registry.org"})).client.head_manifest(FOO, V1)
    assert proxy.seen[0].headers["Host"] == "registry.org"


@pytest.mark.parametrize("no_proxy", ["registry.org", ".org", "*", "other.example, registry.org"])
async def test_a_host_may_be_excepted(
    serve: Serve, reach: Open, no_proxy: str, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = await serve(lambda _: FOUND)
    monkeypatch.setenv("HTTP_PROXY", f"http://{nobody}")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    reached = await reach(endpoints={HOST: f"http://registry.org:{registry.port}"}, resolver=ToLoopback())
    assert await reached.client.head_manifest(FOO, V1) is not None


async def test_this_machine_is_reached_without_a_proxy(
    serve: Serve, reach: Open, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://{nobody}")
    assert await (await reach(await serve(lambda _: FOUND))).client.head_manifest(FOO, V1) is not None


async def test_a_proxy_that_refuses_says_so(reach: Open, proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy.refuses = True
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    reached = await reach(endpoints={HOST: "https://registry.org"}, retries=ONE_TRY)
    with pytest.raises(Unavailable, match="the proxy refused: status 407"):
        await reached.client.head_manifest(FOO, V1)
    assert reached.count() == 0


@pytest.mark.parametrize("proxy", ["socks5://me:secret@127.0.0.1:1", "http://me:secret@127.0.0.1:port", "http://"])
async def test_a_proxy_that_cannot_be_used_is_named_without_its_password(
    reach: Open, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(InvalidSettings, match=r"expected http://HOST:PORT") as refused:
        await (await reach(endpoints={HOST: "https://registry.org"})).client.head_manifest(FOO, V1)
    assert "secret" not in str(refused.value)
