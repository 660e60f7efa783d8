"""How fast requests of one kind to a host may start, as its answers teach; pure: a state and an event make a state.

It is the rate that adapts, not the concurrency, which follows as rate times latency. A host is soon asked as fast as it
answers. After a refusal the rate is near what the host really granted: what was granted between the ends of two bursts
of refusals is its quota, whether it counts by the minute or fills a bucket. From there the rate grows as the window of
CUBIC does (RFC 9438, section 4.2): fast towards the ceiling, hardly at all around it, and ever faster beyond, where the
quota must have been raised.

Only refusals for quota lower a rate, and a burst of them does so once: what started before the rate was lowered says
nothing of the rate since. Refusals that come at any rate (`chance`) pause requests as all do, and lower nothing.
"""

import math
from typing import Final

import msgspec
from msgspec.structs import replace

from cip_async.registry.chance import Chance, Share, Spell, begun, considered

FIRST_PER_S: Final = 400.0
"""What a host is asked at first, doubled every few round trips. That hardly slows a host without a quota, and where
one is small, fewer requests are under way when the first is refused."""
LEAST_PER_S: Final = 1.0
"""No rate falls below this; a host that grants less is asked again after pauses that grow."""
PROBES_PER_S: Final = 5.0
"""Starts after a pause, until one of them is granted: enough to notice soon, too few to be refused in numbers."""
FIRST_PAUSE_S: Final = 0.1
"""After a refusal that names no pause; doubled while refusals go on. A bucket of 83 a second gains 8 by then."""
LONGEST_OWN_PAUSE_S: Final = 5.0
"""A quota by the minute comes back at a moment that nobody names, and is noticed within this time."""

_CAUTION: Final = 0.97
"""The part of what was measured to go on with: clocks and networks jitter."""
_FALL: Final = 0.125
"""The most that a burst of refusals lowers a rate to. Little may have been granted because little was asked."""
_TRIED: Final = 0.5
"""The part of what is granted that is asked, to see whether refusals heed the rate."""
_STEADY_FALL: Final = 0.8
"""The same for a rate that grew slowly until it was refused, and so is hardly above the quota."""
_STEADY_S: Final = 5.0
"""How long nothing must have been refused for that."""
_STEADY_DOUBT: Final = 0.5
"""How far the ceiling is from the steady measure to the rate that was refused: half the way, as in a binary search."""
_BUCKET_S: Final = 1.0
"""A bucket that is not asked for so long may be full again, and what it then grants at once is more than its quota."""
_QUICKEST_S: Final = 10.0
_SLOWEST_S: Final = 60.0
"""The seconds in which the rate would double beyond the ceiling. They follow from how long nothing was refused: the
better a quota is known, the more rarely it is tried."""
_AGREEING: Final = 0.9
"""A ceiling below this part of the one before is news, and perhaps too low; it is tried soon."""
_DISPROVED: Final = 1.25
"""Beyond this part of the ceiling there is none, and the rate doubles every `_DOUBLING_S`."""
_DOUBLING_S: Final = 4.0
_FIRST_DOUBLING_TRIPS: Final = 5.0
_SHORTEST_DOUBLING_S: Final = 0.02
_LONGEST_DOUBLING_S: Final = 0.2
"""What those round trips are taken for at least and at most."""
_MOST_DOUBLINGS: Final = 64.0


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one kind of requests to one host. Rates are starts a second, times are seconds.

    `most` is the cap, `lowest` the rate that growth began with, `ceiling` where the quota seems to be, and `grown_s`
    the time that the rate has grown for; while there is no ceiling, as if it doubled as slowly as it may. `decided_at`
    is when the last refusals were noticed, and `resumes_at` when the pause after them ends. Until then and while
    `is_probing`, nothing has been granted since `refused_at`.
    """

    most: float
    rate: float
    lowest: float = math.inf
    ceiling: float = math.inf
    scale_s: float = _QUICKEST_S
    grown_s: float = 0.0
    decided_at: float = -math.inf
    refused_at: float = -math.inf
    refused_rate: float = math.inf
    resumes_at: float = -math.inf
    pause_s: float = 0.0
    is_probing: bool = False
    chance: Chance = Chance()

    @property
    def allowed(self) -> float:
        """How many requests a second may start now."""
        return min(self.rate, PROBES_PER_S) if self.is_probing else self.rate

    @property
    def has_ceiling(self) -> bool:
        """Whether refusals have told anything of the host's quota."""
        return self.ceiling < math.inf


class Refused(msgspec.Struct, frozen=True):
    """A request was refused for quota.

    `rate` is how many a second were started of late, infinite where they are too few to say. `asked_s` is the pause
    that the host asked for, `longest_s` the longest that it may be.
    """

    started_at: float
    rate: float
    asked_s: float | None
    longest_s: float


class Granted(msgspec.Struct, frozen=True):
    """A request was not refused; `requests` had been granted in the `seconds` before it, at the full rate.

    `share` counts all answers since refusals last ended, at whatever rate.
    """

    started_at: float
    requests: int
    seconds: float
    share: Share


class HeldBack(msgspec.Struct, frozen=True):
    """Requests waited for nothing but the rate, for so many seconds. The host answers within `trip_s` of late."""

    seconds: float
    trip_s: float


Event = Refused | Granted | HeldBack


def unrefused(most: float | None) -> Pace:
    """The pace of a host that has refused nothing yet."""
    cap = math.inf if most is None else most
    return Pace(most=cap, rate=min(cap, FIRST_PER_S))


