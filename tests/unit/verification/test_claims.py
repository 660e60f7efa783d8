"""What a run says of a destination, held against a listing that is younger than its last write."""

from typing import Any

from cip_async.model.outcome import Fate, Outcome
from cip_async.model.plan import PairPlan
from cip_async.verification.claims import untrue_claims
from tests.unit.reporting.samples import ASIA, digest, failure, pair_plans, promotion, setback, want

WANTS = (want("1", "a", "b"), want("2"), want("3", "c"))


def planned(**changes: Any) -> PairPlan:
    [made] = pair_plans("foo", WANTS, to=(ASIA,), **changes)
    return made


BEFORE = planned(promotions=[promotion("1", "a", "b")], setbacks=[setback("3", "c", Outcome.TAG_MOVE, "")], already=1)


def test_where_all_is_there_everything_is_true() -> None:
    assert list(untrue_claims(BEFORE, [], planned(already=4))) == []


def test_what_was_set_aside_or_failed_was_never_claimed() -> None:
    after = planned(
        promotions=[promotion("1", "b", in_destination=True)], setbacks=[setback("3", "c", Outcome.TAG_MOVE, "")]
    )
    assert list(untrue_claims(BEFORE, [failure("foo", "1", "b", "quota")], after)) == []


def test_what_is_gone_is_untrue_whether_it_was_promoted_or_there_before() -> None:
    after = planned(
        promotions=[promotion("1", "b", in_destination=True)], setbacks=[setback("2", None, Outcome.LOST, "")]
    )
    untrue = list(untrue_claims(BEFORE, [], after))
    assert [(each.digest, each.tag, each.fate) for each in untrue] == [
        (digest("1"), "b", Fate.FAILED),
        (digest("2"), None, Fate.FAILED),
    ]
    assert untrue[1].reason == "verified after the run: the image is not there"


def test_what_cannot_be_told_is_not_taken_for_true() -> None:
    after = planned(setbacks=[setback("1", "a", Outcome.UNKNOWN, "quota")])
    assert [each.reason for each in untrue_claims(BEFORE, [], after)] == ["verified after the run: quota"]
