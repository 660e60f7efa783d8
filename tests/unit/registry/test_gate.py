"""Who may start when: slots, rates, pauses, turns, and what hosts say of their quotas."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cip_async.errors import InvalidSettings
from cip_async.model.report import RequestClass
from cip_async.reference import Host
from cip_async.registry.gate import Gates, HostGate, Line, line_of
from cip_async.registry.pacer import Pacer
from cip_async.registry.quota_headers import Remaining
from cip_async.settings import Rate, Retries
from tests.unit.registry.virtual_time import BACKEND

pytestmark = pytest.mark.anyio

LIMITS = Retries(longest_retry_after_s=120.0)
UNLIMITED = Rate()
READ, WRITE, LISTING = RequestClass.BLOB_GET, RequestClass.MANIFEST_PUT, RequestClass.LISTING


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return BACKEND


def gate(rate: Rate = UNLIMITED, in_flight: int = 2) -> HostGate:
    return HostGate(rate, in_flight, anyio.current_time)


async def starts(gate: HostGate, count: int, *, request_class: RequestClass = READ, write: bool = False) -> list[float]:
    """When each of `count` requests started that came at once, take no time and are granted."""
    times: list[float] = []

    async def request() -> None:
        passage = await gate.enter(request_class, write=write)
        times.append(anyio.current_time())
        gate.granted(passage)
        gate.leave(passage)

    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(request)
    return [round(time - began, 3) for time in times]


async def refused(gate: HostGate, asked_s: float | None = None, *, write: bool = False) -> float:
    """Send a request that is refused at once; returns the pause."""
    passage = await gate.enter(WRITE if write else READ, write=write)
    pause_s = gate.refused(passage, asked_s, LIMITS)
    gate.leave(passage)
    return pause_s


async def told(gate: HostGate, request_class: RequestClass, remaining: Remaining) -> float:
    passage = await gate.enter(request_class, write=False)
    pause_s = gate.told(passage, remaining, LIMITS)
    gate.leave(passage)
    return pause_s


async def test_no_more_are_in_flight_than_may_be() -> None:
    one = gate(in_flight=2)
    first = await one.enter(READ, write=False)
    await one.enter(WRITE, write=True)
    with anyio.move_on_after(1) as waited:
        await one.enter(READ, write=False)
    assert waited.cancelled_caught
    assert one.free_slots == 0
    one.leave(first)
    await one.enter(READ, write=False)


async def test_requests_start_at_the_granted_rate() -> None:
    assert await starts(gate(Rate(reads_per_minute=600)), 4) == pytest.approx([0, 0, 0.1, 0.2], abs=0.006)


async def test_the_rate_is_kept_over_a_minute() -> None:
    times = await starts(gate(Rate(writes_per_minute=1800)), 5401, write=True)
    in_a_minute = [sum(minute <= time < minute + 60 for time in times) for minute in (0, 30, 60, 90, 120)]
    assert 1797 <= min(in_a_minute) <= max(in_a_minute) <= 1800


async def test_reads_and_writes_are_granted_apart() -> None:
    one = gate(Rate(reads_per_minute=6, writes_per_minute=600))
    assert (await starts(one, 2))[1] == pytest.approx(10, abs=0.1)
    assert (await starts(one, 2, write=True))[1] < 0.11


async def test_a_line_that_waits_for_its_rate_holds_back_no_other() -> None:
    one = gate(Rate(reads_per_minute=1), in_flight=3)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(starts, one, 2)
        await anyio.sleep(1)
        assert await starts(one, 2, write=True) == [0, 0]
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("request_class", "write", "line"),
    [
        (RequestClass.LISTING, False, Line.LISTING),
        (RequestClass.MANIFEST_HEAD, False, Line.LISTING),
        (RequestClass.MANIFEST_GET, False, Line.READING),
        (RequestClass.MOUNT, True, Line.WRITING),
        (RequestClass.TOKEN, True, Line.READING),
    ],
)
def test_crawls_copies_and_writes_stand_apart(request_class: RequestClass, write: bool, line: Line) -> None:
    assert line_of(request_class, write=write) is line


@pytest.mark.parametrize("rate", [Rate(reads_per_minute=6000), UNLIMITED], ids=["by rate", "by slots"])
async def test_a_crawl_and_a_copy_of_one_host_start_in_turn(rate: Rate) -> None:
    one = gate(rate)
    order: list[RequestClass] = []

    async def request(request_class: RequestClass) -> None:
        passage = await one.enter(request_class, write=False)
        order.append(request_class)
        await anyio.sleep(0.01)
        one.leave(passage)

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(request, LISTING)
        await anyio.lowlevel.checkpoint()
        for _ in range(20):
            tasks.start_soon(request, READ)
    copied = [number for number, request_class in enumerate(order) if request_class is READ]
    assert copied[0] <= 4
    assert {then - before for before, then in pairwise(copied)} == {2}


async def test_of_three_lines_that_wait_for_slots_each_gets_a_third() -> None:
    one = gate(in_flight=3)
    counted: Counter[RequestClass] = Counter()

    async def request(request_class: RequestClass) -> None:
        passage = await one.enter(request_class, write=request_class is WRITE)
        counted[request_class] += 1
        await anyio.sleep(0.1)
        one.leave(passage)

    with anyio.move_on_after(5):
        async with anyio.create_task_group() as tasks:
            for request_class, waiting in ((LISTING, 400), (READ, 200), (WRITE, 100)):
                for _ in range(waiting):
                    tasks.start_soon(request, request_class)
    assert max(counted.values()) - min(counted.values()) <= 3


async def test_nothing_starts_during_a_pause_that_the_host_asked_for() -> None:
    one = gate()
    assert await refused(one, 7.0) == 7.0
    assert await starts(one, 1) == [7]
    await anyio.sleep(0.1)
    assert await starts(one, 1) == [0]


async def test_writes_heed_a_pause_that_was_asked_of_a_read() -> None:
    one = gate()
    await refused(one, 7.0)
    assert await starts(one, 1, write=True) == [7]


async def test_a_refusal_that_names_no_pause_pauses_its_own_kind_alone() -> None:
    one = gate()
    assert await refused(one) == 0.1
    assert await starts(one, 1, write=True) == [0]
    assert await starts(one, 1) == [0.1]


async def test_a_pause_that_grows_holds_those_who_wait_already() -> None:
    one = gate()
    late = await one.enter(READ, write=False)
    await refused(one, 5.0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(starts, one, 1)
        await anyio.sleep(3)
        assert one.refused(late, 9.0, LIMITS) == 9.0
        one.leave(late)
    assert anyio.current_time() == pytest.approx(12.0, abs=0.01)


async def test_a_shorter_pause_changes_nothing() -> None:
    one = gate()
    late = await one.enter(READ, write=False)
    await refused(one, 7.0)
    assert one.refused(late, 3.0, LIMITS) == 0.0
    assert await starts(one, 1) == [7]


async def test_a_pause_without_end_is_cut() -> None:
    assert await refused(gate(), 1e9) == 120.0


@pytest.mark.parametrize("asked_s", [None, 0.0])
async def test_a_host_that_names_no_pause_gets_longer_and_longer_ones(asked_s: float | None) -> None:
    one = gate()
    assert [await refused(one, asked_s) for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


async def test_while_a_host_refuses_requests_try_it_one_by_one() -> None:
    one = gate(in_flight=64)
    await refused(one, 1.0)
    tried: list[float] = []

    async def request() -> None:
        passage = await one.enter(READ, write=False)
        tried.append(round(anyio.current_time(), 1))
        await anyio.sleep(0.04)
        one.refused(passage, 1.0, LIMITS)
        one.leave(passage)

    with anyio.move_on_after(5.5):
        async with anyio.create_task_group() as tasks:
            for _ in range(30):
                tasks.start_soon(request)
    assert tried == [1.0, 2.0, 3.1, 4.1, 5.2]


async def test_the_first_grant_after_refusals_lets_the_others_start_too() -> None:
    one = gate(in_flight=64)
    await refused(one, 1.0)
    times = await starts(one, 30)
    assert times[0] == 1.0
    assert times[-1] < 1.1


async def test_a_spent_quota_holds_back_the_class_that_it_is_about_until_it_is_renewed() -> None:
    one = gate()
    assert await told(one, RequestClass.MANIFEST_GET, Remaining(0, 30.0)) == 30.0
    assert await starts(one, 3, request_class=RequestClass.BLOB_GET) == [0, 0, 0]
    assert await starts(one, 3, request_class=RequestClass.MANIFEST_HEAD) == [0, 0, 0]
    assert await starts(one, 3, request_class=RequestClass.MANIFEST_GET) == [30, 30, 30]


async def test_those_of_other_classes_pass_those_who_wait_for_their_quota() -> None:
    one = gate()
    await told(one, RequestClass.MANIFEST_GET, Remaining(0, 30.0))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: starts(one, 3, request_class=RequestClass.MANIFEST_GET))
        await anyio.sleep(1)
        assert await starts(one, 3, request_class=RequestClass.BLOB_GET) == [0, 0, 0]


async def test_as_many_start_as_the_quota_has_left_and_the_rest_when_it_is_renewed() -> None:
    one = gate(in_flight=64)
    under_way = await one.enter(READ, write=False)
    assert await told(one, READ, Remaining(4, 30.0)) == 0.0
    assert await starts(one, 6) == [0, 0, 0, 30, 30, 30]
    one.leave(under_way)


async def test_that_a_quota_is_spent_is_told_once() -> None:
    one = gate()
    passages = [await one.enter(READ, write=False) for _ in range(2)]
    assert [one.told(passage, Remaining(0, 30.0), LIMITS) for passage in passages] == [30.0, 0.0]


async def test_a_renewal_that_turns_out_to_be_sooner_is_waited_for_no_longer() -> None:
    one = gate()
    under_way = await one.enter(READ, write=False)
    await told(one, READ, Remaining(0, 30.0))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(starts, one, 1)
        await anyio.sleep(1)
        one.told(under_way, Remaining(0, 2.0), LIMITS)
        began = anyio.current_time()
    assert anyio.current_time() - began == pytest.approx(2)


async def test_a_renewal_that_is_far_away_is_not_waited_for() -> None:
    one = gate()
    assert await told(one, READ, Remaining(0, 1e9)) == 120.0
    assert await starts(one, 1) == [120]


async def test_a_quota_that_is_left_raises_no_rate() -> None:
    one = gate(Rate(reads_per_minute=60))
    await told(one, READ, Remaining(1_000_000, 1.0))
    assert (await starts(one, 3))[-1] > 1.9


def _full(one: HostGate) -> None:
    one._in_flight = 0


def _paused(one: HostGate) -> None:
    one._paused_until = anyio.current_time() + 60


def _over_its_rate(one: HostGate) -> None:
    one._reads.due_at(anyio.current_time())
    one._reads.start(anyio.current_time(), is_busy=False)


@pytest.mark.parametrize("hold_up", [_full, _paused, _over_its_rate])
async def test_who_is_cancelled_while_waiting_leaves_nothing_behind(hold_up: Callable[[HostGate], None]) -> None:
    one = gate(Rate(reads_per_minute=1))
    hold_up(one)
    free = one.free_slots
    with anyio.move_on_after(1) as waited:
        await one.enter(READ, write=False)
    assert waited.cancelled_caught
    assert (one.free_slots, one._waiting) == (free, 0)
    assert not any(queue.waiting for queue in one._queues.values())


async def test_who_is_cancelled_just_as_it_is_let_in_gives_its_slot_to_the_next() -> None:
    one = gate(in_flight=1)
    first = await one.enter(READ, write=False)
    async with anyio.create_task_group() as others, anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: one.enter(READ, write=False))
        await anyio.sleep(1)
        others.start_soon(starts, one, 1)
        await anyio.sleep(1)
        tasks.cancel_scope.cancel()
        one.leave(first)
        assert one.free_slots == 0
    assert one.free_slots == 1


async def test_where_all_who_waited_are_cancelled_nothing_wakes_up_for_them() -> None:
    one = gate(Rate(reads_per_minute=60), in_flight=64)
    await starts(one, 2)
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(lambda: one.enter(READ, write=False))
        await anyio.sleep(0.1)
        assert one._alarm is not None
        tasks.cancel_scope.cancel()
    assert (one._waiting, one._alarm, one.free_slots) == (0, None, 64)


async def test_a_gate_sleeps_for_a_few_milliseconds_at_least() -> None:
    one = gate(Rate(reads_per_minute=60_000), in_flight=64)
    times: set[float] = set()

    async def request() -> None:
        await one.enter(READ, write=False)
        times.add(anyio.current_time())

    async with anyio.create_task_group() as tasks:
        for _ in range(64):
            tasks.start_soon(request)
    assert min(later - sooner for sooner, later in pairwise(sorted(times))) >= 0.004


async def test_a_defect_of_the_gate_ends_those_who_wait_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    one = gate(Rate(reads_per_minute=60))
    await starts(one, 2)

    def broken(*_: Any) -> float:
        raise ZeroDivisionError

    async def waits() -> None:
        with pytest.raises(ZeroDivisionError):
            await one.enter(READ, write=False)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(waits)
        await anyio.sleep(0.1)
        monkeypatch.setattr(Pacer, "due_at", broken)


async def test_who_is_first_in_line_may_be_cancelled_without_holding_up_the_next() -> None:
    one = gate(Rate(reads_per_minute=60), in_flight=64)
    await starts(one, 2)
    began = anyio.current_time()
    async with anyio.create_task_group() as tasks, anyio.create_task_group() as first:
        first.start_soon(lambda: one.enter(READ, write=False))
        await anyio.sleep(0.1)
        tasks.start_soon(starts, one, 1)
        await anyio.sleep(0.1)
        first.cancel_scope.cancel()
    assert anyio.current_time() - began == pytest.approx(1, abs=0.01)


async def test_a_rate_is_settled_only_where_a_host_refused() -> None:
    gates = Gates({}, lambda _: UNLIMITED, 64, anyio.current_time)
    us, eu = gates.of(Host("us.example")), gates.of(Host("eu.example"))
    await starts(eu, 64)
    passages = [await us.enter(WRITE, write=True) for _ in range(64)]
    await anyio.sleep(0.1)
    us.refused(passages[0], None, LIMITS)
    for passage in passages:
        us.leave(passage)
    await starts(us, 1, write=True)
    ((host, rate),) = gates.settled_rates().items()
    assert (host, rate.reads_per_minute) == ("us.example", None)
    assert rate.writes_per_minute == 60 * us._writes.pace.rate
    assert 60 * 40 < rate.writes_per_minute < 60 * 60


async def test_a_host_has_one_gate_and_the_rate_set_for_it() -> None:
    gates = Gates({"us.example": Rate(reads_per_minute=60)}, lambda _: Rate(reads_per_minute=6), 9, anyio.current_time)
    assert gates.of(Host("us.example")) is gates.of(Host("us.example"))
    assert (await starts(gates.of(Host("us.example")), 2))[1] == pytest.approx(1, abs=0.11)
    assert (await starts(gates.of(Host("eu.example")), 2))[1] == pytest.approx(10, abs=0.2)


async def test_what_a_set_rate_leaves_open_is_as_usual() -> None:
    usual = Rate(reads_per_minute=6, writes_per_minute=60)
    gates = Gates({"us.example": Rate(writes_per_minute=600)}, lambda _: usual, 9, anyio.current_time)
    assert gates._rate(Host("us.example")) == Rate(reads_per_minute=6, writes_per_minute=600)


def test_a_rate_of_what_is_no_host_is_an_error() -> None:
    with pytest.raises(InvalidSettings, match=r"host of a rate is 'us.example/prod': expected"):
        Gates({"us.example/prod": Rate()}, lambda _: UNLIMITED, 9)


async def test_a_slow_host_holds_back_no_other() -> None:
    gates = Gates({}, lambda _: UNLIMITED, 1, anyio.current_time)
    await refused(gates.of(Host("us.example")), 60.0)
    assert await starts(gates.of(Host("eu.example")), 3) == [0, 0, 0]
