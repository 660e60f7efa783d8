"""The outcomes of a pair's edges, in their order of precedence."""

from typing import Final

import attrs
import pytest

from cip_async.model.listing import Listing, ListingFailure
from cip_async.model.outcome import Outcome
from cip_async.model.plan import Pair, PairPlan
from cip_async.planning.outcomes import needed, pair_plan
from cip_async.planning.overlaps import overlapping, overlaps
from tests.unit.planning.samples import EU, Dmap, digest, failure, listing, manifest, pair, pairs

SOURCE: Final = "gcr.io/staging/app"
MIRROR: Final = "eu.gcr.io/prod/app"
EMPTY_SOURCE: Final = listing(SOURCE)
EMPTY_MIRROR: Final = listing(MIRROR)


def _plan(dmap: Dmap, destination: Listing | ListingFailure, source: Listing | ListingFailure | None) -> PairPlan:
    return _with_overlaps(pair(dmap), destination, source)


def _with_overlaps(
    made: Pair, destination: Listing | ListingFailure, source: Listing | ListingFailure | None
) -> PairPlan:
    return pair_plan(made, destination, source, overlapping=overlapping(overlaps([made])))


def _setbacks(plan: PairPlan) -> list[tuple[str, str | None, Outcome]]:
    return [(setback.digest[-1], setback.tag, setback.outcome) for setback in plan.setbacks]


def _promotions(plan: PairPlan) -> list[tuple[str, tuple[str, ...], bool, bool]]:
    return [(each.digest[-1], each.tags, each.in_destination, each.in_source) for each in plan.promotions]


def test_what_is_there_as_wanted_is_promoted_already() -> None:
    plan = _plan({"a": ["v1", "v2"], "b": []}, listing(MIRROR, {"v1": "a", "v2": "a", "old": "c"}, "b"), None)

    assert (plan.already_promoted, plan.promotions, plan.setbacks) == (3, (), ())


def test_what_only_the_source_holds_is_promoted() -> None:
    plan = _plan({"a": ["v1", "v2"], "b": []}, EMPTY_MIRROR, listing(SOURCE, untagged="ab"))

    assert _promotions(plan) == [("a", ("v1", "v2"), False, True), ("b", (), False, True)]
    assert (plan.already_promoted, plan.setbacks) == (0, ())


def test_only_the_tags_that_are_missing_are_promoted() -> None:
    plan = _plan({"a": ["v1", "v2"]}, listing(MIRROR, {"v1": "a"}), None)

    assert _promotions(plan) == [("a", ("v2",), True, False)]
    assert plan.already_promoted == 1


def test_a_tag_alone_is_promoted_though_the_source_lost_the_digest() -> None:
    plan = _plan({"a": ["v1"]}, listing(MIRROR, untagged="a"), EMPTY_SOURCE)

    assert _promotions(plan) == [("a", ("v1",), True, False)]


def test_a_promotion_says_that_both_sides_hold_the_digest() -> None:
    plan = _plan({"a": ["v1"]}, listing(MIRROR, untagged="a"), listing(SOURCE, untagged="a"))

    assert _promotions(plan) == [("a", ("v1",), True, True)]


def test_a_tag_alone_is_promoted_though_the_source_could_not_be_listed() -> None:
    made = pair({"a": ["v1"], "b": ["v2"]})
    plan = pair_plan(made, listing(MIRROR, untagged="a"), failure(made.source))

    assert _promotions(plan) == [("a", ("v1",), True, False)]
    assert _setbacks(plan) == [("b", "v2", Outcome.UNKNOWN)]


def test_what_neither_side_holds_is_lost() -> None:
    plan = _plan({"a": ["v1", "v2"], "b": []}, EMPTY_MIRROR, EMPTY_SOURCE)

    assert _setbacks(plan) == [
        ("a", "v1", Outcome.LOST),
        ("a", "v2", Outcome.LOST),
        ("b", None, Outcome.LOST),
    ]


def test_a_lost_edge_names_its_digest_and_where_it_was_wanted() -> None:
    made = pair({"a": ["v1"]})
    (setback,) = pair_plan(made, EMPTY_MIRROR, EMPTY_SOURCE).setbacks

    assert setback.reason == f"{digest('a')} is neither in {SOURCE} nor in the destination"
    assert setback.place == made.image.wants[0].tag_places[0]


def test_a_tag_that_points_elsewhere_is_never_moved() -> None:
    (setback,) = _plan({"a": ["v1"]}, listing(MIRROR, {"v1": "b"}), listing(SOURCE, untagged="a")).setbacks

    assert setback.outcome is Outcome.TAG_MOVE
    assert setback.reason == (
        f"wanted with {digest('a')}, but there the tag points to {digest('b')}, and a tag is never moved"
    )


