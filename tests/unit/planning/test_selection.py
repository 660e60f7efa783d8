"""Which part of promoter manifests is left by filters on image names and destinations."""

from collections.abc import Sequence

import pytest

from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.planning.selection import selected
from tests.unit.planning.samples import EU, US, manifest, manifests

MADE = manifests(
    manifest(("app", {"a": ["v1"]}), ("stub", {}), path="foo.yaml"),
    manifest(("tool/app", {"b": ["v1"]}), path="bar.yaml", to=[US]),
)


def left(made: PromoterManifests) -> list[tuple[str, list[str], list[str]]]:
    return [
        (each.path, [str(image.name) for image in each.images], [str(entry.path) for entry in each.destinations])
        for each in made.manifests
    ]


def test_without_filters_everything_is_left() -> None:
    assert selected(MADE) is MADE


def test_a_filter_of_image_names_leaves_stubs_that_match() -> None:
    assert left(selected(MADE, only=["st*"])) == [("foo.yaml", ["stub"], [EU, US])]


def test_both_filters_count() -> None:
    assert left(selected(MADE, only=["*app"], to=["us.*"])) == [
        ("foo.yaml", ["app"], [US]),
        ("bar.yaml", ["tool/app"], [US]),
    ]


def test_promoter_manifests_without_an_image_or_a_destination_left_are_dropped() -> None:
    assert left(selected(MADE, to=[EU])) == [("foo.yaml", ["app", "stub"], [EU])]
    assert left(selected(MADE, only=["tool/*"])) == [("bar.yaml", ["tool/app"], [US])]


@pytest.mark.parametrize(("only", "to"), [((), None), (None, ()), (["none"], None), (None, ["none"])])
def test_an_empty_filter_leaves_nothing(only: Sequence[str] | None, to: Sequence[str] | None) -> None:
    assert left(selected(MADE, only=only, to=to)) == []


def test_what_was_found_odd_or_invalid_stays() -> None:
    assert selected(MADE, only=()).problems is MADE.problems
