"""When to feed more images into the graph: enough that no host idles, not so many that memory has no bound."""

from collections.abc import Iterable, Mapping
from typing import Final

import anyio

from cip_async.reference import Host

_ENOUGH: Final = 5_000
"""Unfinished pieces of content that keep a host busy: some seconds' worth at the highest quota there is."""
_MOST: Final = 100_000
"""Unfinished pieces of content in all, at about 500 bytes each. A slow host may pile up this much before it holds
back the others."""


class Backlog:
    """Holds back images while all the hosts they go to have enough to do, or there is too much to do in all.

    `unfinished` is how many pieces of content are unfinished on each host, and is looked at again at each `shrunk`.
    """

    def __init__(self, unfinished: Mapping[Host, int], *, enough: int = _ENOUGH, most: int = _MOST) -> None:
        self._unfinished = unfinished
        self._enough = enough
        self._most = most
        self._wanted: set[Host] = set()
        self._room = anyio.Event()

    async def wait(self, hosts: Iterable[Host]) -> None:
        """Return when one of `hosts` could do with more."""
        hosts = frozenset(hosts)
        while not self._has_room(hosts, 1.0):
            self._wanted |= hosts
            await self._room.wait()

    def shrunk(self) -> None:
        """Some content was placed, or failed; whoever waits goes on once there is room for more than a few."""
        if self._wanted and self._has_room(self._wanted, 0.75):
            self._wanted.clear()
            self._room.set()
            self._room = anyio.Event()

    def _has_room(self, hosts: Iterable[Host], share: float) -> bool:
        if sum(self._unfinished.values()) > self._most * share:
            return False
        return any(self._unfinished.get(host, 0) <= self._enough * share for host in hosts)
