"""Repositories belong to the registry entry with the longest path."""

import pytest

from cip_async.reference import Host, parse_registry_path, parse_repository
from cip_async.registry.credentials.entries import EntryMap

ENTRIES = ("gcr.io/a", "gcr.io/a/b", "eu.gcr.io", "eu.gcr.io/a", "localhost:5000/a")


@pytest.fixture
def entries() -> EntryMap[str]:
    found: EntryMap[str] = EntryMap()
    for name in ENTRIES:
        found.put(parse_registry_path(name), name)
    return found


@pytest.mark.parametrize(
    ("repository", "entry"),
    [
        ("gcr.io/a", "gcr.io/a"),
        ("gcr.io/a/x", "gcr.io/a"),
        ("gcr.io/a/b", "gcr.io/a/b"),
        ("gcr.io/a/b/c/d", "gcr.io/a/b"),
        ("gcr.io/a/bc", "gcr.io/a"),
        ("gcr.io/ab", None),
        ("gcr.io/b/a", None),
        ("us.gcr.io/a", None),
        ("eu.gcr.io/x", "eu.gcr.io"),
        ("eu.gcr.io/a/x", "eu.gcr.io/a"),
        ("localhost:5000/a/b", "localhost:5000/a"),
        ("localhost:5001/a/b", None),
    ],
)
def test_the_longest_path_counts(entries: EntryMap[str], repository: str, entry: str | None) -> None:
    parsed = parse_repository(repository)
    found = entries.of(parsed.host, parsed)
    assert found == (None if entry is None else (parse_registry_path(entry), entry))


def test_what_is_about_a_host_belongs_to_the_entry_that_is_all_of_it(entries: EntryMap[str]) -> None:
    assert entries.of(Host("gcr.io"), None) is None
    assert entries.of(Host("eu.gcr.io"), None) == (parse_registry_path("eu.gcr.io"), "eu.gcr.io")


def test_the_last_value_counts(entries: EntryMap[str]) -> None:
    entries.put(parse_registry_path("gcr.io/a"), "other")
    parsed = parse_repository("gcr.io/a/x")
    assert entries.of(parsed.host, parsed) == (parse_registry_path("gcr.io/a"), "other")


def test_an_entry_that_comes_later_counts_for_repositories_that_were_asked_for_before(entries: EntryMap[str]) -> None:
    repository = parse_repository("gcr.io/a/late/x")
    before = entries.of(repository.host, repository)
    entries.put(parse_registry_path("gcr.io/a/late"), "gcr.io/a/late")
    after = entries.of(repository.host, repository)
    assert [found and found[1] for found in (before, after)] == ["gcr.io/a", "gcr.io/a/late"]