@pytest.mark.parametrize("source", [EMPTY_SOURCE, failure(EMPTY_SOURCE.repository), None])
def test_a_tag_move_comes_before_what_the_source_says(source: Listing | ListingFailure | None) -> None:
    plan = _plan({"a": ["v1"]}, listing(MIRROR, {"v1": "b"}), source)

    assert _setbacks(plan) == [("a", "v1", Outcome.TAG_MOVE)]


def test_a_digest_whose_tags_all_point_elsewhere_is_not_promoted_without_one() -> None:
    plan = _plan({"a": ["v1", "v2"]}, listing(MIRROR, {"v1": "b", "v2": "b"}), listing(SOURCE, untagged="a"))

    assert plan.promotions == ()


def test_the_other_tags_of_a_digest_are_promoted_beside_a_tag_move() -> None:
    plan = _plan({"a": ["v1", "v2"]}, listing(MIRROR, {"v1": "b"}), listing(SOURCE, untagged="a"))

    assert _promotions(plan) == [("a", ("v2",), False, True)]
    assert _setbacks(plan) == [("a", "v1", Outcome.TAG_MOVE)]


def test_a_destination_that_cannot_be_listed_makes_every_edge_unknown() -> None:
    made = pair({"a": ["v1"], "b": []})
    plan = pair_plan(made, failure(made.destination), listing(SOURCE, untagged="ab"))

    assert _setbacks(plan) == [("a", "v1", Outcome.UNKNOWN), ("b", None, Outcome.UNKNOWN)]
    assert plan.setbacks[0].reason == "the destination could not be listed: eu.gcr.io: it burns"


def test_a_source_that_cannot_be_listed_makes_only_what_is_missing_unknown() -> None:
    made = pair({"a": ["v1"], "b": ["v2"], "c": []})
    plan = pair_plan(made, listing(MIRROR, {"v1": "a"}, "c"), failure(made.source))

    assert plan.already_promoted == 2
    assert _setbacks(plan) == [("b", "v2", Outcome.UNKNOWN)]
    assert plan.setbacks[0].reason == "the source could not be listed: gcr.io: it burns"


@pytest.mark.parametrize("needs_access", [True, False])
def test_what_is_unknown_for_want_of_access_says_so(needs_access: bool) -> None:
    made = pair({"a": ["v1"]})
    refused = [
        attrs.evolve(failure(repository), needs_access=needs_access) for repository in (made.source, made.destination)
    ]

    assert pair_plan(made, EMPTY_MIRROR, refused[0]).setbacks[0].needs_access == needs_access
    assert pair_plan(made, refused[1], None).setbacks[0].needs_access == needs_access


def test_a_source_that_nobody_listed_is_never_taken_for_empty() -> None:
    (setback,) = _plan({"a": ["v1"]}, EMPTY_MIRROR, None).setbacks

    assert (setback.outcome, setback.reason) == (Outcome.UNKNOWN, f"the source {SOURCE} was not listed")


@pytest.mark.parametrize(
    ("destination", "source", "unasked"),
    [
        (listing(MIRROR, asked=""), EMPTY_SOURCE, MIRROR),
        (EMPTY_MIRROR, listing(SOURCE, asked="b"), SOURCE),
    ],
)
def test_a_digest_that_a_repository_was_not_asked_for_is_never_taken_for_absent(
    destination: Listing, source: Listing, unasked: str
) -> None:
    (setback,) = _plan({"a": ["v1"]}, destination, source).setbacks

    assert (setback.outcome, setback.reason) == (Outcome.UNKNOWN, f"{unasked} was not asked for {digest('a')}")


def test_a_digest_in_the_source_is_promoted_though_the_destination_was_not_asked_for_it() -> None:
    plan = _plan({"a": ["v1"]}, listing(MIRROR, asked=""), listing(SOURCE, untagged="a", asked="a"))

    assert _promotions(plan) == [("a", ("v1",), False, True)]


def test_a_tag_wanted_with_two_digests_is_an_overlap_for_both() -> None:
    plan = _plan({"a": ["v1"], "b": ["v1"]}, EMPTY_MIRROR, listing(SOURCE, untagged="ab"))

    assert _setbacks(plan) == [("a", "v1", Outcome.OVERLAP), ("b", "v1", Outcome.OVERLAP)]
    assert (plan.already_promoted, plan.promotions) == (0, ())


def test_an_overlap_names_the_other_claim_and_its_place() -> None:
    made = pair({"a": ["v1"], "b": ["v1"]})
    first, second = _with_overlaps(made, EMPTY_MIRROR, None).setbacks

    assert first.reason == f"the tag is wanted with {digest('b')} too, at {second.place}"
    assert second.reason == f"the tag is wanted with {digest('a')} too, at {first.place}"


