"""What a verification comes to."""

import pytest

from cip_async.model.damage import Damage, Flaw
from cip_async.model.plan import Plan
from cip_async.model.report import Ending
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.verification import verification_exit_code, verification_tally
from tests.unit.reporting.samples import MALFORMED, pair_plans, plan, promotion, want
from tests.unit.reporting.verifications import damage, verification

WELL = plan(*pair_plans("foo", [want("1", "a")], already=1))
LACKING = plan(*pair_plans("foo", [want("1", "a")], promotions=[promotion("1", "a")]))


def test_edges_and_damages_are_counted_by_flaw() -> None:
    tally = verification_tally(verification(damages=(damage(), damage(Flaw.UNKNOWN))))
    assert (tally.edges, tally.as_wanted) == (16, 4)
    assert tally.drift[Flaw.IMAGE_MISSING] == 4
    assert tally.damages == {Flaw.CONTENT_MISSING: 1, Flaw.UNKNOWN: 1}
    assert tally.damaged_images == 2
    assert (tally.proven, tally.unknown) == (11, 3)


@pytest.mark.parametrize(
    ("made", "damages", "code"),
    [
        (WELL, [], ExitCode.DONE),
        (LACKING, [], ExitCode.WRONG),
        (WELL, [damage()], ExitCode.WRONG),
        (WELL, [damage(Flaw.UNKNOWN)], ExitCode.PARTLY),
        (WELL, [damage(Flaw.UNKNOWN), damage()], ExitCode.WRONG),
        (plan(invalid=(MALFORMED,)), [], ExitCode.WRONG),
    ],
)
def test_what_is_proven_weighs_more_than_what_is_unknown(made: Plan, damages: list[Damage], code: ExitCode) -> None:
    assert verification_exit_code(verification(made, *damages)) is code


@pytest.mark.parametrize(("made", "code"), [(WELL, ExitCode.PARTLY), (LACKING, ExitCode.WRONG)])
def test_a_verification_that_ran_out_of_time_is_not_whole_and_what_it_found_is_wrong(
    made: Plan, code: ExitCode
) -> None:
    assert verification_exit_code(verification(made, ending=Ending.TIMED_OUT)) is code


def test_a_verification_that_was_interrupted_says_so() -> None:
    assert verification_exit_code(verification(WELL, ending=Ending.INTERRUPTED)) is ExitCode.INTERRUPTED
