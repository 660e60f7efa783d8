"""One planner for a run: overlaps are left out, and mirrors that lack the same share what says so."""

from cip_async.model.listing import ListingFailure
from cip_async.model.outcome import Outcome
from cip_async.planning.overlaps import overlaps
from cip_async.planning.planner import Planner
from tests.unit.planning.samples import EU, US, digest, failure, listing, manifest, pairs


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


def test_mirrors_that_could_not_be_listed_for_one_reason_share_what_is_unknown() -> None:
    made = pairs(manifest(("app", {"a": ["v1"], "b": []}), to=[EU, US, "asia.gcr.io/prod"]))
    planner = Planner([])
    reasons = ["it burns", "it burns", "it froze"]
    plans = [
        planner.pair_plan(pair, ListingFailure(repository=pair.destination, reason=reason), None)
        for pair, reason in zip(made, reasons, strict=True)
    ]

    assert plans[0].setbacks is plans[1].setbacks
    assert [plan.pair for plan in plans] == list(made)
    assert [plan.setbacks[0].reason for plan in plans] == [
        f"the destination could not be listed: {reason}" for reason in reasons
    ]


def test_an_overlap_in_one_mirror_stays_there_though_none_could_be_listed() -> None:
    made = pairs(
        manifest(("app", {"a": ["v1"]}), source="gcr.io/a", to=[EU, US]),
        manifest(("app", {"b": ["v1"]}), source="gcr.io/b", to=[US]),
    )
    planner = Planner(overlaps(made))
    plans = [planner.pair_plan(pair, failure(pair.destination), None) for pair in made]

    assert [(str(plan.pair.destination_entry), plan.setbacks[0].outcome) for plan in plans] == [
        (EU, Outcome.UNKNOWN),
        (US, Outcome.OVERLAP),
        (US, Outcome.OVERLAP),
    ]
