"""When there is no plan at all."""

import attrs
import pytest

from cip_async.errors import InvalidManifests, InvalidSettings
from cip_async.model.promoter_manifest import Gravity, Place, Problem
from cip_async.planning.draft import Draft
from tests.unit.planning.samples import manifest, manifests

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
    assert str(caught.value) == (
        "the filter is {'only': ('none',)}: expected globs that match what the promoter manifests want"
    )


def test_filters_of_nothing_wanted_are_not_refused() -> None:
    assert Draft.of(manifests(), only=["none"]).pairs == ()
