"""One gate per host: how many requests may be in flight, how many a second may start, and pauses.

Reads and writes have rates of their own, since registries grant them apart; the cap on requests in flight is common.
Those who must wait stand in three lines, which are served in turn, so a crawl holds back no copy. What one host does
holds back no other.
"""

import asyncio
import enum
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

import attrs
import msgspec

from cip_async.errors import InvalidReference, InvalidSettings
from cip_async.model.report import RequestClass
from cip_async.reference import Host, parse_host
from cip_async.registry.pacer import Pacer, pacer
from cip_async.registry.quota_headers import Remaining
from cip_async.settings import Rate, Retries

_SHORTEST_WAIT_S: Final = 0.005
"""Where requests are let in more often than that, a few are let in at once: a sleep costs more than a request does."""
_OF_CRAWLS: Final = frozenset({RequestClass.LISTING, RequestClass.MANIFEST_HEAD, RequestClass.PING})


class Line(enum.Enum):
    """Where requests stand that must wait."""

    LISTING = enum.auto()
    """What crawls send: listings, and HEADs of manifests. The few HEADs of a copy stand among them."""
    READING = enum.auto()
    WRITING = enum.auto()

    __hash__ = object.__hash__  # members are unique; what enumerations have is slow, and needed for every request


def line_of(request_class: RequestClass, *, write: bool) -> Line:
    """Where a request stands. One for a token is a read, whatever its method: it changes nothing."""
    if write and request_class is not RequestClass.TOKEN:
        return Line.WRITING
    return Line.LISTING if request_class in _OF_CRAWLS else Line.READING


class Passage(msgspec.Struct, eq=False):
    """One request that was let in; whoever got it must leave with it."""

    request_class: RequestClass
    pacer: Pacer
    started_at: float


class _Waiter(msgspec.Struct, eq=False):
    """A request that waits; an event would do as well as the future, and costs several times as much."""

    request_class: RequestClass
    called: asyncio.Future[None]
    passage: Passage | None = None


@attrs.frozen(eq=False)
class _Queue:
    pacer: Pacer
    waiting: deque[_Waiter] = attrs.field(factory=deque)


@attrs.define
class _Allowance:
    """How many requests of a class may still start before the host renews its quota for them."""

    requests: int
    until: float


