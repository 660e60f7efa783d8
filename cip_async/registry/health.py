"""When a host that does not answer is given up, so that it fails in bounded time; pure."""

import math

import attrs

from cip_async.settings import Retries


@attrs.define
class HostHealth:
    """Failures of one host in a row. Any answer that is not a server failure ends the row.

    A host is given up when it failed often and for long: a burst of parallel failures alone, as when a
    registry restarts, is no reason yet.
    """

    _failures: int = 0
    _since: float = math.inf
    given_up: bool = False

    def answered(self) -> None:
        """The host gave an answer."""
        self._failures = 0
        self._since = math.inf

    def failed(self, now: float, limits: Retries) -> None:
        """The host failed to answer, or answered with a server failure; `now` is in seconds."""
        self._failures += 1
        self._since = min(self._since, now)
        if self._failures >= limits.host_failures and now - self._since >= limits.host_silence_s:
            self.given_up = True
