"""Which digests the repositories list in which something is to be placed."""

from collections.abc import Set as AbstractSet
from typing import Final

from cip_async.reference import Digest, Repository

_MOST: Final = 200_000
"""Digests that are remembered, at about 150 bytes each. Of what comes on top nothing is remembered, which costs
requests and nothing else."""


class Holdings:
    """Remembers listings until they are taken. Mirrors mostly hold the same, which is then in memory once."""

    def __init__(self, most: int = _MOST) -> None:
        self._room = most
        self._listed: dict[Repository, AbstractSet[Digest]] = {}
        self._latest: dict[Repository, AbstractSet[Digest]] = {}

    def listed(self, source: Repository, destination: Repository, digests: AbstractSet[Digest]) -> None:
        """Take note of what a destination listed, in which something from `source` is to be placed."""
        latest = self._latest.get(source)
        if latest is None or latest != digests:
            if len(digests) > self._room:
                return
            self._room -= len(digests)
            latest = self._latest[source] = frozenset(digests)
        self._listed[destination] = latest

    def take(self, destination: Repository) -> AbstractSet[Digest]:
        """What a destination listed; nothing if that is not known, or was taken before."""
        return self._listed.pop(destination, frozenset())
