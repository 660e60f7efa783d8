"""How near a gate comes to a quota that it does not know, and what finding it costs, in virtual time.

The quotas are those of the fake registry: buckets, as most registries have, and windows by the minute, as Google has.
"""

import math
import random
from collections.abc import Callable
from typing import Any, Final

import anyio
import attrs
import pytest

from cip_async.fake_registry.quotas import Bucket, Window
from cip_async.model.report import RequestClass
from cip_async.registry.gate import HostGate
from cip_async.settings import ARTIFACT_REGISTRY_RATE, Rate, Retries
from tests.unit.registry.virtual_time import BACKEND

pytestmark = pytest.mark.anyio

THREADS: Final = 64
LATENCY_S: Final = 0.04
QUOTA_PER_S: Final = 83
A_LONG_RUN: Final = 20_000
LIMITS: Final = Retries()

Quota = Bucket | Window


@attrs.define
class Shared:
    """A quota that others use up: a part of all requests is refused, however few they are, besides those of `own`."""

    refused: float
    own: Quota = attrs.field(factory=lambda: Bucket(1e9, 1e9))
    _dice: random.Random = attrs.field(factory=lambda: random.Random(7))

    def take(self, now_s: float) -> float:
        """As a quota does."""
        return 1.0 if self._dice.random() < self.refused else self.own.take(now_s)


@attrs.define
class Course:
    """What became of a run: when requests were granted, and when refused."""

    granted: list[float] = attrs.field(factory=list)
    refused: list[float] = attrs.field(factory=list)

    @property
    def refused_share(self) -> float:
        return len(self.refused) / (len(self.granted) + len(self.refused))

    def used(self, since_s: float = 0.0, per_s: float = QUOTA_PER_S) -> float:
        """The share of the quota that was used from then on."""
        return sum(time >= since_s for time in self.granted) / (self.granted[-1] - since_s) / per_s


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return BACKEND


async def run(
    quota_at: Callable[[float], Quota | Shared],
    requests: int,
    *,
    rate: Rate | None = None,
    write: bool = False,
    names_pause: bool = True,
) -> Course:
    """Send requests to a host as fast as its gate lets them; what is refused is sent again."""
    gate = HostGate(rate or Rate(), THREADS, anyio.current_time)
    course = Course()
    to_do = iter(range(requests))

    async def send() -> None:
        for _ in to_do:
            while True:
                passage = await gate.enter(RequestClass.MANIFEST_GET, write=write)
                await anyio.sleep(LATENCY_S / 2)
                wait_s = quota_at(anyio.current_time()).take(anyio.current_time())
                await anyio.sleep(LATENCY_S / 2)
                if not wait_s:
                    gate.granted(passage)
                else:
                    gate.refused(passage, math.ceil(wait_s) if names_pause else None, LIMITS)
                gate.leave(passage)
                if not wait_s:
                    course.granted.append(anyio.current_time())
                    break
                course.refused.append(anyio.current_time())

    async with anyio.create_task_group() as tasks:
        for _ in range(THREADS):
            tasks.start_soon(send)
    assert gate.free_slots == THREADS
    return course


def always(quota: Quota | Shared) -> Callable[[float], Quota | Shared]:
    return lambda _: quota


@pytest.mark.parametrize("names_pause", [True, False], ids=["Retry-After", "no Retry-After"])
@pytest.mark.parametrize(
    ("rate", "write"),
    [(Rate(), False), (ARTIFACT_REGISTRY_RATE, False), (ARTIFACT_REGISTRY_RATE, True)],
    ids=["unknown", "Google's reads", "Google's writes"],
)
async def test_a_run_settles_at_its_quota_and_is_seldom_refused(rate: Rate, write: bool, names_pause: bool) -> None:
    quota = always(Bucket(QUOTA_PER_S, QUOTA_PER_S))
    course = await run(quota, A_LONG_RUN, rate=rate, write=write, names_pause=names_pause)
    assert course.used() >= 0.98
    assert course.used(since_s=10.0) >= 0.98
    assert course.refused_share < 0.004


