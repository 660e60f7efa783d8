"""Pairs of repositories, and what is wanted between them."""

import pytest

from cip_async.model.promoter_manifest import PromoterManifest
from cip_async.planning.pairs import totals, wanted_pairs
from tests.unit.planning.samples import EU, STAGING, US, digest, edges, manifest, manifests, pairs


def _edges(*made: PromoterManifest) -> list[tuple[str, str, str, str | None]]:
    return sorted(edge for pair in pairs(*made) for edge in edges(pair))


def _destinations(*made: PromoterManifest) -> list[str]:
    return [str(pair.destination) for pair in pairs(*made)]


def test_every_image_leads_to_every_mirror() -> None:
    made = pairs(manifest(("app", {"a": ["v1"]}), ("foo/bar", {"b": ["v2"]})))

    assert [(str(pair.source), str(pair.destination)) for pair in made] == [
        ("gcr.io/staging/app", "eu.gcr.io/prod/app"),
        ("gcr.io/staging/app", "us.gcr.io/prod/app"),
        ("gcr.io/staging/foo/bar", "eu.gcr.io/prod/foo/bar"),
        ("gcr.io/staging/foo/bar", "us.gcr.io/prod/foo/bar"),
    ]


def test_pairs_carry_the_registry_entries_they_came_from() -> None:
    pair, _ = pairs(manifest(("foo/bar", {"a": ["v1"]})))

    assert (str(pair.source_entry), str(pair.destination_entry)) == (STAGING, EU)


def test_mirrors_share_one_object_that_says_what_is_wanted() -> None:
    eu, us = pairs(manifest(("app", {"a": ["v1"]})))

    assert eu.image is us.image


def test_mirrors_still_share_what_several_promoter_manifests_want_alike() -> None:
    one = manifest(("app", {"a": ["v1"]}))
    other = manifest(("app", {"b": ["v2"]}), path="bar.yaml")
    eu, us = pairs(one, other)

    assert eu.image is us.image


def test_a_stub_leads_nowhere() -> None:
    assert pairs(manifest(("app", {}))) == ()


def test_a_source_without_mirrors_leads_nowhere() -> None:
    assert pairs(manifest(("app", {"a": ["v1"]}), to=[])) == ()


def test_entries_of_one_name_are_united() -> None:
    made = manifest(("app", {"a": ["v1"]}), ("app", {"b": ["v2"]}), to=[EU])

    assert _edges(made) == [
        ("gcr.io/staging/app", "a", "eu.gcr.io/prod/app", "v1"),
        ("gcr.io/staging/app", "b", "eu.gcr.io/prod/app", "v2"),
    ]


def test_an_edge_that_two_promoter_manifests_name_is_one() -> None:
    one = manifest(("app", {"a": ["v1"]}), to=[EU])
    other = manifest(("app", {"a": ["v1", "v2"]}), path="bar.yaml", to=[EU])

    assert _edges(one, other) == [
        ("gcr.io/staging/app", "a", "eu.gcr.io/prod/app", "v1"),
        ("gcr.io/staging/app", "a", "eu.gcr.io/prod/app", "v2"),
    ]


def test_promoter_manifests_of_one_source_do_not_want_anything_for_each_others_mirrors() -> None:
    one = manifest(("app", {"a": ["v1"]}), to=[EU, "asia.gcr.io/prod"])
    other = manifest(("app", {"b": ["v2"]}), path="bar.yaml", to=[EU, US])

    assert _edges(one, other) == [
        ("gcr.io/staging/app", "a", "asia.gcr.io/prod/app", "v1"),
        ("gcr.io/staging/app", "a", "eu.gcr.io/prod/app", "v1"),
        ("gcr.io/staging/app", "b", "eu.gcr.io/prod/app", "v2"),
        ("gcr.io/staging/app", "b", "us.gcr.io/prod/app", "v2"),
    ]


def test_one_repository_is_one_however_it_is_split_into_registry_entry_and_image_name() -> None:
    short = manifest(("kubernetes/pause", {"a": ["v1"]}), to=["eu.gcr.io/prod"])
    long = manifest(("pause", {"a": ["v1"]}), source=f"{STAGING}/kubernetes", to=["eu.gcr.io/prod/kubernetes"])

    (pair,) = pairs(long, short)
    assert list(edges(pair)) == [("gcr.io/staging/kubernetes/pause", "a", "eu.gcr.io/prod/kubernetes/pause", "v1")]
    assert (str(pair.source_entry), str(pair.destination_entry)) == (STAGING, "eu.gcr.io/prod")


