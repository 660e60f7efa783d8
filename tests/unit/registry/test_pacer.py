"""When the next request may start, and what is measured meanwhile."""

import math
from collections.abc import Sequence

import pytest

from cip_async.registry.pacer import pacer

LONGEST_S = 120.0


def starts(per_minute: float | None, count: int, *, at: float = 100.0, every_s: float = 0.0) -> list[float]:
    """When each of `count` requests starts, of which one comes `every_s`."""
    one, now, times = pacer(per_minute), at, []
    for number in range(count):
        now = max(now, at + number * every_s)
        due_at = one.due_at(now)
        now = max(now, due_at)
        assert one.due_at(now) <= now
        one.start(now, is_busy=True)
        times.append(now - at)
    return times


def test_without_a_rate_some_may_start_at_once_and_soon_all() -> None:
    times = starts(None, 3000)
    assert times[40] == 0.0
    assert times[41] > 0.0
    assert times[-1] < 0.9


def busy(answers_s: Sequence[float], *, is_typical: bool = True, starts: int = 400) -> float:
    """The rate after so many starts that wait for nothing else, once answers have taken `answers_s`."""
    one, now = pacer(None), 100.0
    for seconds in answers_s:
        one.granted(now - seconds, now, is_typical=is_typical)
    for _ in range(starts):
        now = max(now, one.due_at(now))
        one.due_at(now)
        one.start(now, is_busy=True)
    return one.pace.rate


def test_a_rate_grows_by_as_much_as_it_held_back_and_no_start_counts_twice() -> None:
    assert busy([0.04]) == pytest.approx(400 + 400 * math.log(2) / 0.2, rel=0.1)


def test_the_nearer_a_host_the_faster_its_rate_grows() -> None:
    near, far = busy([0.01]), busy([0.04])
    assert near == pytest.approx(400 + 400 * math.log(2) / 0.05, rel=0.1)
    assert far < near / 2
    assert busy([]) == busy([1.0]) == far


def test_a_quick_answer_among_slow_ones_speeds_up_nothing() -> None:
    assert busy([0.001, 0.04]) == busy([0.04, 0.001, 0.001]) == busy([0.04])
    assert busy([0.001], is_typical=False) == busy([])


def test_a_slow_answer_slows_down_nothing_for_long() -> None:
    assert busy([1.0, *(0.01,) * 8]) == busy([0.01])


def test_requests_start_at_the_rate_after_the_spare_ones() -> None:
    assert starts(600, 5) == pytest.approx([0, 0, 0.1, 0.2, 0.3], abs=2e-3)


@pytest.mark.parametrize("per_minute", [1, 6, 600, 4980, 60_000])
@pytest.mark.parametrize("every_s", [0.0, 0.003, 1.0])
def test_no_minute_has_more_starts_than_it_may(per_minute: int, every_s: float) -> None:
    times = starts(per_minute, min(3 * per_minute, 6000), every_s=every_s)
    for number, began in enumerate(times[::7]):
        assert sum(began <= time < began + 60 for time in times[7 * number : 7 * number + per_minute + 1]) <= per_minute


def test_what_a_late_waker_missed_is_made_up_for() -> None:
    one, now, started = pacer(6000), 100.0, 0
    while now < 110.0:
        while one.due_at(now) <= now:
            one.start(now, is_busy=True)
            started += 1
        now += 0.017
    assert started == pytest.approx(1000, rel=0.01)


def test_idleness_saves_up_next_to_nothing() -> None:
    one = pacer(4980)
    one.due_at(100.0)
    started = 0
    while one.due_at(5000.0) <= 5000.0:
        one.start(5000.0, is_busy=False)
        started += 1
    assert started == 9


def test_a_start_that_was_taken_back_may_be_made_again() -> None:
    one = pacer(60)
    assert one.due_at(100.0) == 100.0
    one.start(100.0, is_busy=False)
    assert one.due_at(100.0) > 100.0
    one.withdraw()
    assert one.due_at(100.0) == 100.0


def test_a_pause_is_told_once() -> None:
    one = pacer(None)
    one.start(100.0, is_busy=False)
    assert one.refused(100.0, 100.1, 7.0, LONGEST_S) == 7.0
    assert one.refused(100.0, 100.2, 3.0, LONGEST_S) == 0.0
    assert one.due_at(101.0) == 107.1


def test_after_a_pause_one_starts_and_others_wait_until_it_is_granted() -> None:
    one = pacer(None)
    one.start(100.0, is_busy=False)
    one.refused(100.0, 100.1, 1.0, LONGEST_S)
    assert one.due_at(101.1) == 101.1
    one.start(101.1, is_busy=True)
    assert one.due_at(101.1) == pytest.approx(101.3)
    assert one.granted(101.1, 101.14)
    assert one.due_at(101.2) <= 101.2


def test_no_rate_is_settled_before_a_refusal_nor_before_the_first_grant_after_it() -> None:
    one = pacer(None)
    for _ in range(8):
        one.start(100.0, is_busy=False)
    assert not one.granted(100.0, 100.04)
    assert one.settled_per_minute is None
    one.refused(100.0, 100.1, None, LONGEST_S)
    assert one.settled_per_minute is None
    one.granted(100.4, 100.5)
    assert one.settled_per_minute == pytest.approx(60 * 0.97 * 80 / 8)


def test_the_refusal_of_one_of_few_requests_says_nothing_of_the_rate() -> None:
    one = pacer(None)
    one.start(100.0, is_busy=False)
    one.refused(100.0, 100.1, None, LONGEST_S)
    before = one.pace.rate
    one.granted(100.4, 100.5)
    assert one.pace.rate == before


def test_what_was_asked_for_in_a_quiet_time_does_not_lower_the_rate() -> None:
    one, now = pacer(6000), 100.0
    for _ in range(50):  # 1 a second is granted
        one.due_at(now)
        one.start(now, is_busy=False)
        one.granted(now, now + 0.04)
        now += 1.0
    for _ in range(60):  # 50 a second
        now = max(now, one.due_at(now)) + 0.02
        one.due_at(now)
        one.start(now, is_busy=True)
        one.granted(now, now + 0.02)
    one.refused(now, now + 0.04, None, LONGEST_S)
    one.granted(now + 0.1, now + 0.14)
    assert one.pace.rate > 20.0
