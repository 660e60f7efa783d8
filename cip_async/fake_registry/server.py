"""Serve hosts on loopback, each on a port of its own, for as long as a block runs."""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import attrs
from aiohttp import web

from cip_async.fake_registry.app import HostApp
from cip_async.fake_registry.host import FakeHost, FakeRegistries

_BACKLOG: Final = 1024
_LONGEST_LINE: Final = 65536
_GRACE_S: Final = 0.5
"""How long requests in flight may take to end when the server does."""


@attrs.frozen
class Servers:
    """Hosts that are being served. `endpoints` says where: `http://127.0.0.1:PORT` by name."""

    registries: FakeRegistries
    endpoints: dict[str, str]

    def __getitem__(self, name: str) -> FakeHost:
        return self.registries[name]


@asynccontextmanager
async def serve(
    registries: FakeRegistries, *, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Servers]:
    """Serve all hosts: the first on `port`, the next on the one after; 0 takes whatever is free.

    Raises:
        OSError: a port cannot be had.
        ExceptionGroup: a request met an error of the registry itself; a refusal is none.
    """
    scheme = "http" if tls is None else "https"
    stores = registries.stores
    endpoints: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        for number, host in enumerate(registries.values()):
            listener = socket.create_server((address, port + number if port else 0), backlog=_BACKLOG)
            stack.callback(listener.close)
            server = web.Server(
                HostApp(host, stores).handle,
                handler_cancellation=True,
                access_log=None,
                auto_decompress=False,
                max_line_size=_LONGEST_LINE,
                keepalive_timeout=75.0,
            )
            runner = web.ServerRunner(server, shutdown_timeout=_GRACE_S)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, listener, ssl_context=tls, backlog=_BACKLOG).start()
            endpoints[host.name] = f"{scheme}://{address}:{listener.getsockname()[1]}"
        yield Servers(registries, endpoints)
    failures = [failure for host in registries.values() for failure in host.failures]
    if failures:
        raise ExceptionGroup("the fake registry failed", failures)
