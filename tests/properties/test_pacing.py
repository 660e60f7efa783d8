"""Whatever a host answers, and whenever requests come: what holds of the rate they are sent at."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from cip_async.registry.chance import Share
from cip_async.registry.pacer import SPARE_S, pacer
from cip_async.registry.pacing import LEAST_PER_S, Event, Granted, HeldBack, Refused, after, unrefused
from cip_async.registry.quota_headers import remaining

LONGEST_S = 120.0

caps = st.none() | st.floats(0.01, 10_000)
seconds = st.floats(0, 1e6)
shares = st.builds(lambda granted, refused: Share(granted + refused, refused), st.integers(0, 500), st.integers(0, 99))
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        Refused, seconds, st.floats(0, 1e6) | st.just(math.inf), st.none() | st.floats(0, 1e9), st.just(LONGEST_S)
    ),
    st.builds(Granted, seconds, st.integers(0, 10**9), st.floats(-math.inf, 1e6), shares),
    st.builds(HeldBack, st.floats(0, 1e4), st.floats(0, 1e4)),
)


@given(caps, st.lists(st.tuples(events, st.floats(0, 1e4)), max_size=30))
def test_a_rate_is_never_above_its_cap_nor_below_the_least_nor_no_number(
    most: float | None, course: list[tuple[Event, float]]
) -> None:
    pace, now = unrefused(most), 0.0
    for event, later_s in course:
        now += later_s
        pace = after(pace, event, now)
        assert 0.97 * 0.999 * min(pace.most, LEAST_PER_S) <= pace.rate <= pace.most
        assert 0 < pace.allowed <= pace.rate
        assert pace.resumes_at <= now + LONGEST_S


arrivals = st.tuples(st.floats(0, 30), st.integers(1, 200), st.sampled_from(["", "granted", "refused"]))


@given(st.integers(1, 6000), st.lists(arrivals, max_size=30))
def test_no_minute_has_more_starts_than_its_cap(per_minute: int, course: list[tuple[float, int, str]]) -> None:
    one, now, starts = pacer(per_minute), 100.0, list[float]()
    for later_s, requests, answer in course:
        now += later_s
        for number in range(requests):
            is_due = one.due_at(now) <= now
            while (due_at := one.due_at(now)) > now:
                now = due_at
            one.start(now, is_busy=number < requests - 1 or not is_due)
            starts.append(now)
        if answer == "granted":
            one.granted(now, now)
        elif answer == "refused":
            one.refused(now, now, None, LONGEST_S)
    for number, began in enumerate(starts):
        assert sum(began <= time < began + 60 for time in starts[number : number + per_minute + 2]) <= per_minute


@given(st.floats(0.01, 10_000), st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_a_burst_is_never_more_than_the_spare_and_one(per_second: float, pauses: list[float]) -> None:
    one, now = pacer(60 * per_second), 100.0
    for pause_s in pauses:
        now += pause_s
        at_once = 0
        while one.due_at(now) <= now:
            one.start(now, is_busy=False)
            at_once += 1
        assert at_once <= 1 + SPARE_S * per_second


texts = st.text(st.characters(codec="latin-1"), max_size=60) | st.from_regex(r'"\w+";r=\d+;t=\d+(, "\w+";r=\d+)?')


@given(st.dictionaries(st.sampled_from(["RateLimit", "RateLimit-Remaining", "RateLimit-Reset"]), texts), seconds)
def test_no_header_is_too_strange_to_be_read_or_passed_over(headers: dict[str, str], now: float) -> None:
    read = remaining(CIMultiDictProxy(CIMultiDict(headers)), now)
    assert read is None or (read.requests >= 0 and read.renewed_in_s >= 0)


def test_a_header_of_any_length_is_read_in_no_time() -> None:
    for header in ('"' * 10**6, "r=" * 10**6, ";r=1;t=" + "9" * 10**6, "limit=1, " * 10**6):
        assert remaining(CIMultiDictProxy(CIMultiDict({"RateLimit": header})), 0.0) is None


@pytest.mark.parametrize("times", [1, 1000])
def test_growth_has_an_end(times: int) -> None:
    refused = after(unrefused(None), Refused(10.0, 100.0, None, LONGEST_S), 10.0)
    for pace in (unrefused(None), after(refused, Granted(11.0, 0, 0.0, Share(1, 1)), 11.0)):
        for _ in range(times):
            pace = after(pace, HeldBack(1e9, 0.04), 20.0)  # noqa: PLW2901 - it grows
        assert 1e6 < pace.rate < math.inf
