"""Keeps a pace: says when the next request may start, and measures what is granted; pure, on the caller's clock."""

import math
from collections import deque
from typing import Final

import attrs

from cip_async.registry.chance import Share
from cip_async.registry.pacing import Granted, HeldBack, Pace, Refused, after, unrefused

SPARE_S: Final = 0.1
"""So much of a second's starts may come at once, with one more: what a busy event loop is late by is made up for. It is
too little to be a burst that a quota would notice, and enough to begin with while the first answers are under way."""
_MINUTE_S: Final = 60.0
_LASTS: Final = (8, 16, 32, 64)
_SHORTEST_S: Final = 0.05
"""Starts are counted over no less: those that come at once are no rate."""
_ROUNDING: Final = 1e-6
_TRIPS: Final = 8
"""The longest of so many answers counts, so that a quick one among them speeds up nothing."""
_LEAST_GROWTH_S: Final = 0.005
"""A rate is seen to anew when it held requests back for so long: each start would be as good, and costs as much."""


@attrs.define(eq=False)
class Pacer:
    """One kind of requests to one host. `pace` is what is known; only this changes it."""

    pace: Pace
    _level: float = attrs.field(init=False, default=1.0)
    _level_at: float = attrs.field(init=False, default=-math.inf)
    _granted: int = attrs.field(init=False, default=0)
    _measured_from: float = attrs.field(init=False, default=math.inf)
    _answered: int = attrs.field(init=False, default=0)
    _refused: int = attrs.field(init=False, default=0)
    _trips_s: deque[float] = attrs.field(init=False, factory=lambda: deque(maxlen=_TRIPS))
    _held_back_s: float = attrs.field(init=False, default=0.0)
    _recent: deque[float] = attrs.field(init=False, factory=lambda: deque(maxlen=max(_LASTS)))

    @property
    def settled_per_minute(self) -> float | None:
        """The rate that refusals led to; None if there were none, or nothing was granted since the first."""
        return self.pace.rate * _MINUTE_S if self.pace.has_ceiling else None

    @property
    def _at_once(self) -> float:
        return 1.0 if self.pace.is_probing else 1 + SPARE_S * self.pace.rate

    def due_at(self, now: float) -> float:
        """When the next request may start; not later than `now` if it may at once."""
        if now < self.pace.resumes_at:
            return self.pace.resumes_at
        rate = self.pace.allowed
        self._level = min(self._at_once, self._level + (now - self._level_at) * rate)
        self._level_at = now
        return now if self._level >= 1 - _ROUNDING else now + (1 - self._level) / rate

    def start(self, now: float, *, is_busy: bool) -> None:
        """A request starts, which was due; `is_busy` if more would start if they might."""
        self._recent.append(now)
        rate = self.pace.allowed
        is_full = self._level >= self._at_once - _ROUNDING
        if is_full and not is_busy and not self.pace.is_probing:
            self._granted, self._measured_from = 0, now  # the host may have saved up more than its quota since
        elif not is_full and is_busy and rate < self.pace.most:
            self._held_back_s += 1 / rate
            if self._held_back_s >= _LEAST_GROWTH_S:
                self.pace = after(self.pace, HeldBack(self._held_back_s, max(self._trips_s, default=math.inf)), now)
                self._held_back_s = 0.0
        self._level -= 1

    def withdraw(self) -> None:
        """A request that started did not, after all."""
        self._level += 1

    def granted(self, started_at: float, now: float, *, is_typical: bool = True) -> bool:
        """The host did not refuse a request; returns whether it had refused all before that.

        `is_typical`: how long the answer took is how long answers take.
        """
        if is_typical:
            self._trips_s.append(now - started_at)
        if self.pace.is_probing:
            share = Share(self._answered, self._refused)
            pace = after(self.pace, Granted(started_at, self._granted, now - self._measured_from, share), now)
            if pace is not self.pace:
                self.pace = pace
                self._level, self._level_at = min(self._level, 1.0), now
                self._recent.clear()
                self._granted, self._measured_from = 0, now
                self._answered = self._refused = 0
                return True
        self._granted += 1
        self._answered += 1
        return False

    def refused(self, started_at: float, now: float, asked_s: float | None, longest_s: float) -> float:
        """The host refused a request for quota; returns the pause in seconds, 0 if it is not a longer one."""
        self._answered += 1
        self._refused += 1
        before = self.pace.resumes_at
        self.pace = after(self.pace, Refused(started_at, self._recent_rate(now), asked_s, longest_s), now)
        return round(self.pace.resumes_at - now, 6) if self.pace.resumes_at > before else 0.0

    def _recent_rate(self, now: float) -> float:
        """The highest rate of the last few, or few more, starts; infinite where they are too few to be one."""
        lasts = [last for last in _LASTS if last <= len(self._recent)]
        return max((last / max(now - self._recent[-last], _SHORTEST_S) for last in lasts), default=math.inf)


def pacer(per_minute: float | None) -> Pacer:
    """A pacer that lets no more than `per_minute` requests start in any minute, the spare ones included."""
    return Pacer(unrefused(None if per_minute is None else per_minute / (_MINUTE_S + SPARE_S) * (1 - 2 * _ROUNDING)))