@pytest.mark.parametrize(
    "destination",
    [listing(MIRROR, {"v1": "a"}), listing(MIRROR, {"v1": "c"}), failure(EMPTY_MIRROR.repository)],
)
def test_an_overlap_comes_before_whatever_the_destination_says(destination: Listing | ListingFailure) -> None:
    plan = _plan({"a": ["v1"], "b": ["v1"]}, destination, None)

    assert _setbacks(plan) == [("a", "v1", Outcome.OVERLAP), ("b", "v1", Outcome.OVERLAP)]
    assert plan.already_promoted == 0


def test_an_overlap_with_another_source_comes_before_what_the_destination_has_as_wanted() -> None:
    made, rival = pairs(
        manifest(("app", {"a": ["v1", "v2"]}), source="gcr.io/app", to=[EU]),
        manifest(("app", {"b": ["v1"]}), source="gcr.io/rival", to=[EU]),
    )
    destination = listing(made.destination, {"v1": "a", "v2": "a"})
    plan = pair_plan(made, destination, None, overlapping=overlapping(overlaps([made, rival])))

    assert _setbacks(plan) == [("a", "v1", Outcome.OVERLAP)]
    assert plan.already_promoted == 1


def test_a_digest_that_an_overlap_leaves_a_tag_is_promoted_with_that() -> None:
    plan = _plan({"a": ["v1", "v2"], "b": ["v1"]}, EMPTY_MIRROR, listing(SOURCE, untagged="ab"))

    assert _promotions(plan) == [("a", ("v2",), False, True)]


def test_a_digest_that_is_wanted_without_a_tag_too_is_promoted_despite_an_overlap() -> None:
    plan = _plan({"a": ["v1"], "b": ["v1"], "c": []}, EMPTY_MIRROR, listing(SOURCE, untagged="abc"))

    assert _promotions(plan) == [("c", (), False, True)]


def test_a_tag_in_two_claims_is_no_work_done_even_if_nobody_told_of_the_overlap() -> None:
    plan = pair_plan(pair({"a": ["v1"], "b": ["v1"]}), listing(MIRROR, {"v1": "b"}), None)

    assert plan.already_promoted == 1
    assert _setbacks(plan) == [("a", "v1", Outcome.TAG_MOVE)]


def test_setbacks_are_sorted_by_digest_and_tag_whatever_their_outcome() -> None:
    plan = _plan({"a": ["v1", "v2", "v3"], "b": ["v2"]}, listing(MIRROR, {"v3": "c"}), EMPTY_SOURCE)

    assert _setbacks(plan) == [
        ("a", "v1", Outcome.LOST),
        ("a", "v2", Outcome.OVERLAP),
        ("a", "v3", Outcome.TAG_MOVE),
        ("b", "v2", Outcome.OVERLAP),
    ]


def test_the_source_is_not_needed_where_all_is_there() -> None:
    assert needed(pair({"a": ["v1"], "b": []}), listing(MIRROR, {"v1": "a"}, "b")) == frozenset()


def test_the_source_is_not_needed_for_what_is_there_without_a_tag_as_wanted() -> None:
    assert needed(pair({"a": ["v1"], "b": []}), listing(MIRROR, untagged="b")) == {digest("a")}


def test_the_source_is_needed_where_only_a_tag_is_missing_for_it_serves_all_mirrors() -> None:
    assert needed(pair({"a": ["v1", "v2"], "b": ["v3"]}), listing(MIRROR, {"v1": "a", "v3": "b"})) == {digest("a")}


def test_the_source_is_not_needed_for_a_tag_that_points_elsewhere() -> None:
    assert needed(pair({"a": ["v1"]}), listing(MIRROR, {"v1": "b"})) == frozenset()


def test_the_source_is_not_needed_for_an_overlap() -> None:
    made = pair({"a": ["v1"], "b": ["v1"]})

    assert needed(made, EMPTY_MIRROR, overlapping=overlapping(overlaps([made]))) == frozenset()


def test_the_source_is_needed_for_each_digest_that_is_missing() -> None:
    made = pair({"a": ["v1"], "b": ["v2", "v3"], "c": []})

    assert needed(made, listing(MIRROR, {"v1": "a"})) == {digest("b"), digest("c")}


def test_the_source_is_needed_for_digests_that_the_destination_was_not_asked_for() -> None:
    assert needed(pair({"a": ["v1"], "b": []}), listing(MIRROR, asked="")) == {digest("a"), digest("b")}
