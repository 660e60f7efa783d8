"""How much is left when the tags in overlaps are left out."""

from cip_async.model.promoter_manifest import PromoterManifest
from cip_async.planning.overlaps import overlaps
from cip_async.planning.pairs import totals, wanted_pairs
from cip_async.planning.remainder import remainder
from tests.unit.planning.samples import EU, US, manifest, manifests


def left(*made: PromoterManifest) -> tuple[int, int]:
    """Digests and edges."""
    together = manifests(*made)
    pairs = wanted_pairs(together)
    found = remainder(totals(together), pairs, overlaps(pairs))
    assert (found.manifests, found.images) == (len(made), sum(len(each.images) for each in made))
    return found.digests, found.edges


def test_without_overlaps_everything_is_left() -> None:
    assert left(manifest(("app", {"a": ["v1", "v2"], "b": []}))) == (2, 6)


def test_a_tag_that_is_wanted_twice_is_left_out_with_both_digests() -> None:
    assert left(manifest(("app", {"a": ["v1"], "b": ["v1"], "c": ["v2"]}))) == (1, 2)


def test_a_digest_keeps_its_other_tags() -> None:
    assert left(manifest(("app", {"a": ["v1", "v2"], "b": ["v1"]}))) == (1, 2)


def test_a_digest_that_is_wanted_without_a_tag_too_stays() -> None:
    assert left(manifest(("app", {"a": ["v1"], "b": ["v1"]}), ("app", {"a": ()}), to=[EU])) == (1, 1)


def test_an_overlap_in_one_mirror_leaves_the_others_alone() -> None:
    one = manifest(("app", {"a": ["v1"]}), path="a.yaml", source="gcr.io/one", to=[EU, US])
    other = manifest(("app", {"b": ["v1"]}), path="b.yaml", source="gcr.io/other", to=[EU])
    assert left(one, other) == (1, 1)


def test_a_digest_that_is_left_anywhere_counts() -> None:
    overlapping = ("app", {"a": ["v1"], "b": ["v1"]})
    assert left(manifest(overlapping, ("tool", {"a": ["v1"]}), to=[EU])) == (1, 1)
