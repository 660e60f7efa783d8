"""Looks up host names in threads that nobody waits for: a lookup that hangs holds up neither a request nor the end.

The system's lookups cannot be cancelled. Threads of a pool are waited for when a program ends, as are those of uvloop,
and a name server that says nothing would keep an interrupted run alive until the system gives it up.
"""

import socket
import threading
from typing import Final

import anyio.from_thread
import anyio.lowlevel
import attrs
from aiohttp.abc import AbstractResolver, ResolveResult

_NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
_AS_NUMBERS: Final = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV


@attrs.define(eq=False)
class _Lookup:
    """One question to the system, and what came of it."""

    host: str
    port: int
    family: socket.AddressFamily
    done: anyio.Event = attrs.field(factory=anyio.Event)
    found: list[ResolveResult] = attrs.field(factory=list)
    error: OSError | None = None

    def run(self, token: anyio.lowlevel.EventLoopToken) -> None:
        """Ask, in a thread, and tell the event loop if it is still there."""
        try:
            self.found = _addresses(self.host, self.port, self.family)
        except OSError as error:
            self.error = error
        except UnicodeError:
            self.error = socket.gaierror(socket.EAI_NONAME, "it is no name that a host can have")
        try:
            anyio.from_thread.run_sync(self.done.set, token=token)
        except RuntimeError:
            return  # the program has ended meanwhile


class NameResolver(AbstractResolver):
    """Resolves names as the system does, each within `patience_s` seconds."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host`.

        Raises:
            OSError: it has none, or that could not be found out in time.
        """
        lookup = _Lookup(host, port, family)
        token = anyio.lowlevel.current_token()
        threading.Thread(target=lookup.run, args=(token,), name=f"lookup of {host}", daemon=True).start()
        with anyio.move_on_after(self._patience_s):
            await lookup.done.wait()
        if lookup.error is not None:
            raise lookup.error
        if not lookup.done.is_set():
            raise socket.gaierror(socket.EAI_AGAIN, "the name servers did not answer in time")
        return lookup.found

    async def close(self) -> None:
        """Nothing is open."""


def _addresses(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [
        ResolveResult(
            hostname=host, host=_numeric(kind, address), port=port, family=kind, proto=protocol, flags=_NUMERIC
        )
        for kind, _, protocol, _, address in found
    ]


def _numeric(family: int, address: tuple[object, ...]) -> str:
    """An address as text; one that is only of this machine's network names the way there too."""
    if family == socket.AF_INET6 and len(address) > 3 and address[3]:
        return socket.getnameinfo(address, _AS_NUMBERS)[0]  # type: ignore[arg-type]
    return str(address[0])