class HostGate:
    """Lets requests of one host start. Enter before one HTTP exchange, leave after its body.

    No code may wait for another task while it is inside, or tasks wait for each other for ever.
    """

    def __init__(self, rate: Rate, in_flight: int, clock: Callable[[], float]) -> None:
        self._in_flight = in_flight
        self._clock = clock
        self._reads = pacer(rate.reads_per_minute)
        self._writes = pacer(rate.writes_per_minute)
        self._queues = {
            Line.LISTING: _Queue(self._reads),
            Line.READING: _Queue(self._reads),
            Line.WRITING: _Queue(self._writes),
        }
        self._turns = deque(self._queues.values())
        self._waiting = 0
        self._inside: set[Passage] = set()
        self._paused_until = -math.inf
        self._allowances: dict[RequestClass, _Allowance] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = math.inf

    @property
    def free_slots(self) -> int:
        """How many more requests may be in flight."""
        return self._in_flight - len(self._inside)

    @property
    def settled_rate(self) -> Rate | None:
        """The rates that refusals led to, if there were any."""
        reads, writes = self._reads.settled_per_minute, self._writes.settled_per_minute
        return None if reads is None and writes is None else Rate(reads_per_minute=reads, writes_per_minute=writes)

    async def enter(self, request_class: RequestClass, *, write: bool) -> Passage:
        """Wait for a slot, for the end of a pause, for the rate and for one's turn."""
        queue = self._queues[line_of(request_class, write=write)]
        if not self._waiting and len(self._inside) < self._in_flight:
            now = self._clock()
            if self._due_at(queue, request_class, now) <= now:
                return self._let_in(queue, request_class, now, waited=False)
        return await self._enter_in_turn(queue, request_class)

    def leave(self, passage: Passage) -> None:
        """Give the slot back."""
        self._inside.discard(passage)
        if self._waiting:
            self._call()

    def granted(self, passage: Passage, *, is_typical: bool = True) -> None:
        """The host did not refuse a request for quota; `is_typical` as in `Pacer.granted`."""
        if passage.pacer.granted(passage.started_at, self._clock(), is_typical=is_typical):
            self._call()

    def refused(self, passage: Passage, asked_s: float | None, limits: Retries) -> float:
        """The host refused a request for quota; `asked_s` is its `Retry-After`, which all requests to it heed.

        Returns the pause in seconds; 0 if one is on already that is long enough.
        """
        now = self._clock()
        if asked_s:
            self._paused_until = max(self._paused_until, now + min(asked_s, limits.longest_retry_after_s))
        return passage.pacer.refused(passage.started_at, now, asked_s, limits.longest_retry_after_s)

    def told(self, passage: Passage, remaining: Remaining, limits: Retries) -> float:
        """The host said how many requests it still grants before it renews a quota.

        That holds only for requests of the class that it answered: Docker Hub counts GETs of manifests and nothing else
        (https://docs.docker.com/docker-hub/usage/pulls/), and what it says to others is about them.

        Returns for how many seconds such requests wait from now on; 0 if they do not, or do already.
        """
        now, request_class = self._clock(), passage.request_class
        under_way = sum(each.request_class is request_class for each in self._inside if each is not passage)
        before = self._allowances.get(request_class)
        told = self._allowances[request_class] = _Allowance(
            requests=remaining.requests - under_way,
            until=now + min(remaining.renewed_in_s, limits.longest_retry_after_s),
        )
        self._call()
        is_known = before is not None and before.requests <= 0 and now < before.until
        return 0.0 if told.requests > 0 or is_known else round(told.until - now, 6)

    async def _enter_in_turn(self, queue: _Queue, request_class: RequestClass) -> Passage:
        waiter = _Waiter(request_class, asyncio.get_running_loop().create_future())
        queue.waiting.append(waiter)
        self._waiting += 1
        try:
            self._call()
            await waiter.called
        except BaseException:
            self._give_up(queue, waiter)
            raise
        if waiter.passage is None:
            raise RuntimeError("called without a passage")
        return waiter.passage

    def _give_up(self, queue: _Queue, waiter: _Waiter) -> None:
        if waiter.passage is None:
            queue.waiting.remove(waiter)
            self._waiting -= 1
        else:
            self._inside.discard(waiter.passage)
            waiter.passage.pacer.withdraw()
        self._call()

    def _call(self) -> None:
        """Let in all who may start now, one line after the other, and be called again when time lets in the next."""
        due_at = math.inf
        now = self._clock() if self._waiting else 0.0
        while self._waiting and len(self._inside) < self._in_flight:
            queue, waiter, due_at = self._next(now)
            if due_at > now:
                break
            due_at = math.inf
            queue.waiting.remove(waiter)
            self._waiting -= 1
            self._turns.remove(queue)
            self._turns.append(queue)
            waiter.passage = self._let_in(queue, waiter.request_class, now, waited=True)
            if not waiter.called.done():  # else it was cancelled just now, and gives its slot back
                waiter.called.set_result(None)
        self._set_alarm(due_at if self._waiting else math.inf, now)

    def _next(self, now: float) -> tuple[_Queue, _Waiter, float]:
        """Who may start first, and when; of several who may now, the one whose line has waited longest for its turn."""
        best: tuple[_Queue, _Waiter, float] | None = None
        for queue in self._turns:
            for waiter in queue.waiting:
                due_at = self._due_at(queue, waiter.request_class, now)
                if best is None or due_at < best[2]:
                    best = queue, waiter, due_at
                if due_at <= now:
                    return best
                if waiter.request_class not in self._allowances:
                    break  # nobody behind may start before
        if best is None:
            raise RuntimeError("nobody waits")
        return best

    def _set_alarm(self, due_at: float, now: float) -> None:
        """Be called at `due_at`, but not at once; an alarm that rings too early is set again then."""
        rings_at = max(due_at, now + _SHORTEST_WAIT_S)
        if self._alarm is not None and (rings_at < self._alarm_at or not self._waiting):
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None and due_at < math.inf:
            self._alarm = asyncio.get_running_loop().call_later(rings_at - now, self._ring)
            self._alarm_at = rings_at

    def _ring(self) -> None:
        self._alarm = None
        try:
            self._call()
        except Exception as defect:  # noqa: BLE001 - whoever waits raises it, instead of waiting for ever
            for waiter in (waiter for queue in self._turns for waiter in queue.waiting):
                if not waiter.called.done():
                    waiter.called.set_exception(defect)

    def _due_at(self, queue: _Queue, request_class: RequestClass, now: float) -> float:
        if now < self._paused_until:
            return self._paused_until
        allowance = self._allowances.get(request_class) if self._allowances else None
        if allowance is not None and allowance.requests <= 0 and now < allowance.until:
            return allowance.until
        return queue.pacer.due_at(now)

    def _let_in(self, queue: _Queue, request_class: RequestClass, now: float, *, waited: bool) -> Passage:
        if self._allowances and request_class in self._allowances:
            self._spend(request_class, now)
        passage = Passage(request_class, queue.pacer, now)
        self._inside.add(passage)
        queue.pacer.start(now, is_busy=waited or len(self._inside) == self._in_flight)
        return passage

    def _spend(self, request_class: RequestClass, now: float) -> None:
        allowance = self._allowances[request_class]
        allowance.requests -= 1
        if now >= allowance.until:
            del self._allowances[request_class]


class Gates:
    """The gates of all hosts, made when a host is first asked for."""

    def __init__(
        self,
        rates: Mapping[str, Rate],
        default_rate: Callable[[Host], Rate],
        in_flight: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`rates` are caps by host; what they leave open is as `default_rate` says.

        Raises:
            InvalidSettings: a rate is for something that is no host.
        """
        self._rates = {_host(name): rate for name, rate in rates.items()}
        self._default_rate = default_rate
        self._in_flight = in_flight
        self._clock = clock
        self._gates: dict[Host, HostGate] = {}

    def of(self, host: Host) -> HostGate:
        """The gate of `host`."""
        gate = self._gates.get(host)
        if gate is None:
            gate = self._gates[host] = HostGate(self._rate(host), self._in_flight, self._clock)
        return gate

    def settled_rates(self) -> dict[Host, Rate]:
        """The rates of those hosts that refused requests for quota, sorted by host."""
        settled = {host: gate.settled_rate for host, gate in sorted(self._gates.items())}
        return {host: rate for host, rate in settled.items() if rate is not None}

    def _rate(self, host: Host) -> Rate:
        usual, chosen = self._default_rate(host), self._rates.get(host, Rate())
        return Rate(
            reads_per_minute=usual.reads_per_minute if chosen.reads_per_minute is None else chosen.reads_per_minute,
            writes_per_minute=usual.writes_per_minute if chosen.writes_per_minute is None else chosen.writes_per_minute,
        )


def _host(name: str) -> Host:
    try:
        return parse_host(name)
    except InvalidReference as error:
        raise InvalidSettings("host of a rate", name, error.expected) from error
