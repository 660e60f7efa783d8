"""What a script may conclude from the exit code alone."""

from typing import Any

import pytest

from cip_async.model.outcome import Fate, Outcome
from cip_async.model.plan import Plan
from cip_async.model.report import Ending
from cip_async.reference import ImageName
from cip_async.reporting.exit_code import ExitCode, exit_code
from tests.unit.reporting.samples import (
    ASIA,
    LOST_STAGING,
    MALFORMED,
    MISPLACED,
    failure,
    overlap,
    pair_plans,
    plan,
    promotion,
    report,
    setback,
)


def one(outcome: Outcome, **changes: Any) -> Plan:
    pairs = pair_plans("foo", [], promotions=[promotion("1", "a")], setbacks=[setback("2", "b", outcome, "")])
    return plan(*pairs, **changes)


CLEAN = plan(*pair_plans("foo", [], promotions=[promotion("1", "a")], already=1))


def test_codes_are_those_that_scripts_know() -> None:
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 130, 143]


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("strict", [True, False])
def test_done(dry_run: bool, strict: bool) -> None:
    assert exit_code(report(CLEAN, dry_run=dry_run), strict=strict) == 0


@pytest.mark.parametrize("strict", [True, False])
def test_nothing_to_do_is_done(strict: bool) -> None:
    assert exit_code(report(plan(*pair_plans("foo", [], already=5))), strict=strict) == 0


def test_a_warning_about_the_input_is_no_failure() -> None:
    assert exit_code(report(plan(warnings=(MISPLACED,)))) == 0


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    "made",
    [
        one(Outcome.TAG_MOVE),
        one(Outcome.OVERLAP, overlaps=(overlap("b", ASIA.repository(ImageName("foo"))),)),
        one(Outcome.LOST, lost_sources=(LOST_STAGING,)),
        plan(invalid=(MALFORMED,)),
    ],
)
def test_a_conflict_is_wrong_in_a_dry_run_too(made: Plan, dry_run: bool) -> None:
    assert exit_code(report(made, ending=Ending.CONFLICT, dry_run=dry_run)) == 1


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    "made",
    [
        one(Outcome.TAG_MOVE, quarantine=True),
        one(Outcome.OVERLAP, quarantine=True),
        one(Outcome.LOST, lost_sources=(LOST_STAGING,), quarantine=True),
        plan(invalid=(MALFORMED,), quarantine=True),
    ],
)
def test_what_was_quarantined_makes_a_run_partly_done(made: Plan, dry_run: bool) -> None:
    assert exit_code(report(made, dry_run=dry_run)) == 3


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_unknown_edge_makes_a_run_partly_done(dry_run: bool) -> None:
    assert exit_code(report(one(Outcome.UNKNOWN), dry_run=dry_run)) == 3


@pytest.mark.parametrize("fate", [Fate.FAILED, Fate.NOT_STARTED])
def test_a_failed_edge_makes_a_run_partly_done(fate: Fate) -> None:
    assert exit_code(report(CLEAN, failure("foo", "1", "a", "quota", fate=fate))) == 3


def test_a_tag_that_somebody_else_wrote_during_a_run_leaves_it_partly_done() -> None:
    assert exit_code(report(CLEAN, failure("foo", "1", "a", "taken", fate=Fate.CONFLICT))) == 3


def test_a_conflict_of_the_plan_is_wrong_also_where_time_ran_out() -> None:
    assert exit_code(report(one(Outcome.TAG_MOVE), ending=Ending.TIMED_OUT)) == 1


def test_a_run_out_of_time_is_partly_done() -> None:
    assert exit_code(report(CLEAN, ending=Ending.TIMED_OUT)) == 3


def test_a_lost_image_is_a_warning() -> None:
    assert exit_code(report(one(Outcome.LOST))) == 0


def test_a_lost_image_is_an_error_where_that_is_asked_for() -> None:
    assert exit_code(report(one(Outcome.LOST)), strict=True) == 3
    assert exit_code(report(one(Outcome.LOST), dry_run=True), strict=True) == 1


def test_a_lost_image_found_while_copying_counts_like_one_found_before() -> None:
    told = report(CLEAN, failure("foo", "1", "a", "gone", fate=Fate.LOST))
    assert exit_code(told) == 0
    assert exit_code(told, strict=True) == 3


def test_an_interrupted_run_says_so_whatever_else_happened() -> None:
    assert exit_code(report(one(Outcome.UNKNOWN), ending=Ending.INTERRUPTED)) == 130
