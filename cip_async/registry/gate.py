"""One gate per host: how many requests may be in flight, how many a second may start, and pauses.

Reads and writes have rates of their own, since registries grant them apart; the cap on requests in flight is
common. A pause of one host holds back no other.
"""

import math
from collections.abc import Callable, Mapping
from typing import Final

import anyio
import attrs

from cip_async.reference import Host
from cip_async.settings import Rate, Retries

_FIRST_PAUSE_S: Final = 0.5


@attrs.define
class TokenBucket:
    """Grants `per_second` starts a second, `burst` at once; pure, the caller says what time it is."""

    per_second: float
    burst: float
    _level: float = attrs.field(init=False)
    _since: float = attrs.field(init=False, default=-math.inf)

    def __attrs_post_init__(self) -> None:
        """A bucket starts full."""
        self._level = self.burst

    def take(self, now: float) -> float:
        """Take one token, and return how many seconds the taker must wait before it is due.

        The level may go below zero: takers queue by waiting longer, in the order in which they came.
        """
        if self._since > -math.inf:
            self._level = min(self.burst, self._level + (now - self._since) * self.per_second)
        self._since = now
        self._level -= 1.0
        return max(0.0, -self._level / self.per_second)


class HostGate:
    """Lets requests of one host start. Enter before one HTTP exchange, leave after its body.

    No code may wait for another task while it is inside, or tasks wait for each other for ever.
    """

    def __init__(self, rate: Rate, in_flight: int, clock: Callable[[], float]) -> None:
        self._slots = anyio.Semaphore(in_flight, fast_acquire=True)
        self._reads = _bucket(rate.reads_per_minute)
        self._writes = _bucket(rate.writes_per_minute)
        self._clock = clock
        self._paused_until = -math.inf
        self._own_pause_s = _FIRST_PAUSE_S

    async def enter(self, *, write: bool) -> None:
        """Wait for a slot, for the end of a pause and for the rate, in this order."""
        await self._slots.acquire()
        try:
            bucket = self._writes if write else self._reads
            if bucket is not None:
                wait_s = bucket.take(self._clock())
                if wait_s > 0:
                    await anyio.sleep(wait_s)
            while self._clock() < self._paused_until:  # noqa: ASYNC110 - a pause may grow while it is slept through
                await anyio.sleep_until(self._paused_until)
        except BaseException:
            self._slots.release()
            raise

    def leave(self) -> None:
        """Give the slot back."""
        self._slots.release()

    def throttled(self, asked_s: float | None, limits: Retries) -> float:
        """Pause after a 429, and return the pause in seconds; 0 if one is on already that is long enough.

        `asked_s` is the registry's `Retry-After`. Without one, or with one that is over already, the pause doubles
        with each burst that follows the last one closely.
        """
        now = self._clock()
        if not asked_s:
            if now < self._paused_until:
                return 0.0
            recent = now - self._paused_until < limits.longest_delay_s
            self._own_pause_s = min(self._own_pause_s * 2, limits.longest_delay_s) if recent else _FIRST_PAUSE_S
            asked_s = self._own_pause_s
        asked_s = min(asked_s, limits.longest_retry_after_s)
        if now + asked_s <= self._paused_until:
            return 0.0
        self._paused_until = now + asked_s
        return asked_s


class Gates:
    """The gates of all hosts, made when a host is first asked for."""

    def __init__(self, rates: Mapping[str, Rate], default_rate: Callable[[Host], Rate], in_flight: int) -> None:
        self._rates = rates
        self._default_rate = default_rate
        self._in_flight = in_flight
        self._gates: dict[Host, HostGate] = {}

    def of(self, host: Host) -> HostGate:
        """The gate of `host`."""
        gate = self._gates.get(host)
        if gate is None:
            rate = self._rates.get(host) or self._default_rate(host)
            gate = self._gates[host] = HostGate(rate, self._in_flight, anyio.current_time)
        return gate


def _bucket(per_minute: float | None) -> TokenBucket | None:
    """A tenth of a second's worth may start at once: enough to fill a pipe, too little to break a quota."""
    if per_minute is None:
        return None
    per_second = per_minute / 60
    return TokenBucket(per_second=per_second, burst=max(1.0, per_second / 10))
