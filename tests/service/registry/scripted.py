"""A server that answers as a test says, for what no registry would do that follows any rule."""

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import attrs
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict


@attrs.frozen
class Seen:
    """One request as it arrived."""

    method: str
    target: str
    headers: CIMultiDict[str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def authorization(self) -> str | None:
        return self.headers.get("Authorization")


@attrs.frozen
class Reply:
    """What to answer.

    `break_off` closes the connection: before any answer, or after so many bytes of the body; `stall_after` stops
    after so many bytes until the client is gone; `endless` is sent again and again after the body until then.
    """

    status: int = 200
    headers: dict[str, str] = attrs.field(factory=dict)
    body: bytes = b""
    break_off: int | None = None
    stall_after: int | None = None
    endless: bytes = b""


ABSENT = Reply(404, {"Docker-Distribution-Api-Version": "registry/2.0"}, b'{"errors":[{"code":"NAME_UNKNOWN"}]}')
NO_BACKEND = Reply(404, {"Content-Type": "text/html"}, b"default backend - 404")
"""What a proxy answers that knows of no registry."""

Answering = Callable[[Seen], Reply | Awaitable[Reply]]


@attrs.define
class Scripted:
    """A running server: where it is and what it saw."""

    url: str
    answering: Answering
    reads_bodies: bool = True
    """Whether a request is read whole before it is answered."""
    seen: list[Seen] = attrs.field(factory=list)

    @property
    def lines(self) -> list[str]:
        """Method and path of each request, in order."""
        return [f"{seen.method} {seen.path}" for seen in self.seen]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read() if self.reads_bodies else b""
        seen = Seen(request.method, request.path_qs, CIMultiDict(request.headers), body)
        self.seen.append(seen)
        reply = self.answering(seen)
        if isinstance(reply, Awaitable):
            reply = await reply
        response = web.StreamResponse(status=reply.status, headers=reply.headers)
        if not reply.endless:
            response.content_length = len(reply.body)
        if reply.break_off == 0:
            return _cut(request, response)
        await response.prepare(request)
        if reply.break_off is not None:
            await response.write(reply.body[: reply.break_off])
            return _cut(request, response)
        if reply.stall_after is not None:
            await response.write(reply.body[: reply.stall_after])
            await anyio.sleep_forever()
        if request.method != "HEAD":
            await response.write(reply.body)
            while reply.endless:
                await response.write(reply.endless)
        await response.write_eof()
        return response


def _cut(request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return response


class ToLoopback(AbstractResolver):
    """Resolves every name to this machine, so that servers here can have public names."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=socket.AI_NUMERICHOST
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


class StuckResolver(ToLoopback):
    """Never comes to an end."""

    asked = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked = True
        await anyio.sleep_forever()
        return []


@asynccontextmanager
async def scripted(answering: Answering, tls: ssl.SSLContext | None = None) -> AsyncIterator[Scripted]:
    """Serve `answering` on a free port of loopback."""
    server = Scripted("", answering)
    runner = web.ServerRunner(
        web.Server(
            server.handle, handler_cancellation=True, access_log=None, auto_decompress=False, max_line_size=65536
        ),
        shutdown_timeout=0.1,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        scheme = "http" if tls is None else "https"
        server.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()
