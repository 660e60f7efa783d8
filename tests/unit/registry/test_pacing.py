"""How fast requests may start, as answers teach."""

import math

import pytest
from msgspec.structs import replace

from cip_async.registry.chance import Share
from cip_async.registry.pacing import (
    FIRST_PAUSE_S,
    LEAST_PER_S,
    LONGEST_OWN_PAUSE_S,
    PROBES_PER_S,
    Granted,
    HeldBack,
    Pace,
    Refused,
    after,
    unrefused,
)

LONGEST_S = 120.0


def refused(pace: Pace, now: float, *, started_at: float | None = None, rate: float = 800.0) -> Pace:
    return after(pace, Refused(now if started_at is None else started_at, rate, None, LONGEST_S), now)


def asked_to_wait(pace: Pace, now: float, seconds: float) -> Pace:
    return after(pace, Refused(now, 800.0, seconds, LONGEST_S), now)


def recovered(pace: Pace, now: float, *, requests: int, seconds: float) -> Pace:
    return after(pace, Granted(now, requests, seconds, Share(requests + 1, 1)), now)


def grown(pace: Pace, seconds: float, trip_s: float = 0.04) -> Pace:
    return after(pace, HeldBack(seconds, trip_s), 0.0)


FAST = grown(unrefused(None), 0.5)
"""A host that answers as fast as it is asked."""
SETTLED = recovered(refused(unrefused(None), 10.0, rate=85.0), 11.0, requests=830, seconds=10.0)
"""A host that granted 83 a second and refused 85."""


def test_a_host_without_a_cap_is_soon_asked_as_fast_as_it_answers() -> None:
    pace = unrefused(None)
    assert [grown(pace, seconds).allowed for seconds in (0.0, 0.2, 0.4)] == pytest.approx([400, 800, 1600])
    assert not pace.has_ceiling


@pytest.mark.parametrize(("trip_s", "doubled_s"), [(0.0, 0.02), (0.01, 0.05), (0.04, 0.2), (0.3, 0.2)])
def test_the_first_rate_doubles_within_a_few_round_trips(trip_s: float, doubled_s: float) -> None:
    assert grown(unrefused(None), doubled_s, trip_s).allowed == pytest.approx(800)
    halfway = grown(unrefused(None), doubled_s / 2, trip_s)
    assert grown(halfway, doubled_s / 2, trip_s).allowed == pytest.approx(800)


def test_a_host_with_a_cap_is_never_asked_faster() -> None:
    assert grown(unrefused(1000.0), 1000.0).allowed == 1000.0
    pace = unrefused(50.0)
    assert pace.allowed == grown(pace, 1000.0).allowed == 50.0
    assert grown(recovered(refused(pace, 10.0, rate=50.0), 11.0, requests=400, seconds=10.0), 1000.0).allowed == 50.0


def test_a_refusal_pauses_and_then_only_probes_start() -> None:
    pace = refused(unrefused(1000.0), 10.0)
    assert pace.resumes_at == 10.0 + FIRST_PAUSE_S
    assert pace.allowed == PROBES_PER_S


def test_a_slow_rate_is_not_probed_faster() -> None:
    assert refused(unrefused(2.0), 10.0).allowed == 2.0


def test_pauses_double_while_probes_are_refused_and_stay_short_enough_to_notice_the_next_minute() -> None:
    pace, now, pauses = unrefused(None), 10.0, []
    for _ in range(9):
        pace = refused(pace, now)
        pauses.append(round(pace.resumes_at - now, 6))
        now = pace.resumes_at
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, *[LONGEST_OWN_PAUSE_S] * 3]


def test_a_pause_that_is_asked_for_is_kept_within_its_bound() -> None:
    assert asked_to_wait(unrefused(None), 10.0, 7.0).resumes_at == 17.0
    assert asked_to_wait(unrefused(None), 10.0, 1e9).resumes_at == 10.0 + LONGEST_S


def test_a_pause_only_grows() -> None:
    pace = asked_to_wait(asked_to_wait(unrefused(None), 10.0, 60.0), 10.5, 1.0)
    assert pace.resumes_at == 70.0


