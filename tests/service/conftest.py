"""What service tests share: registry hosts that are served over loopback for the length of a test."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Protocol

import pytest

from cip_async.fake_registry.host import FakeRegistries
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.server import Servers, serve


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
async def registries(serve_hosts: ServeHosts) -> Servers:
    """Three hosts that follow the whole specification: staging on `gcr.io`, mirrors on `eu.gcr.io` and `us.gcr.io`."""
    return await serve_hosts("gcr.io", "eu.gcr.io", "us.gcr.io")
