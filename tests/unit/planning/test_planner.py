"""One planner for a run: overlaps are left out, and mirrors that lack the same share what says so."""

from cip_async.model.outcome import Outcome
from cip_async.planning.overlaps import overlaps
from cip_async.planning.planner import Planner
from tests.unit.planning.samples import digest, listing, manifest, pairs


def test_mirrors_that_lack_the_same_share_their_promotions() -> None:
    eu, us = pairs(manifest(("app", {"a": ["v1"], "b": []})))
    planner = Planner([])
    source = listing(eu.source, untagged="ab")
    plans = [planner.pair_plan(pair, listing(pair.destination), source) for pair in (eu, us)]

    assert plans[0].promotions
    assert plans[0].promotions is plans[1].promotions
    assert [plan.pair for plan in plans] == [eu, us]


def test_mirrors_that_lack_something_else_do_not() -> None:
    eu, us = pairs(manifest(("app", {"a": ["v1"], "b": []})))
    planner = Planner([])
    source = listing(eu.source, untagged="ab")
    one = planner.pair_plan(eu, listing(eu.destination), source)
    other = planner.pair_plan(us, listing(us.destination, untagged="a"), source)

    assert [promotion.in_destination for promotion in one.promotions] == [False, False]
    assert [promotion.in_destination for promotion in other.promotions] == [True, False]


def test_tags_in_an_overlap_are_neither_needed_nor_promoted() -> None:
    made = pairs(manifest(("app", {"a": ["v1"], "b": ["v1", "v2"]})))
    planner = Planner(overlaps(made))
    destination = listing(made[0].destination)
    plan = planner.pair_plan(made[0], destination, listing(made[0].source, untagged="ab"))

    assert planner.needed(made[0], destination) == {digest("b")}
    assert [(promotion.digest, promotion.tags) for promotion in plan.promotions] == [(digest("b"), ("v2",))]
    assert [setback.outcome for setback in plan.setbacks] == [Outcome.OVERLAP, Outcome.OVERLAP]