def test_a_burst_of_refusals_counts_once() -> None:
    first = refused(unrefused(None), 10.0)
    for started_at in (9.96, 9.99, 10.0):
        assert refused(first, 10.03, started_at=started_at) == first


def test_a_later_refusal_of_a_burst_may_ask_for_a_longer_pause() -> None:
    first = refused(unrefused(None), 10.0)
    later = after(first, Refused(9.99, 800.0, 5.0, LONGEST_S), 10.02)
    assert later == replace(first, resumes_at=15.02)


def test_what_was_granted_before_the_refusal_says_nothing_after_it() -> None:
    pace = refused(unrefused(None), 10.0)
    assert after(pace, Granted(9.99, 83, 1.0, Share(84, 1)), 10.02) == pace


def test_the_rate_goes_on_just_below_what_was_granted() -> None:
    assert SETTLED.allowed == pytest.approx(0.97 * 83)
    assert not SETTLED.is_probing


def test_a_minute_is_measured_as_a_whole_however_fast_it_was_used_up() -> None:
    pace = refused(grown(unrefused(1000.0), 1.0), 5.0, rate=1000.0)
    pace = recovered(pace, 60.0, requests=5000, seconds=60.0)
    pace = recovered(refused(pace, 100.0, rate=400.0), 120.0, requests=5000, seconds=60.0)
    assert pace.allowed == pytest.approx(0.97 * 5000 / 60)
    assert pace.ceiling < 90.0


def test_a_short_measure_lowers_a_rate_to_an_eighth_at_most() -> None:
    pace = recovered(refused(FAST, 10.0, rate=800.0), 10.1, requests=1, seconds=2.0)
    assert pace.allowed == pytest.approx(0.97 * 100)


def test_a_host_that_was_asked_for_little_before_it_refused_is_believed_to_grant_more() -> None:
    pace = recovered(refused(FAST, 10.0, rate=800.0), 10.1, requests=0, seconds=0.0)
    assert pace.allowed == pytest.approx(0.97 * 100)
    assert pace.ceiling == 800.0


def test_a_rate_that_grew_slowly_until_it_was_refused_falls_by_a_fifth_at_most() -> None:
    pace = recovered(refused(SETTLED, 100.0, rate=90.0), 101.0, requests=1000, seconds=90.0)
    assert pace.allowed == pytest.approx(0.97 * 0.8 * SETTLED.rate)


def test_the_first_refusal_of_one_of_few_requests_says_nothing_of_the_rate() -> None:
    pace = recovered(refused(unrefused(None), 10.0, rate=math.inf), 70.0, requests=3, seconds=60.0)
    assert pace.allowed == unrefused(None).allowed
    assert not pace.has_ceiling
    later = recovered(refused(SETTLED, 20.0, rate=math.inf), 21.0, requests=3, seconds=2.0)
    assert later.allowed < SETTLED.allowed


def test_no_rate_falls_below_the_least() -> None:
    pace = unrefused(None)
    for now in range(100):
        pace = recovered(refused(pace, now, rate=2.0), now + 0.5, requests=0, seconds=1.0)
    assert pace.allowed == LEAST_PER_S


def test_a_rate_grows_fast_towards_its_ceiling_and_hardly_at_all_around_it() -> None:
    pace = recovered(refused(unrefused(None), 10.0, rate=80.0), 10.1, requests=0, seconds=0.0)
    first, then = grown(pace, 3.0).rate - pace.rate, grown(pace, 11.0).rate - grown(pace, 8.0).rate
    assert (pace.rate, pace.ceiling) == (9.7, 80.0)
    assert first > 10 * then > 0


def test_a_rate_that_is_never_refused_soon_doubles_and_doubles() -> None:
    rates = [grown(SETTLED, seconds).rate for seconds in (0, 10, 20, 30, 34, 38)]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(2 * rates[-2])
    assert rates[-2] > 2 * rates[0]


def test_growing_step_by_step_is_growing_at_once() -> None:
    pace = SETTLED
    for _ in range(200):
        pace = grown(pace, 0.1)
    assert pace.rate == pytest.approx(grown(SETTLED, 20.0).rate)


