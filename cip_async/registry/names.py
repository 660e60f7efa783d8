"""Looks up host names in threads that nobody waits for: a lookup that hangs holds up neither a request nor the end.

The system's lookups cannot be cancelled. Threads of a pool are waited for when a program ends, as are those of uvloop,
and a name server that says nothing would keep an interrupted run alive until the system gives it up. Whoever asks what
is being looked up already joins that, so that a name which is tried again and again hangs in one thread alone.
"""

import socket
import threading
from collections.abc import Callable
from copy import copy
from functools import partial
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
    found: tuple[ResolveResult, ...] = ()
    error: OSError | None = None

    def start(self, on_end: Callable[[], None]) -> None:
        """Begin to ask; `on_end` is called in the event loop, if that is still there by then.

        Raises:
            OSError: the system grants no thread.
        """
        run = partial(self._run, on_end, anyio.lowlevel.current_token())
        try:
            threading.Thread(target=run, name=f"lookup of {self.host}", daemon=True).start()
        except RuntimeError:
            reason = "this machine grants no more threads to look up names in"
            raise socket.gaierror(socket.EAI_AGAIN, reason) from None

    def _run(self, on_end: Callable[[], None], token: anyio.lowlevel.EventLoopToken) -> None:
        try:
            self.found = tuple(_addresses(self.host, self.port, self.family))
        except OSError as error:
            self.error = error
        except UnicodeError:
            self.error = socket.gaierror(socket.EAI_NONAME, "it is no name that a host can have")
        except Exception as error:  # noqa: BLE001 - nobody would learn of it, and all would wait for nothing
            reason = f"the system's lookup of the name broke ({type(error).__name__})"
            self.error = socket.gaierror(socket.EAI_FAIL, reason)
        try:
            anyio.from_thread.run_sync(on_end, token=token)
        except RuntimeError:
            return  # the program has ended meanwhile


class NameResolver(AbstractResolver):
    """Resolves names as the system does; nobody waits for one longer than `patience_s` seconds."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._under_way: dict[tuple[str, int, socket.AddressFamily], _Lookup] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host`.

        Raises:
            OSError: it has none, or that could not be found out in time.
        """
        lookup = self._under_way.get((host, port, family)) or self._begun(host, port, family)
        with anyio.move_on_after(self._patience_s):
            await lookup.done.wait()
        if not lookup.done.is_set():
            raise socket.gaierror(socket.EAI_AGAIN, "the name servers did not answer in time")
        if lookup.error is not None:
            raise copy(lookup.error)  # one that several raise would gather the tracebacks of all
        return list(lookup.found)

    async def close(self) -> None:
        """Nothing is open."""

    def _begun(self, host: str, port: int, family: socket.AddressFamily) -> _Lookup:
        lookup = _Lookup(host, port, family)
        lookup.start(partial(self._end, lookup))
        self._under_way[host, port, family] = lookup
        return lookup

    def _end(self, lookup: _Lookup) -> None:
        del self._under_way[lookup.host, lookup.port, lookup.family]
        lookup.done.set()


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