def test_one_source_leads_to_two_repositories_of_a_host() -> None:
    made = manifest(("app", {"a": ["v1"]}), to=["eu.gcr.io/prod", "eu.gcr.io/prod/old"])

    assert _destinations(made) == ["eu.gcr.io/prod/app", "eu.gcr.io/prod/old/app"]


def test_two_sources_of_one_mirror_are_two_pairs() -> None:
    one = manifest(("app", {"a": ["v1"]}), to=[EU])
    other = manifest(("app", {"a": ["v1"]}), source="gcr.io/other", to=[EU])

    assert [str(pair.source) for pair in pairs(one, other)] == ["gcr.io/other/app", "gcr.io/staging/app"]


def test_the_order_of_what_was_written_makes_no_difference() -> None:
    images = [("app", {"a": ["v1"]}), ("bar", {"b": ["v2"]})]
    one = manifest(*images, to=[EU, US])
    other = manifest(*images, path="bar.yaml", source="gcr.io/other", to=[EU, US])
    turned = [manifest(*reversed(images), to=[US, EU], source=source) for source in ("gcr.io/other", STAGING)]

    assert [(pair.source, pair.destination) for pair in pairs(one, other)] == [
        (pair.source, pair.destination) for pair in pairs(*turned)
    ]


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (None, ["app", "foo/bar"]),
        ((), []),
        (["app"], ["app"]),
        (["App"], []),
        (["foo/*"], ["foo/bar"]),
        (["*"], ["app", "foo/bar"]),
        (["bar"], []),
        (["a??", "foo/[b]ar"], ["app", "foo/bar"]),
    ],
)
def test_only_leaves_the_image_names_that_match_a_glob(only: list[str] | None, names: list[str]) -> None:
    made = manifests(manifest(("app", {"a": ["v1"]}), ("foo/bar", {"b": ["v2"]}), to=[EU]))

    assert [str(pair.source) for pair in wanted_pairs(made, only=only)] == [f"{STAGING}/{name}" for name in names]


@pytest.mark.parametrize(
    ("to", "mirrors"),
    [
        (None, [EU, US]),
        ((), []),
        (["eu.gcr.io"], [EU]),
        (["us.gcr.io/prod"], [US]),
        (["*.gcr.io"], [EU, US]),
        (["*/prod"], [EU, US]),
        (["prod"], []),
        (["US.gcr.io"], []),
        (["eu*", "us*"], [EU, US]),
    ],
)
def test_to_leaves_the_mirrors_whose_host_or_registry_entry_matches_a_glob(
    to: list[str] | None, mirrors: list[str]
) -> None:
    made = manifests(manifest(("app", {"a": ["v1"]})))

    assert [str(pair.destination_entry) for pair in wanted_pairs(made, to=to)] == mirrors


def test_what_is_filtered_out_is_not_wanted_from_an_image_that_is_left() -> None:
    one = manifest(("app", {"a": ["v1"]}), to=["eu.gcr.io/prod"])
    other = manifest(("prod/app", {"b": ["v2"]}), source="gcr.io/other", to=["eu.gcr.io"])

    (pair,) = wanted_pairs(manifests(one, other), only=["app"])
    assert [want.digest for want in pair.image.wants] == [digest("a")]


def test_totals_count_digests_once_and_edges_for_each_mirror() -> None:
    one = manifest(("app", {"a": ["v1", "v2"], "b": []}), ("app", {"a": ["v1"]}), ("stub", {}))
    other = manifest(("app", {"a": ["v1"]}), path="bar.yaml", source="gcr.io/other", to=[EU])
    counted = totals(manifests(one, other))

    assert (counted.manifests, counted.images, counted.digests, counted.edges) == (2, 4, 2, 7)


def test_totals_count_both_edges_of_a_tag_that_is_wanted_with_two_digests() -> None:
    assert totals(manifests(manifest(("app", {"a": ["v1"], "b": ["v1"]})))).edges == 4
