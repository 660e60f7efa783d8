"""What destinations hold by their listings."""

from cip_async.model.outcome import Outcome
from cip_async.verification.held import held, images
from tests.unit.reporting.samples import digest, pair_plans, plan, promotion, setback, want

WANTS = (want("1", "a", "b"), want("2"), want("3", "c"))


def test_all_is_held_where_nothing_is_left_to_do() -> None:
    [one, *_] = pair_plans("foo", WANTS, already=4)
    assert held(one) == [digest("1"), digest("2"), digest("3")]


def test_a_digest_of_which_only_tags_are_missing_is_held() -> None:
    [one, *_] = pair_plans("foo", WANTS, promotions=[promotion("1", "a", "b", in_destination=True), promotion("2")])
    assert held(one) == [digest("1"), digest("3")]


def test_what_is_set_aside_is_held_only_under_another_tag() -> None:
    aside = [setback("1", "a", Outcome.TAG_MOVE, ""), setback("3", "c", Outcome.UNKNOWN, "")]
    [one, *_] = pair_plans("foo", WANTS, setbacks=aside)
    assert held(one) == [digest("1"), digest("2")]


def test_pairs_of_one_destination_are_taken_together() -> None:
    first, *others = pair_plans("foo", WANTS[:1])
    second = pair_plans("foo", WANTS)[0]
    found = images(plan(first, second, *others))
    assert found[first.pair.destination] == (digest("1"), digest("2"), digest("3"))
    assert found[others[0].pair.destination] == (digest("1"),)
