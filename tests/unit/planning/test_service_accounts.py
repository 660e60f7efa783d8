"""Which account is for which registry entry."""

import attrs
import pytest

from cip_async.model.promoter_manifest import Place, PromoterManifest, PromoterManifests, RegistryEntry
from cip_async.planning.service_accounts import named_accounts
from cip_async.reference import parse_registry_path

ONE, OTHER = "one@example.com", "other@example.com"


def entry(name: str, account: str | None, line: int, *, source: bool = False) -> RegistryEntry:
    return RegistryEntry(
        path=parse_registry_path(name), service_account=account, is_source=source, place=Place("m.yaml", line, 3)
    )


def manifest(*destinations: RegistryEntry, account: str | None = None) -> PromoterManifest:
    source = entry("gcr.io/staging", account, 1, source=True)
    return PromoterManifest(path="m.yaml", source=source, destinations=destinations, images=())


def manifests(*each: PromoterManifest) -> PromoterManifests:
    return PromoterManifests(manifests=each, problems=())


def test_sources_and_destinations_have_accounts() -> None:
    given = manifests(manifest(entry("us.gcr.io/prod", OTHER, 2), entry("eu.gcr.io/prod", None, 3), account=ONE))
    named, problems = named_accounts(given)
    assert {str(path): account for path, account in named.items()} == {"gcr.io/staging": ONE, "us.gcr.io/prod": OTHER}
    assert problems == ()


@pytest.mark.parametrize("order", [1, -1])
def test_one_that_names_an_account_speaks_for_those_that_name_none(order: int) -> None:
    entries = (entry("us.gcr.io/prod", ONE, 2), entry("us.gcr.io/prod", None, 3))[::order]
    named, problems = named_accounts(manifests(*map(manifest, entries)))
    assert list(named.values()) == [ONE]
    assert problems == ()


def test_two_accounts_of_one_entry_are_a_problem_with_both_places() -> None:
    first = entry("us.gcr.io/prod", ONE, 2)
    second = attrs.evolve(first, service_account=OTHER, place=Place("n.yaml", 7, 3))
    _, problems = named_accounts(manifests(manifest(first), manifest(second)))
    assert list(map(str, problems)) == [
        f"n.yaml:7:3: registry us.gcr.io/prod has service account {OTHER} here, and {ONE} at m.yaml:2:3"
    ]
