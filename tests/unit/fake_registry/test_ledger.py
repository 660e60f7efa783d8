"""The ledger of requests."""

import pytest

from cip_async.fake_registry.calls import CallClass, parse_call
from cip_async.fake_registry.ledger import Collision, Entry, Ledger


def answered(ledger: Ledger, method: str, target: str, status: int = 200) -> Entry:
    entry = ledger.open(parse_call(method, target), "bearer")
    entry.status = status
    ledger.close(entry)
    return entry


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    answered(ledger, "GET", "/v2/a/manifests/v1")
    answered(ledger, "PUT", "/v2/a/manifests/v1", 201)
    answered(ledger, "GET", "/v2/b/tags/list?n=5&last=x", 404)
    return ledger


@pytest.mark.parametrize(
    ("properties", "count"),
    [
        ({}, 3),
        ({"method": "GET"}, 2),
        ({"repository": "a"}, 2),
        ({"reference": "v1"}, 2),
        ({"call_class": CallClass.TAGS}, 1),
        ({"call_class": "tags"}, 1),
        ({"status": 404, "repository": "a"}, 0),
        ({"path": "/v2/b/tags/list"}, 1),
    ],
)
def test_requests_are_found_by_any_of_their_properties(ledger: Ledger, properties: dict[str, str], count: int) -> None:
    assert ledger.count(**properties) == count  # type: ignore[arg-type]


def test_requests_are_kept_in_the_order_of_their_arrival(ledger: Ledger) -> None:
    assert [(entry.number, entry.method) for entry in ledger.entries] == [(1, "GET"), (2, "PUT"), (3, "GET")]


def test_writes_are_those_that_may_change_content(ledger: Ledger) -> None:
    assert [entry.call_class for entry in ledger.writes()] == [CallClass.TAG_PUT]


def test_totals_count_answers_by_method_class_and_status(ledger: Ledger) -> None:
    answered(ledger, "GET", "/v2/a/manifests/v1")
    assert ledger.totals["GET", CallClass.MANIFEST_GET, 200] == 2


def test_an_entry_knows_path_and_query(ledger: Ledger) -> None:
    last = ledger.entries[-1]
    assert (last.path, last.query_keys) == ("/v2/b/tags/list", ("n", "last"))
    assert ledger.entries[0].query_keys == ()


def test_without_entries_it_still_counts() -> None:
    ledger = Ledger(keeps_entries=False)
    answered(ledger, "GET", "/v2/")
    assert ledger.entries == []
    assert ledger.totals.total() == 1


def test_the_most_requests_at_a_time_are_remembered() -> None:
    ledger = Ledger()
    first, second = (ledger.open(parse_call("GET", "/v2/"), "") for _ in range(2))
    ledger.close(first)
    ledger.close(second)
    answered(ledger, "GET", "/v2/")
    assert (ledger.in_flight, ledger.most_in_flight) == (0, 2)


def test_two_writes_of_one_content_into_one_repository_at_a_time_collide() -> None:
    ledger = Ledger()
    for repository, digest in [("a", "d1"), ("a", "d2"), ("b", "d1")]:
        ledger.begin_write(repository, digest)
    assert ledger.collisions == []
    ledger.begin_write("a", "d1")
    assert ledger.collisions == [Collision("a", "d1")]


def test_two_writes_one_after_the_other_do_not_collide() -> None:
    ledger = Ledger()
    for _ in range(2):
        ledger.begin_write("a", "d")
        ledger.end_write("a", "d")
    assert ledger.collisions == []


def test_clearing_forgets_what_was_and_not_what_is_under_way(ledger: Ledger) -> None:
    under_way = ledger.open(parse_call("GET", "/v2/"), "")
    ledger.clear()
    assert (ledger.entries, ledger.totals, ledger.most_in_flight) == ([], {}, 1)
    ledger.close(under_way)
    assert ledger.in_flight == 0
