"""How many edges had which outcome and which fate."""

from collections import Counter

import pytest

from cip_async.model.outcome import Fate, Outcome
from cip_async.model.report import Ending, Report
from cip_async.reporting.edges import all_edges
from cip_async.reporting.totals import pair_tallies, total
from tests.unit.reporting.samples import (
    ASIA,
    EU,
    LOST_STAGING,
    failure,
    pair_plans,
    plan,
    promotion,
    report,
    setback,
    want,
)

PAIRS = pair_plans(
    "foo",
    [want("1", "a", "b"), want("2"), want("3", "c"), want("4", "d"), want("5", "e")],
    promotions=[promotion("1", "a", "b"), promotion("2")],
    setbacks=[setback("3", "c", Outcome.TAG_MOVE, ""), setback("4", "d", Outcome.LOST, "")],
    already=1,
)
FAILURES = (failure("foo", "1", "a", "quota"), failure("foo", "2", None, "ended", mirror=EU, fate=Fate.NOT_STARTED))


@pytest.mark.parametrize(
    "told",
    [
        report(plan(*PAIRS)),
        report(plan(*PAIRS), *FAILURES),
        report(plan(*PAIRS, quarantine=True), *FAILURES),
        report(plan(*PAIRS), dry_run=True),
        report(plan(*PAIRS), ending=Ending.CONFLICT),
        report(plan(*PAIRS, lost_sources=(LOST_STAGING,)), ending=Ending.CONFLICT),
    ],
)
def test_counts_equal_those_of_the_edges_spelled_out(told: Report) -> None:
    tally = total(told)
    spelled_out = list(all_edges(told))
    assert tally.fates == Counter(edge.fate for edge in spelled_out)
    assert tally.outcomes == Counter(edge.outcome for edge in spelled_out)
    assert tally.edges == len(spelled_out) == 18


def test_an_image_with_a_tag_that_failed_is_not_done() -> None:
    tally = total(report(plan(*PAIRS), *FAILURES))
    assert (tally.images, tally.images_done) == (6, 4)


def test_no_image_is_done_when_the_plan_has_conflicts() -> None:
    tally = total(report(plan(*PAIRS), ending=Ending.CONFLICT))
    assert (tally.images, tally.images_done) == (6, 0)


def test_pairs_come_sorted_with_their_own_counts() -> None:
    told = list(pair_tallies(report(plan(*reversed(PAIRS)), *FAILURES)))
    assert [pair.destination.host for pair in told] == ["asia.gcr.io", "eu.gcr.io", "us.gcr.io"]
    assert told[0].tally.fates == {
        Fate.ALREADY_PROMOTED: 1,
        Fate.PROMOTED: 2,
        Fate.FAILED: 1,
        Fate.CONFLICT: 1,
        Fate.LOST: 1,
    }


def test_a_fate_that_nobody_had_is_not_in_the_counts() -> None:
    tally = total(report(plan(*pair_plans("foo", [], promotions=[promotion("1", "a")], to=[ASIA]))))
    assert tally.fates == {Fate.PROMOTED: 1}
    assert tally.outcomes == {Outcome.PROMOTE: 1}
    assert tally.fate(Fate.FAILED) == 0


def test_an_edge_that_was_promoted_before_and_has_failed_counts_once() -> None:
    made = plan(*pair_plans("foo", [want("1", "a", "b"), want("2", "c")], promotions=[promotion("1", "a")], already=2))
    told = report(made, failure("foo", "1", "b", "gone"), failure("foo", "1", "a", "quota"))
    [asia, *_] = pair_tallies(told)
    assert asia.tally.fates == {Fate.FAILED: 2, Fate.ALREADY_PROMOTED: 1}
    assert (asia.tally.images, asia.tally.images_done) == (1, 0)
    assert total(told).edges == 9
