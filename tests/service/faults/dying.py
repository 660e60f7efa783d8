"""Mirrors that are dead, each in its way, and mirrors that die while they are written to."""

import enum
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Final

import anyio
import attrs
from anyio.abc import SocketAttribute, SocketStream
from yarl import URL


class Death(enum.Enum):
    """What whoever connects finds."""

    REFUSING = "refuses connections"
    SILENT = "takes connections and never answers"
    DEAF = "takes no connections and refuses none"
    FAILING = "answers everything with 503"


_MANY: Final = 1_000


@contextmanager
def dead(death: Death) -> Iterator[str]:
    """An address where nobody answers, as `death` says: the kernel alone takes connections, as many as it may."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = taken.getsockname()
        if death is Death.SILENT:
            taken.listen(_MANY)
        if death is not Death.DEAF:
            yield f"http://127.0.0.1:{address[1]}"
            return
        taken.listen(0)
        with socket.socket() as first:
            first.setblocking(False)
            first.connect_ex(address)  # this takes the one place in the queue
            yield f"http://127.0.0.1:{address[1]}"


@attrs.define
class Mortal:
    """Stands before a registry, and dies once so many uploads and documents were sent to it."""

    endpoint: str
    puts: int
    death: Death
    address: str = ""
    is_dead: bool = False
    _scope: anyio.CancelScope = attrs.field(factory=anyio.CancelScope)

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """Forward connections, until it dies."""
        async with await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0) as listener:
            self.address = f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._serve, listener)
                yield
                tasks.cancel_scope.cancel()

    async def _serve(self, listener: anyio.abc.Listener[SocketStream]) -> None:
        with self._scope:
            await listener.serve(self._forward)
        if self.death is Death.REFUSING:
            await listener.aclose()
            return
        await listener.serve(_swallow)

    async def _forward(self, client: SocketStream) -> None:
        url = URL(self.endpoint)
        async with (
            client,
            await anyio.connect_tcp(url.host or "", url.port or 0) as registry,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(partial(self._pass_on, client, registry, counts=True))
            await self._pass_on(registry, client, counts=False)
            tasks.cancel_scope.cancel()

    async def _pass_on(self, here: SocketStream, there: SocketStream, *, counts: bool) -> None:
        try:
            async for piece in here:
                if counts:
                    self.puts -= piece.count(b"PUT /v2/")
                    self._live_or_die()
                await there.send(piece)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            return

    def _live_or_die(self) -> None:
        if self.puts < 0 and not self.is_dead:
            self.is_dead = True
            self._scope.cancel()


async def _swallow(client: SocketStream) -> None:
    async with client:
        async for _ in client:
            pass
