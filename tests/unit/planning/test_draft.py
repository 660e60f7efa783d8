"""A plan in the making."""

import attrs
import pytest

from cip_async.errors import InvalidManifests, InvalidSettings
from cip_async.model.outcome import Outcome
from cip_async.model.promoter_manifest import Gravity, Place, Problem
from cip_async.planning.draft import Draft
from tests.unit.planning.samples import EU, STAGING, US, listing, manifest, manifests

MADE = manifests(manifest(("app", {"a": ["v1"]})))


def problem(gravity: Gravity) -> Problem:
    return Problem(Place("bar.yaml", 1, 1), "is wrong", gravity=gravity)


def test_there_is_no_plan_without_a_file_that_could_not_be_understood() -> None:
    spoilt = attrs.evolve(MADE, problems=(problem(Gravity.ENTRY), problem(Gravity.FILE)))
    with pytest.raises(InvalidManifests) as caught:
        Draft.of(spoilt, quarantine=True)
    assert caught.value.problems == spoilt.problems


def test_an_invalid_entry_is_part_of_the_plan() -> None:
    invalid = attrs.evolve(MADE, problems=(problem(Gravity.ENTRY),))
    assert Draft.of(invalid).plan().invalid == invalid.problems


def test_filters_that_leave_nothing_of_what_is_wanted_are_refused() -> None:
    with pytest.raises(InvalidSettings) as caught:
        Draft.of(MADE, only=["none"])
    assert str(caught.value) == ("the filter is 'none': expected a glob that matches what is wanted")


def test_filters_of_nothing_wanted_are_not_refused() -> None:
    assert Draft.of(manifests(), only=["none"]).pairs == ()


def test_what_is_not_planned_yet_is_unknown() -> None:
    draft = Draft.of(manifests(manifest(("app", {"a": ["v1"]}), to=[EU, US])))
    eu, us = draft.pairs
    planned = draft.planner.pair_plan(eu, listing(eu.destination, {"v1": "a"}), None)
    draft.take([planned])
    first, second = draft.plan().pairs

    assert first is planned
    assert (first.is_planned, second.is_planned) == (True, False)
    assert [(setback.outcome, setback.reason) for setback in second.setbacks] == [
        (Outcome.UNKNOWN, "the run ended before all that this needs was listed")
    ]
    assert second.pair is us


def test_a_plan_is_in_the_order_of_pairs_whatever_came_first() -> None:
    draft = Draft.of(manifests(manifest(("app", {"a": ["v1"]}), to=[EU, US])))
    draft.take(draft.planner.pair_plan(pair, listing(pair.destination), None) for pair in reversed(draft.pairs))

    assert tuple(each.pair for each in draft.plan().pairs) == draft.pairs


def test_a_plan_names_overlaps_and_lost_sources() -> None:
    draft = Draft.of(manifests(manifest(("app", {"a": ["v1"], "b": ["v1"]}), ("tool", {"c": []}), to=[EU])))
    lost = Draft.of(manifests(manifest(("app", {"a": ["v1"]}), to=[EU])))
    lost.take(lost.planner.pair_plan(pair, listing(pair.destination), listing(pair.source)) for pair in lost.pairs)

    assert [overlap.tag for overlap in draft.plan().overlaps] == ["v1"]
    assert [str(source.entry) for source in lost.plan().lost_sources] == [STAGING]


def test_a_complete_plan_can_be_taken_up_again() -> None:
    draft = Draft.of(manifests(manifest(("app", {"a": ["v1"], "b": ["v1"]}))), quarantine=True)
    draft.take(draft.planner.pair_plan(pair, listing(pair.destination), None) for pair in draft.pairs)
    plan = draft.plan()
    again = Draft.from_plan(plan).plan()

    assert attrs.asdict(again, recurse=False) == attrs.asdict(plan, recurse=False)


def test_it_is_known_which_repositories_are_sources_and_which_are_fed_by_several() -> None:
    draft = Draft.of(
        manifests(
            manifest(("app", {"a": ["v1"]}), source="gcr.io/a", to=[EU, US]),
            manifest(("app", {"b": ["v2"]}), source="gcr.io/b", to=[US]),
        )
    )

    assert sorted(map(str, draft.sources)) == ["gcr.io/a/app", "gcr.io/b/app"]
    assert sorted(map(str, draft.fed_by_several)) == ["us.gcr.io/prod/app"]