def test_nothing_grows_while_everything_is_refused() -> None:
    pace = refused(SETTLED, 20.0)
    assert grown(pace, 10.0) == pace


def test_a_better_known_quota_is_tried_more_rarely() -> None:
    longer = recovered(refused(SETTLED, 100.0, rate=85.0), 101.0, requests=2490, seconds=30.0)
    assert longer.scale_s > SETTLED.scale_s


def test_a_quota_that_seems_to_have_fallen_is_tried_soon() -> None:
    known = recovered(refused(SETTLED, 100.0, rate=85.0), 101.0, requests=2490, seconds=30.0)
    lower = recovered(refused(known, 200.0, rate=60.0), 201.0, requests=1200, seconds=30.0)
    assert lower.ceiling < 0.9 * known.ceiling
    assert lower.scale_s == SETTLED.scale_s


def by_chance(pace: Pace, spells: int, *, answers: int = 10, refusals: int = 1) -> Pace:
    """What becomes of a pace when of so many answers so many are refused, however fast requests start."""
    now = pace.decided_at
    for _ in range(spells):
        seconds = answers / pace.rate
        pace = refused(grown(pace, seconds), now + seconds, rate=pace.rate)
        now += seconds + FIRST_PAUSE_S
        share = Share(answers, refusals)
        pace = after(pace, Granted(now, answers - refusals, seconds + FIRST_PAUSE_S, share), now)
    return pace


def by_chance_found_out() -> Pace:
    """The pace as soon as refusals are known to come by chance."""
    return next(pace for pace in (by_chance(SETTLED, spells) for spells in range(20)) if pace.chance.explains)


def test_a_rate_that_was_lowered_for_nothing_is_what_was_granted_before() -> None:
    pace = by_chance_found_out()
    assert pace.rate == pytest.approx(0.97 * pace.chance.proven_per_s)
    assert pace.ceiling == pace.chance.asked_per_s > 80.0


@pytest.mark.parametrize("rate", [0.1, 1.0, 40.0])
def test_no_rate_is_lowered_below_a_quarter_of_what_was_granted_while_it_may_be_chance(rate: float) -> None:
    """However slow the requests were that were refused, and however little of them was granted."""
    pace = recovered(refused(SETTLED, 20.0), 21.0, requests=80, seconds=1.0)
    quarter = pace.chance.proven_per_s / 4
    for now in range(30, 50):
        before = pace.rate
        pace = after(refused(pace, now, rate=rate), Granted(now + 0.5, 1, 1.0, Share(20, 1)), now + 0.5)
        assert pace.rate >= min(quarter, before)
        if pace.chance.explains:
            break
        assert pace.chance.least_per_s == quarter
    assert pace.rate >= quarter


def test_what_comes_by_chance_leaves_a_rate_that_grows() -> None:
    rates = [by_chance(by_chance_found_out(), spells).rate for spells in range(40)]
    assert rates == sorted(rates)
    assert rates[-1] > 80.0


def test_what_comes_by_chance_is_followed_by_a_pause_all_the_same() -> None:
    pace = refused(by_chance_found_out(), 1000.0)
    assert pace.resumes_at == 1000.0 + FIRST_PAUSE_S
    assert pace.allowed == PROBES_PER_S


def test_a_rate_is_lowered_again_once_much_more_is_refused_than_by_chance() -> None:
    pace = by_chance(by_chance_found_out(), 7)
    later = by_chance(pace, 7, answers=8, refusals=5)
    assert not later.chance.explains
    assert later.rate < pace.rate


def test_a_rate_is_lowered_for_a_spell_now_and_then_to_see_whether_chance_is_over() -> None:
    found_out = by_chance_found_out()
    before = by_chance(found_out, 63)
    tried = by_chance(before, 1)
    assert tried.chance.is_tried
    assert tried.rate < 0.6 * before.rate
    assert by_chance(tried, 1).rate == pytest.approx(0.97 * tried.chance.asked_per_s)
    over = by_chance(tried, 1, answers=200)
    assert not over.chance.explains
