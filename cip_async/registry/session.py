"""The HTTP session: aiohttp with every habit switched off that would undo our own rules.

No cookies, no redirects, no decompression, no requoting of URLs, no limit of 100 connections, no total timeout.
Proxies come from the usual environment variables, and never stand before this machine itself or what tells it who it
is; certificate authorities come from the system and from `ca_cert`.
"""

import base64
import ssl
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import aiohttp
import anyio.to_thread
import msgspec
from aiohttp.abc import AbstractResolver
from aiohttp.connector import Connection
from yarl import URL

from cip_async.errors import FileProblem, InvalidSettings
from cip_async.registry.addresses import PublicResolver
from cip_async.registry.endpoints import is_loopback
from cip_async.registry.names import NameResolver
from cip_async.settings import MIB, Timeouts

Connector = aiohttp.BaseConnector
"""What callers may hand in: how connections are opened, pooled and bounded."""

_READ_BUFFER_BYTES: Final = 1 * MIB
"""How much aiohttp buffers before it stops reading from the socket: large layers arrive in few, large pieces."""
_KEEP_ALIVE_S: Final = 15.0
_METADATA_SERVERS: Final = frozenset({"metadata.google.internal", "169.254.169.254"})
"""What a machine of Google's asks about itself; a proxy would answer for another one."""
_LONGEST_HEADER_BYTES: Final = 32 * 1024
"""Signed redirect URLs and token challenges outgrow aiohttp's 8 KiB."""


class HttpSession:
    """Opens connections and sends single requests; knows nothing of registries.

    `connector` is used and never closed. Without one the session makes its own.
    """

    def __init__(self, *, timeouts: Timeouts, connector: Connector | None = None, ca_cert: Path | None = None) -> None:
        self._connector = connector
        self._ca_cert = ca_cert
        self._ssl: ssl.SSLContext | None = None
        self._user_agent = ""
        self._patience_s = timeouts.connect_s
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=None, sock_connect=timeouts.connect_s, sock_read=timeouts.first_byte_s
        )
        self._session: aiohttp.ClientSession | None = None
        self._strangers: aiohttp.ClientSession | None = None
        self._proxies: dict[tuple[str, str], tuple[URL | None, dict[str, str] | None]] = {}

    async def open(self) -> None:
        """Make the session ready.

        Raises:
            FileProblem: the `ca_cert` file cannot be read.
        """
        await anyio.to_thread.run_sync(self._read_files)
        connector = self._connector or self._new_connector(NameResolver(self._patience_s))
        self._session = self._new(connector, owned=self._connector is None)

    async def close(self) -> None:
        """Close what was opened; safe to call again."""
        for session in (self._session, self._strangers):
            if session is not None:
                await session.close()
        self._session = self._strangers = None

    async def request(
        self,
        method: str,
        url: URL,
        *,
        headers: dict[str, str],
        data: bytes | aiohttp.Payload | None,
        to_stranger: bool,
        resend: bool = True,
        on_send: Callable[[], None],
    ) -> aiohttp.ClientResponse:
        """Send one request and return its answer, whose body the caller reads and releases.

        `to_stranger`: the URL came from a public registry and leads to somebody else, so its name must not resolve
        to a private address; behind a proxy it is the proxy that resolves names. `on_send` is called each time the
        request is put on the wire; aiohttp resends once, silently and at once, where a kept connection turns out dead.
        Without `resend` that is a failure like any other, and `data` is sent once.
        """
        proxy, proxy_headers = self._proxy(url)
        session = self._for_strangers() if to_stranger and proxy is None else self._session
        if session is None:
            raise RuntimeError("the session is not open")
        _sending.set(_Sending(on_send, resend))
        return await session.request(
            method,
            url,
            headers=headers,
            data=data,
            allow_redirects=False,
            proxy=proxy,
            proxy_headers=proxy_headers,
            ssl=self._ssl if self._ssl is not None else True,
        )

    def _new_connector(self, resolver: AbstractResolver) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S, resolver=resolver)

    def _new(self, connector: aiohttp.BaseConnector, *, owned: bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            connector_owner=owned,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            requote_redirect_url=False,
            trust_env=False,
            timeout=self._timeout,
            read_bufsize=_READ_BUFFER_BYTES,
            max_line_size=_LONGEST_HEADER_BYTES,
            max_field_size=_LONGEST_HEADER_BYTES,
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
            request_class=_ToldRequest,
        )

    def _for_strangers(self) -> aiohttp.ClientSession:
        if self._strangers is None:
            resolver = PublicResolver(NameResolver(self._patience_s))
            self._strangers = self._new(self._new_connector(resolver), owned=True)
        return self._strangers

    def _read_files(self) -> None:
        if self._ca_cert is not None:
            self._ssl = _trusting(self._ca_cert)
        self._user_agent = f"cip-async/{_version()}"

    def _proxy(self, url: URL) -> tuple[URL | None, dict[str, str] | None]:
        key = (url.scheme, url.raw_authority)
        if key not in self._proxies:
            host = url.raw_host or ""
            proxies = getproxies()
            found = proxies.get(url.scheme) or proxies.get("all")
            nearby = is_loopback(url.host_subcomponent or "") or host in _METADATA_SERVERS
            bypassed = nearby or proxy_bypass(f"{host}:{url.port}") or proxy_bypass(host)
            self._proxies[key] = (None, None) if not found or bypassed else _parsed_proxy(found)
        return self._proxies[key]


def _trusting(ca_cert: Path) -> ssl.SSLContext:
    """TLS as aiohttp has it, with further authorities than those of the system."""
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=str(ca_cert))
    except (OSError, ssl.SSLError) as error:
        raise FileProblem(str(ca_cert), "is no readable file of PEM certificates") from error
    return context


def _parsed_proxy(text: str) -> tuple[URL, dict[str, str] | None]:
    problem = InvalidSettings("proxy", "(the proxy environment variable)", "http://HOST:PORT")
    try:
        url = URL(text if "://" in text else f"http://{text}")
        proxy = url.with_user(None)
    except (ValueError, IndexError):  # yarl has the latter for brackets that hold nothing
        raise problem from None
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise problem
    if url.user is None:
        return proxy, None
    secret = base64.b64encode(f"{url.user}:{url.password or ''}".encode()).decode()
    return proxy, {"Proxy-Authorization": f"Basic {secret}"}


class _Sending(msgspec.Struct):
    """One request that is to be sent, perhaps more than once."""

    on_send: Callable[[], None]
    resend: bool
    sent: bool = False

    def begin(self) -> None:
        """Take note that the request is about to be put on the wire.

        Raises:
            ServerDisconnectedError: it was before, and must not be again.
        """
        if self.sent and not self.resend:
            raise aiohttp.ServerDisconnectedError
        self.sent = True
        self.on_send()


_sending: ContextVar[_Sending] = ContextVar("_sending")
"""What the task is about to send. A middleware of aiohttp's would do as well, and costs twice as much."""


class _ToldRequest(aiohttp.ClientRequest):
    """A request that tells when it is put on the wire, and has no headers but those it is given."""

    DEFAULT_HEADERS = {}  # noqa: RUF012 - as aiohttp has it

    def send(self, conn: Connection) -> Coroutine[Any, Any, aiohttp.ClientResponse]:
        """Send the request on a connection that is open."""
        _sending.get().begin()
        return super().send(conn)


def _version() -> str:
    try:
        return version("cip-async")
    except PackageNotFoundError:
        return "0"