def after(pace: Pace, event: Event, now: float) -> Pace:
    """The pace once `event` has happened."""
    match event:
        case HeldBack(seconds, trip_s):
            return _grown(pace, seconds, trip_s)
        case Refused():
            return _refused(pace, event, now)
        case Granted():
            return _recovered(pace, event, now) if pace.is_probing and event.started_at > pace.decided_at else pace


def _refused(pace: Pace, refused: Refused, now: float) -> Pace:
    asked_s = min(refused.asked_s or 0.0, refused.longest_s)
    if refused.started_at <= pace.decided_at:
        return replace(pace, resumes_at=max(pace.resumes_at, now + asked_s)) if asked_s else pace
    pause_s = min(pace.pause_s * 2, LONGEST_OWN_PAUSE_S) if pace.is_probing else FIRST_PAUSE_S
    paused = replace(
        pace,
        decided_at=now,
        pause_s=pause_s,
        resumes_at=max(pace.resumes_at, now + (asked_s or min(pause_s, refused.longest_s))),
        is_probing=True,
    )
    if pace.is_probing:
        return paused
    refused_rate = max(min(pace.rate, refused.rate), LEAST_PER_S)
    if refused.rate == math.inf and not pace.has_ceiling:
        refused_rate = math.inf
    return replace(paused, refused_at=now, refused_rate=refused_rate)


def _recovered(pace: Pace, granted: Granted, now: float) -> Pace:
    """Go on after a burst: as before, if it came by chance, and otherwise below what was granted."""
    if pace.refused_rate == math.inf:
        return replace(pace, is_probing=False)
    granted_per_s = granted.requests / max(granted.seconds, now - pace.refused_at, 1e-6)
    spell = Spell(rate=pace.refused_rate, asked_per_s=pace.rate, granted_per_s=granted_per_s, share=granted.share)
    chance = considered(pace.chance, spell) if pace.has_ceiling else begun(pace.rate)
    judged = replace(pace, chance=chance, is_probing=False)
    if not chance.explains:
        return _settled(judged, granted, now)
    if chance.is_tried:
        return _between(judged, max(spell.granted_per_s * _TRIED, spell.rate * _FALL), spell.granted_per_s)
    if pace.chance.is_tried:
        return _between(judged, chance.asked_per_s, chance.asked_per_s)
    return judged if pace.chance.explains else _between(judged, chance.proven_per_s, chance.asked_per_s)


def _between(pace: Pace, lowest: float, ceiling: float) -> Pace:
    """Grow from `lowest` to `ceiling`, and beyond."""
    lowest = max(_CAUTION * lowest, LEAST_PER_S)
    return replace(
        pace,
        rate=min(lowest, pace.most),
        lowest=lowest,
        ceiling=max(ceiling, lowest / _CAUTION),
        scale_s=_QUICKEST_S,
        grown_s=0.0,
    )


def _settled(pace: Pace, granted: Granted, now: float) -> Pace:
    """Go on below what was granted, and seek the ceiling above it, as far as the measure leaves that in doubt."""
    refusing_s = max(now - pace.refused_at, 1e-6)
    granting_s = granted.seconds - refusing_s
    measured, doubt, fall = 0.0, 1.0, _FALL
    if granting_s > 0:
        measured = min(granted.requests / granted.seconds, pace.refused_rate)
        doubt = min(refusing_s, _BUCKET_S) / granted.seconds
    if granting_s >= _STEADY_S and refusing_s <= granted.seconds / 5:
        doubt, fall = _STEADY_DOUBT, _STEADY_FALL
    least = max(min(pace.chance.least_per_s, pace.rate), LEAST_PER_S)
    lowest = max(_CAUTION * min(max(measured, pace.refused_rate * fall), pace.refused_rate), least)
    ceiling = max(measured + (pace.refused_rate - measured) * doubt, lowest / _CAUTION)
    is_news = ceiling < pace.ceiling * _AGREEING
    return replace(
        pace,
        rate=min(lowest, pace.most),
        lowest=lowest,
        ceiling=ceiling,
        scale_s=_QUICKEST_S if is_news else min(max(2 * granting_s, _QUICKEST_S), _SLOWEST_S),
        grown_s=0.0,
    )


def _grown(pace: Pace, seconds: float, trip_s: float) -> Pace:
    if pace.is_probing or pace.rate >= pace.most:
        return pace
    if pace.has_ceiling:
        grown_s = pace.grown_s + seconds
        rate = _rate_after(pace, grown_s)
    else:
        doubling_s = min(max(_FIRST_DOUBLING_TRIPS * trip_s, _SHORTEST_DOUBLING_S), _LONGEST_DOUBLING_S)
        grown_s = pace.grown_s + seconds * _LONGEST_DOUBLING_S / doubling_s
        rate = FIRST_PER_S * _doubled(grown_s / _LONGEST_DOUBLING_S)
    return replace(pace, grown_s=grown_s, rate=min(rate, pace.most))


def _rate_after(pace: Pace, grown_s: float) -> float:
    plateau_s = pace.scale_s * math.cbrt(1 - pace.lowest / pace.ceiling)
    disproved_s = plateau_s + pace.scale_s * math.cbrt(_DISPROVED - 1)
    if grown_s <= disproved_s:
        return pace.ceiling * (1 + ((grown_s - plateau_s) / pace.scale_s) ** 3)
    return pace.ceiling * _DISPROVED * _doubled((grown_s - disproved_s) / _DOUBLING_S)


def _doubled(times: float) -> float:
    return math.exp2(min(times, _MOST_DOUBLINGS))
