"""Clients that speak to scripted servers, and the proof at the end of each test that they held on to nothing."""

import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import aiohttp
import attrs
import pytest

from cip_async.events import Event
from cip_async.reference import Digest, Host, Repository, Tag
from cip_async.registry.client import RegistryClient
from cip_async.registry.credentials.provider import Anonymous, Chain, Credential
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.gate import Gates
from cip_async.registry.guard import Guard
from cip_async.registry.listing.lister import Lister
from cip_async.registry.listing.strategy import Strategies, Strategy
from cip_async.registry.session import HttpSession
from cip_async.registry.transport import Transport
from cip_async.settings import Bodies, Rate, Retries, Settings, Timeouts
from tests.service.registry.scripted import Answering, Scripted, scripted

HOST = Host("registry.example")
OTHER_HOST = Host("other.example")
FOO = Repository(HOST, "prod/foo")
BAR = Repository(HOST, "prod/bar")
V1 = Tag("v1")
D = Digest("sha256:" + "d" * 64)
IN_FLIGHT = 4
NOBODY = Anonymous()

HASTY = Retries(
    request_s=20.0,
    first_delay_s=0.001,
    longest_delay_s=0.002,
    longest_retry_after_s=0.01,
    host_failures=1000,
)


ONE_TRY = attrs.evolve(HASTY, request_s=0.0)


@attrs.frozen
class One:
    """A provider with one credential, for one host."""

    credential_: Credential
    host: Host = HOST

    async def credential(self, host: Host, repository: Repository | None) -> Credential | None:
        return self.credential_ if host == self.host else None


@attrs.define
class Reach:
    """A client with all that stands behind it."""

    client: RegistryClient
    transport: Transport
    lister: Lister
    gates: Gates
    connector: aiohttp.TCPConnector
    events: list[Event]

    def count(self, **wanted: object) -> int:
        """How many requests the ledger has that are as `wanted`."""
        return sum(
            line.requests
            for line in self.transport.ledger.lines()
            if all(getattr(line, name) == value for name, value in wanted.items())
        )

    def free_slots(self, host: Host = HOST) -> int:
        return self.gates.of(host).free_slots

    @property
    def connections_in_use(self) -> int:
        return len(self.connector._acquired)


class Open(Protocol):
    async def __call__(
        self,
        *servers: Scripted,
        endpoints: Mapping[str, str] | None = None,
        credential: Credential = ...,
        guard: Guard | None = None,
        retries: Retries = ...,
        timeouts: Timeouts | None = None,
        bodies: Bodies | None = None,
        strategy: Strategy = ...,
        ca_cert: Path | None = None,
        trusted_realms: frozenset[str] = ...,
        resolver: aiohttp.abc.AbstractResolver | None = None,
        page_size: int = ...,
    ) -> Reach: ...


class Serve(Protocol):
    async def __call__(self, answering: Answering, tls: ssl.SSLContext | None = None) -> Scripted: ...


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(autouse=True)
def _no_authorities_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are many, and reading them for each test takes longer than the test."""
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", os.devnull)


@pytest.fixture
async def stack(anyio_backend: object) -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def serve(stack: AsyncExitStack) -> Serve:
    """Call it with a function from a request to its answer."""

    async def start(answering: Answering, tls: ssl.SSLContext | None = None) -> Scripted:
        return await stack.enter_async_context(scripted(answering, tls))

    return start


@pytest.fixture
def reach(stack: AsyncExitStack) -> Open:
    """Call it with the servers that `registry.example` and `other.example` stand for.

    When the test ends, every gate must have all its slots and no connection may be in use.
    """

    async def open_reach(
        *servers: Scripted,
        endpoints: Mapping[str, str] | None = None,
        credential: Credential = NOBODY,
        guard: Guard | None = None,
        retries: Retries = HASTY,
        timeouts: Timeouts | None = None,
        bodies: Bodies | None = None,
        strategy: Strategy = Strategy.OCI,
        ca_cert: Path | None = None,
        trusted_realms: frozenset[str] = frozenset(),
        resolver: aiohttp.abc.AbstractResolver | None = None,
        page_size: int = 2,
    ) -> Reach:
        where = dict(endpoints or {}) or dict(zip((HOST, OTHER_HOST), (server.url for server in servers), strict=False))
        settings = Settings(
            timeouts=timeouts or Timeouts(connect_s=2.0, first_byte_s=5.0, stall_s=5.0),
            retries=retries,
            bodies=bodies or Bodies(),
            oci_page_size=page_size,
            google_page_size=page_size,
        )
        connector = aiohttp.TCPConnector(limit=0, resolver=resolver)
        stack.push_async_callback(connector.close)
        gates = Gates({}, lambda _: Rate(), IN_FLIGHT)
        events: list[Event] = []
        transport = Transport(
            session=HttpSession(timeouts=settings.timeouts, connector=connector, ca_cert=ca_cert),
            endpoints=Endpoints(where),
            provider=Chain([One(credential)]),
            guard=guard or Guard(writable=True),
            gates=gates,
            settings=settings,
            listener=events.append,
            trusted_realms=trusted_realms,
        )
        await stack.enter_async_context(transport)
        client = RegistryClient(transport, settings.bodies)
        lister = Lister(client, settings, Strategies({HOST: strategy}))
        reached = Reach(client, transport, lister, gates, connector, events)
        stack.callback(_holds_nothing, reached)
        return reached

    return open_reach


def _holds_nothing(reached: Reach) -> None:
    assert {host: gate.free_slots for host, gate in reached.gates._gates.items()} == dict.fromkeys(
        reached.gates._gates, IN_FLIGHT
    )
    assert reached.connections_in_use == 0
