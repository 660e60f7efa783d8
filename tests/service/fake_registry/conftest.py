"""A plain HTTP client: what the fake registry does is told by its answers, not by our own client's."""

from collections.abc import AsyncIterator

import aiohttp
import attrs
import pytest
from yarl import URL

from cip_async.fake_registry.host import FakeHost
from tests.service.conftest import ServeHosts


@pytest.fixture
async def http(anyio_backend: object) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that sends each request once, on a connection of its own."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector, requote_redirect_url=False) as session:
        session._retry_connection = False  # else it sends what is safe to repeat a second time when a connection fails
        yield session


@attrs.frozen
class Answer:
    """What came back, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes


@attrs.frozen
class Client:
    """Sends requests to one host that is being served."""

    host: FakeHost
    origin: str
    session: aiohttp.ClientSession

    async def __call__(
        self, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request; `target` is a path with its query, or a whole URL."""
        url = target if "://" in target else f"{self.origin}{target}"
        async with self.session.request(
            method, URL(url, encoded=True), data=body, headers=headers, allow_redirects=False
        ) as response:
            return Answer(response.status, dict(response.headers), await response.read())


@pytest.fixture
async def client(serve_hosts: ServeHosts, http: aiohttp.ClientSession) -> Client:
    """A host called `gcr.io` that follows the whole specification, and a way to ask it."""
    servers = await serve_hosts("gcr.io")
    return Client(servers["gcr.io"], servers.endpoints["gcr.io"], http)
