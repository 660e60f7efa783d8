"""How many requests of a host are in flight, how many a second start, and when none do."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from cip_async.reference import Host
from cip_async.registry.gate import Gates, HostGate, TokenBucket
from cip_async.settings import Rate, Retries
from tests.unit.registry.virtual_time import BACKEND

pytestmark = pytest.mark.anyio

LIMITS = Retries(longest_delay_s=20.0, longest_retry_after_s=120.0)
UNLIMITED = Rate()


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return BACKEND


def gate(rate: Rate = UNLIMITED, in_flight: int = 2) -> HostGate:
    return HostGate(rate, in_flight, anyio.current_time)


async def starts(gate: HostGate, count: int, *, write: bool = False) -> list[float]:
    """When each of `count` requests started that came at once and take no time."""
    times: list[float] = []

    async def request() -> None:
        await gate.enter(write=write)
        times.append(round(anyio.current_time(), 6))
        gate.leave()

    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(request)
    return [round(time - began, 6) for time in times]


def test_a_bucket_grants_its_burst_at_once_and_then_its_rate() -> None:
    bucket = TokenBucket(per_second=10, burst=3)
    assert [round(bucket.take(5.0), 6) for _ in range(6)] == [0, 0, 0, 0.1, 0.2, 0.3]


def test_a_bucket_fills_up_to_its_burst_and_no_further() -> None:
    bucket = TokenBucket(per_second=10, burst=3)
    for _ in range(3):
        bucket.take(0.0)
    assert bucket.take(0.1) == 0.0
    assert [round(bucket.take(1000.0), 6) for _ in range(4)] == [0, 0, 0, 0.1]


def test_a_bucket_in_debt_pays_it_back_first() -> None:
    bucket = TokenBucket(per_second=1, burst=1)
    assert [bucket.take(0.0) for _ in range(3)] == [0, 1, 2]
    assert bucket.take(1.5) == 1.5


async def test_no_more_are_in_flight_than_may_be() -> None:
    one = gate(in_flight=2)
    await one.enter(write=False)
    await one.enter(write=True)
    with anyio.move_on_after(1) as waited:
        await one.enter(write=False)
    assert waited.cancelled_caught
    one.leave()
    await one.enter(write=False)


async def test_requests_start_at_the_granted_rate() -> None:
    assert await starts(gate(Rate(reads_per_minute=600)), 4) == [0, 0.1, 0.2, 0.3]


async def test_a_tenth_of_a_second_may_start_at_once() -> None:
    assert await starts(gate(Rate(writes_per_minute=1800), in_flight=9), 4, write=True) == [0, 0, 0, round(1 / 30, 6)]


async def test_reads_and_writes_are_granted_apart() -> None:
    one = gate(Rate(reads_per_minute=6, writes_per_minute=600))
    assert await starts(one, 2) == [0, 10]
    assert await starts(one, 2, write=True) == [0, 0.1]


async def test_nothing_starts_during_a_pause() -> None:
    one = gate()
    assert one.throttled(7.0, LIMITS) == 7.0
    assert await starts(one, 2) == [7, 7]
    assert await starts(one, 1) == [0]


async def test_a_pause_that_grows_holds_those_who_wait_already() -> None:
    one = gate()
    one.throttled(5.0, LIMITS)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(starts, one, 1)
        await anyio.sleep(3)
        assert one.throttled(9.0, LIMITS) == 9.0
    assert anyio.current_time() == pytest.approx(12.0)


async def test_a_shorter_pause_changes_nothing() -> None:
    one = gate()
    one.throttled(7.0, LIMITS)
    assert one.throttled(3.0, LIMITS) == 0.0
    assert await starts(one, 1) == [7]


async def test_a_pause_without_end_is_cut() -> None:
    assert gate().throttled(1e9, LIMITS) == 120.0


@pytest.mark.parametrize("asked_s", [None, 0.0])
async def test_a_host_that_names_no_pause_gets_longer_and_longer_ones(asked_s: float | None) -> None:
    one = gate()
    pauses = []
    for _ in range(8):
        pauses.append(one.throttled(asked_s, LIMITS))
        assert one.throttled(asked_s, LIMITS) == 0.0
        await starts(one, 1)
    assert pauses == [0.5, 1, 2, 4, 8, 16, 20, 20]


async def test_pauses_begin_anew_after_a_quiet_time() -> None:
    one = gate()
    assert [one.throttled(None, LIMITS), await starts(one, 1), one.throttled(None, LIMITS)] == [0.5, [0.5], 1.0]
    await anyio.sleep(60)
    assert one.throttled(None, LIMITS) == 0.5


def _full(one: HostGate) -> None:
    one._slots.acquire_nowait()
    one._slots.acquire_nowait()


def _paused(one: HostGate) -> None:
    one.throttled(60.0, LIMITS)


def _over_its_rate(one: HostGate) -> None:
    assert one._reads is not None
    one._reads.take(anyio.current_time())


@pytest.mark.parametrize(("hold_up", "free"), [(_full, 0), (_paused, 2), (_over_its_rate, 2)])
async def test_who_is_cancelled_while_waiting_gives_its_slot_back(
    hold_up: Callable[[HostGate], None], free: int
) -> None:
    one = gate(Rate(reads_per_minute=1))
    hold_up(one)
    with anyio.move_on_after(1) as waited:
        await one.enter(write=False)
    assert waited.cancelled_caught
    assert one._slots.value == free


async def test_a_host_has_one_gate_and_the_rate_set_for_it() -> None:
    gates = Gates({"us.example": Rate(reads_per_minute=60)}, lambda _: Rate(reads_per_minute=6), 9)
    assert gates.of(Host("us.example")) is gates.of(Host("us.example"))
    assert await starts(gates.of(Host("us.example")), 2) == [0, 1]
    assert await starts(gates.of(Host("eu.example")), 2) == [0, 10]


async def test_a_slow_host_holds_back_no_other() -> None:
    gates = Gates({}, lambda _: UNLIMITED, 1)
    gates.of(Host("us.example")).throttled(60.0, LIMITS)
    assert await starts(gates.of(Host("eu.example")), 3) == [0, 0, 0]
