"""What is wanted twice is wanted once, from the first place that says so."""

from cip_async.model.promoter_manifest import Image, Place, WantedDigest
from cip_async.planning.wants import united
from cip_async.reference import parse_image_name
from tests.unit.planning.samples import Dmap, digest, manifest


def _united(*dmaps: Dmap) -> tuple[WantedDigest, ...]:
    return united(manifest(*(("app", dmap) for dmap in dmaps)).images)


def test_wants_are_sorted_by_digest_and_their_tags_by_name() -> None:
    wants = _united({"b": ["v2", "v1"], "a": ["v3"]})

    assert [(want.digest, want.tags) for want in wants] == [(digest("a"), ("v3",)), (digest("b"), ("v1", "v2"))]


def test_sorted_tags_keep_their_own_places() -> None:
    (want,) = united(manifest(("app", {"a": ["v2", "v1"]})).images)

    assert want.tags == ("v1", "v2")
    assert [place.line - want.place.line for place in want.tag_places] == [2, 1]


def test_tags_of_one_digest_in_several_entries_are_united() -> None:
    (want,) = _united({"a": ["v1"]}, {"a": ["v2"]})

    assert want.tags == ("v1", "v2")


def test_an_edge_that_is_there_twice_keeps_its_first_place() -> None:
    once, twice = _united({"a": ["v1"]}), _united({"a": ["v1"]}, {"a": ["v1"]})

    assert twice == once


def test_a_digest_wanted_with_and_without_tags_makes_two_wants_and_the_tagless_one_is_last() -> None:
    assert [want.tags for want in _united({"a": []}, {"a": ["v1"]}, {"a": []})] == [("v1",), ()]


def test_the_order_of_entries_makes_no_difference() -> None:
    entries = manifest(("app", {"a": ["v1"], "b": []}), ("app", {"a": ["v2", "v1"], "b": ["v3"]})).images

    assert united(entries) == united(reversed(entries))


def test_nothing_is_wanted_of_a_stub() -> None:
    assert united([Image(name=parse_image_name("app"), digests=(), place=Place("foo.yaml", 1, 1))]) == ()
