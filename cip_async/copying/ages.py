"""How old the listings are that pairs were planned from: on an old one's word alone no tag is written."""

import time
from collections.abc import Callable

from cip_async.reference import Repository


class Ages:
    """Knows when the destination of each pair was listed, and trusts its listing for less than `trusted_s` seconds."""

    def __init__(self, trusted_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._trusted_s = trusted_s
        self._clock = clock
        self._listed_at: dict[tuple[Repository, Repository], float] = {}

    def listed(self, source: Repository, destination: Repository, taken_s: float = 0.0) -> None:
        """Take note that the destination of a pair was listed just now, which took so many seconds."""
        self._listed_at[source, destination] = self._clock() - taken_s

    def is_stale(self, source: Repository, destination: Repository) -> bool:
        """Whether the listing of a pair's destination is too old to be trusted, or nobody knows how old it is."""
        listed_at = self._listed_at.get((source, destination))
        return listed_at is None or self._clock() - listed_at >= self._trusted_s
