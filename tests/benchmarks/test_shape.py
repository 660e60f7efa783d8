"""Promoter manifests in the shape of a large project's, for tests and benchmarks."""

import os
from collections import Counter
from pathlib import Path

import attrs
import pytest

from benchmarks._shape import REGIONS, corrected_copy, like_kubernetes, like_kubernetes_of_2020, scaled, write
from cip_async.manifests.tree import load_manifests, read_manifests
from cip_async.model.promoter_manifest import PromoterManifests, Totals
from cip_async.planning.overlaps import overlaps
from cip_async.planning.pairs import totals, wanted_pairs
from cip_async.reference import Digest

WHOLE = Totals(manifests=74, images=808, digests=19_501, edges=707_520)
REAL = Path(os.environ.get("CIP_REAL_MANIFESTS", "")) / "kubernetes-2024-04"
needs_real = pytest.mark.skipif(
    "CIP_REAL_MANIFESTS" not in os.environ,
    reason="CIP_REAL_MANIFESTS does not point to the thin manifests of github.com/kubernetes/k8s.io",
)


def _size(manifests: PromoterManifests) -> tuple[int, int, int]:
    """Destination entries, source repositories, pairs of repositories."""
    entries = {entry.path for one in manifests.manifests for entry in one.destinations}
    pairs = wanted_pairs(manifests)
    return len(entries), len({pair.source for pair in pairs}), len(pairs)


def _uses(manifests: PromoterManifests) -> Counter[Digest]:
    return Counter(want.digest for one in manifests.manifests for image in one.images for want in image.digests)


def test_the_set_that_is_made_is_as_large_as_the_real_one() -> None:
    made = like_kubernetes()

    assert totals(made) == WHOLE
    assert _size(made) == (1_672, 384, 9_746)
    assert sum(number == 2 for number in _uses(made).values()) == 58


@needs_real
def test_the_corrected_copy_of_the_real_set_is_as_large_as_the_one_that_is_made(tmp_path: Path) -> None:
    corrected_copy(REAL, tmp_path)
    real = load_manifests(thin_manifest_dir=tmp_path)

    assert totals(real) == WHOLE
    assert _size(real) == _size(like_kubernetes())
    assert sorted(_uses(real).values()) == sorted(_uses(like_kubernetes()).values())


@needs_real
def test_the_corrected_copy_has_no_overlap_left(tmp_path: Path) -> None:
    corrected_copy(REAL, tmp_path)

    assert overlaps(wanted_pairs(load_manifests(thin_manifest_dir=tmp_path))) == ()


def test_the_smaller_set_is_as_large_as_that_of_2020() -> None:
    made = like_kubernetes_of_2020()

    assert totals(made) == Totals(manifests=47, images=153, digests=869, edges=4_014)
    assert overlaps(wanted_pairs(made)) == ()


@needs_real
def test_the_set_of_2020_is_as_large_as_the_one_that_is_made() -> None:
    real = read_manifests(thin_manifest_dir=REAL.with_name("kubernetes-2020-08"))

    assert totals(real) == totals(like_kubernetes_of_2020())


def test_no_tag_is_wanted_with_two_digests() -> None:
    assert overlaps(wanted_pairs(like_kubernetes())) == ()


def test_digests_follow_from_the_seed_and_their_number_does_not() -> None:
    assert _uses(like_kubernetes(seed=1)) == _uses(like_kubernetes(seed=1))
    assert not _uses(like_kubernetes(seed=1)).keys() & _uses(like_kubernetes(seed=2)).keys()
    assert totals(like_kubernetes(seed=2)) == WHOLE


def test_fewer_regions_make_fewer_edges_of_the_same_digests() -> None:
    made = totals(like_kubernetes(regions=REGIONS[:1]))

    assert made == attrs.evolve(WHOLE, edges=WHOLE.edges // len(REGIONS))


def test_a_scaled_set_keeps_every_repository_and_all_sharing() -> None:
    whole, small = like_kubernetes(), scaled(like_kubernetes(), 0.001)

    assert _size(small) == _size(whole)
    assert totals(small).digests < 500
    assert {digest for digest, number in _uses(small).items() if number == 2} == {
        digest for digest, number in _uses(whole).items() if number == 2
    }


def test_a_set_scaled_to_one_is_the_whole_set() -> None:
    assert scaled(like_kubernetes(), 1.0).manifests == like_kubernetes().manifests


def test_what_is_written_loads_as_what_was_made(tmp_path: Path) -> None:
    made = scaled(like_kubernetes(), 0.001)
    write(made, tmp_path)
    loaded = load_manifests(thin_manifest_dir=tmp_path, strict=True)

    assert totals(loaded) == totals(made)
    assert _uses(loaded) == _uses(made)
    assert [(pair.source, pair.destination, pair.image.by_tag) for pair in wanted_pairs(loaded)] == [
        (pair.source, pair.destination, pair.image.by_tag) for pair in wanted_pairs(made)
    ]
