"""What service tests share: registry hosts that are served over loopback for the length of a test."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from cip_async.fake_registry.host import FakeRegistries
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.server import Servers, serve
from cip_async.promoter import Promoter
from cip_async.settings import Retries, Settings
from tests.service.staging import Staging


class ServeHosts(Protocol):
    """Serves hosts by these names until the test ends; an error inside the registry then fails the test."""

    async def __call__(self, *names: str, rules: Callable[[], Rules] = Rules) -> Servers: ...


@pytest.fixture
async def serve_hosts(anyio_backend: object) -> AsyncIterator[ServeHosts]:
    """Call it to start hosts, with the rules that each should have; they end with the test."""
    async with AsyncExitStack() as stack:

        async def start(*names: str, rules: Callable[[], Rules] = Rules) -> Servers:
            return await stack.enter_async_context(serve(FakeRegistries(*names, rules=rules)))

        yield start


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody listens: its port stays taken, so that no other process can begin to meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
async def registries(serve_hosts: ServeHosts) -> Servers:
    """Three hosts that follow the whole specification: staging on `gcr.io`, mirrors on `eu.gcr.io` and `us.gcr.io`."""
    return await serve_hosts("gcr.io", "eu.gcr.io", "us.gcr.io")


QUICK = Settings(
    retries=Retries(request_s=2.0, first_delay_s=0.001, longest_delay_s=0.01, host_silence_s=0.0, host_failures=3)
)
"""Gives up on a dead host after three failures, at once."""


@pytest.fixture
async def staging(serve_hosts: ServeHosts, tmp_path: Path) -> Staging:
    """Google-like staging on gcr.io, mirrors on eu.gcr.io and us.gcr.io."""
    return Staging(await serve_hosts("gcr.io", "eu.gcr.io", "us.gcr.io", rules=Rules.google), tmp_path)


@pytest.fixture
async def plain(serve_hosts: ServeHosts, tmp_path: Path) -> Staging:
    """Plain OCI registries: staging.example, and the mirrors eu.example and us.example."""
    servers = await serve_hosts("staging.example", "eu.example", "us.example")
    return Staging(servers, tmp_path, source="staging.example", mirrors=("eu.example", "us.example"))


@pytest.fixture
def promoter_for(tmp_path: Path) -> Callable[..., Promoter]:
    """Makes promoters for a staging registry; nobody's own Docker configuration is read."""
    config = tmp_path / "config.json"
    config.write_text("{}")

    def make(staging: Staging, **options: Any) -> Promoter:
        options.setdefault("settings", QUICK)
        return Promoter(endpoints=staging.servers.endpoints, docker_config=config, **options)

    return make