@pytest.mark.parametrize("names_pause", [True, False], ids=["Retry-After", "no Retry-After"])
@pytest.mark.parametrize("write", [False, True], ids=["reads", "writes"])
async def test_a_quota_by_the_minute_is_used_up_each_minute(names_pause: bool, write: bool) -> None:
    per_minute = 60 * QUOTA_PER_S
    quota = always(Window(per_minute))
    course = await run(quota, A_LONG_RUN, rate=ARTIFACT_REGISTRY_RATE, write=write, names_pause=names_pause)
    assert course.granted[-1] <= 1.1 * A_LONG_RUN / QUOTA_PER_S
    assert course.refused_share < 0.01
    whole_minutes = range(int(course.granted[-1] // 60))
    used = [sum(60 * minute <= time < 60 * (minute + 1) for time in course.granted) for minute in whole_minutes]
    assert min(used) >= 0.95 * per_minute


@pytest.mark.parametrize(
    ("quota", "names_pause", "used"),
    [
        (Bucket(QUOTA_PER_S, 8), False, 0.97),
        (Bucket(QUOTA_PER_S, 8), True, 0.95),
        (Window(QUOTA_PER_S, 1.0), False, 0.96),
        (Window(QUOTA_PER_S, 1.0), True, 0.93),
    ],
)
async def test_a_quota_that_forgives_nothing_is_used_too(quota: Quota, names_pause: bool, used: float) -> None:
    """Of a bucket that holds a tenth of a second, a pause of a whole one wastes the most."""
    course = await run(always(quota), A_LONG_RUN, names_pause=names_pause)
    assert course.used(since_s=60.0) >= used
    assert course.refused_share < 0.01


async def test_a_bucket_that_is_deep_misleads_nobody_for_long() -> None:
    course = await run(always(Bucket(QUOTA_PER_S, 1000)), A_LONG_RUN)
    assert course.used(since_s=30.0) >= 0.97
    assert course.refused_share < 0.01


async def test_a_quota_that_is_lowered_is_found_within_seconds() -> None:
    before, later = Bucket(QUOTA_PER_S, QUOTA_PER_S), Bucket(40, 40)
    course = await run(lambda now: before if now < 60 else later, 13_000)
    assert course.used(since_s=75.0, per_s=40) >= 0.96
    assert course.refused_share < 0.01


async def test_a_quota_that_is_raised_is_found_within_a_minute() -> None:
    before, later = Bucket(QUOTA_PER_S, QUOTA_PER_S), Bucket(2 * QUOTA_PER_S, 2 * QUOTA_PER_S)
    course = await run(lambda now: before if now < 60 else later, 25_000)
    assert course.used(since_s=130.0, per_s=2 * QUOTA_PER_S) >= 0.95
    assert course.refused_share < 0.01


async def test_finding_a_quota_costs_a_short_run_no_time() -> None:
    course = await run(always(Bucket(QUOTA_PER_S, QUOTA_PER_S)), 2_000)
    assert course.granted[-1] <= 1.1 * 2_000 / QUOTA_PER_S
    assert len(course.refused) < 0.02 * 2_000


async def test_a_cap_below_the_quota_is_used_and_never_refused() -> None:
    course = await run(always(Bucket(QUOTA_PER_S, 10)), 4_000, rate=Rate(reads_per_minute=60 * 80))
    assert course.refused == []
    assert course.used(per_s=80) >= 0.99


async def test_without_a_quota_the_slots_alone_soon_hold_requests_back() -> None:
    course = await run(always(Bucket(1e9, 1e9)), 6_400)
    assert course.granted[-1] <= 6_400 / THREADS * LATENCY_S + 0.25


@pytest.mark.parametrize(
    ("refused", "names_pause", "requests", "per_s"),
    [(0.1, False, 5_000, 40), (0.1, True, 500, 7), (0.03, False, 5_000, 70), (0.2, False, 3_000, 12)],
)
async def test_what_others_leave_of_a_quota_is_used(
    refused: float, names_pause: bool, requests: int, per_s: float
) -> None:
    """A tenth is refused at any rate, each time with a pause of a second: then 16 a second are a good deal."""
    course = await run(always(Shared(refused)), requests, names_pause=names_pause)
    assert course.used(per_s=1) >= per_s
    assert course.refused_share == pytest.approx(refused, rel=0.25)


async def test_a_host_that_others_leave_alone_again_is_soon_asked_as_fast_as_before() -> None:
    busy, later = Shared(0.1), Bucket(QUOTA_PER_S, QUOTA_PER_S)
    course = await run(lambda now: busy if now < 60 else later, 13_000)
    assert course.used(since_s=80.0) >= 0.95
    assert sum(time >= 80 for time in course.refused) < 0.01 * sum(time >= 80 for time in course.granted)


async def test_a_quota_is_kept_although_others_use_some_of_it_up() -> None:
    course = await run(always(Shared(0.02, Bucket(QUOTA_PER_S, QUOTA_PER_S))), 5_000, names_pause=False)
    assert course.used() >= 0.4
    assert course.refused_share < 0.12


@pytest.mark.parametrize("lowered", [40, 10, 2])
async def test_a_quota_that_is_lowered_is_not_taken_for_chance(lowered: int) -> None:
    """Were it, requests would be refused in numbers at the rate of before."""
    before, later = Bucket(QUOTA_PER_S, QUOTA_PER_S), Bucket(lowered, lowered)
    course = await run(lambda now: before if now < 60 else later, 60 * QUOTA_PER_S + 60 * lowered)
    assert sum(time >= 60 for time in course.refused) < 60
