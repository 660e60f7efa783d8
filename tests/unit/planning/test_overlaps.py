"""One destination tag wanted with two digests: found before any registry is asked, and told once."""

import pytest

from cip_async.model.plan import Overlap
from cip_async.model.promoter_manifest import PromoterManifest
from cip_async.planning.overlaps import overlapping, overlaps
from cip_async.reference import parse_repository, parse_tag
from tests.unit.planning.samples import EU, US, digest, manifest, pairs


def _overlaps(*made: PromoterManifest) -> tuple[Overlap, ...]:
    return overlaps(pairs(*made))


def _told(found: tuple[Overlap, ...]) -> list[tuple[str, str, str, list[str]]]:
    return [(each.tag, each.first[-1], each.second[-1], [str(one) for one in each.destinations]) for each in found]


def test_nothing_overlaps_where_each_tag_has_one_digest() -> None:
    assert _overlaps(manifest(("app", {"a": ["v1", "v2"], "b": ["v3"]}), ("bar", {"b": ["v1"]}))) == ()


def test_a_tag_that_one_image_wants_with_two_digests_is_told_once_for_all_mirrors() -> None:
    made = manifest(("app", {"a": ["v1"], "b": ["v1", "v2"]}))

    assert _told(_overlaps(made)) == [("v1", "a", "b", ["eu.gcr.io/prod/app", "us.gcr.io/prod/app"])]


def test_an_overlap_names_both_places_in_the_order_of_the_file() -> None:
    made = manifest(("app", {"b": ["v1"], "a": ["v1"]}))
    (found,) = _overlaps(made)
    first, second = made.images[0].digests

    assert (found.first, found.first_place) == (digest("b"), first.tag_places[0])
    assert (found.second, found.second_place) == (digest("a"), second.tag_places[0])


def test_entries_of_one_name_overlap() -> None:
    assert _told(_overlaps(manifest(("app", {"a": ["v1"]}), ("app", {"b": ["v1"]}), to=[EU]))) == [
        ("v1", "a", "b", ["eu.gcr.io/prod/app"])
    ]


def test_two_sources_that_want_one_mirror_overlap_only_there() -> None:
    one = manifest(("app", {"a": ["v1"]}), path="a.yaml", to=[EU, US])
    other = manifest(("app", {"b": ["v1"]}), path="b.yaml", source="gcr.io/other", to=[US])

    assert _told(_overlaps(one, other)) == [("v1", "a", "b", ["us.gcr.io/prod/app"])]


def test_two_sources_that_want_the_same_digest_do_not_overlap() -> None:
    one = manifest(("app", {"a": ["v1"]}))
    other = manifest(("app", {"a": ["v1"]}), source="gcr.io/other")

    assert _overlaps(one, other) == ()


def test_the_full_path_decides_however_it_is_split() -> None:
    short = manifest(("kubernetes/pause", {"a": ["v1"]}), path="a.yaml", to=["eu.gcr.io/prod"])
    long = manifest(("pause", {"b": ["v1"]}), path="b.yaml", source="gcr.io/other", to=["eu.gcr.io/prod/kubernetes"])

    assert _told(_overlaps(short, long)) == [("v1", "a", "b", ["eu.gcr.io/prod/kubernetes/pause"])]


def test_the_same_image_name_in_another_registry_entry_does_not_overlap() -> None:
    one = manifest(("pause", {"a": ["v1"]}), to=["eu.gcr.io/prod"])
    other = manifest(("pause", {"b": ["v1"]}), to=["eu.gcr.io/prod/kubernetes"])

    assert _overlaps(one, other) == ()


def test_a_digest_without_a_tag_overlaps_with_nothing() -> None:
    assert _overlaps(manifest(("app", {"a": [], "b": []}))) == ()


def test_each_digest_after_the_first_is_told() -> None:
    made = manifest(("app", {"a": ["v1"], "b": ["v1"], "c": ["v1"]}), to=[EU])

    assert [(first, second) for _, first, second, _ in _told(_overlaps(made))] == [("a", "b"), ("a", "c")]


def test_a_claim_that_is_written_twice_is_told_once() -> None:
    made = manifest(("app", {"a": ["v1"]}), ("app", {"b": ["v1"]}), ("app", {"a": ["v1"], "b": ["v1"]}), to=[EU])

    assert len(_overlaps(made)) == 1


@pytest.mark.parametrize(("one", "other"), [("a.yaml", "z.yaml"), ("z.yaml", "a.yaml")])
def test_of_several_sources_that_want_the_same_the_first_place_is_told(one: str, other: str) -> None:
    (found,) = _overlaps(
        manifest(("app", {"a": ["v1"]}), path=one, source="gcr.io/a", to=[EU]),
        manifest(("app", {"a": ["v1"]}), path=other, source="gcr.io/b", to=[EU]),
        manifest(("app", {"b": ["v1"]}), path="b.yaml", source="gcr.io/c", to=[EU]),
    )

    assert (found.first_place.path, found.second_place.path) == ("a.yaml", "b.yaml")


def test_destinations_are_sorted_whatever_the_order_of_pairs() -> None:
    made = pairs(manifest(("app", {"a": ["v1"], "b": ["v1"]})))

    assert _told(overlaps(reversed(made))) == [("v1", "a", "b", ["eu.gcr.io/prod/app", "us.gcr.io/prod/app"])]


def test_overlaps_are_sorted_by_place() -> None:
    made = manifest(("foo", {"a": ["v1"], "b": ["v1"]}), ("app", {"c": ["v9", "v2"], "d": ["v2", "v9"]}))

    assert [each.tag for each in _overlaps(made)] == ["v1", "v2", "v9"]


def test_it_can_be_asked_which_tags_of_a_destination_overlap() -> None:
    found = _overlaps(manifest(("app", {"a": ["v1", "v2"], "b": ["v1", "v3"]}), to=[EU]))

    assert overlapping(found) == {parse_repository("eu.gcr.io/prod/app"): {parse_tag("v1"): found[0]}}


def test_a_tag_wanted_with_three_digests_overlaps_once_for_whoever_asks() -> None:
    found = _overlaps(manifest(("app", {"a": ["v1"], "b": ["v1"], "c": ["v1"]}), to=[EU]))

    assert overlapping(found)[parse_repository("eu.gcr.io/prod/app")] == {parse_tag("v1"): found[0]}
