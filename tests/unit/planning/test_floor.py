"""The fewest requests, from what was learnt of a host."""

from collections.abc import Mapping

import pytest

from cip_async.model.cost import FloorLine
from cip_async.planning.floor import floor
from cip_async.planning.learnt import HostFacts, Learnt, Relayed
from cip_async.reference import Host

HOST = Host("eu.example")


def lines(facts: HostFacts, can: Mapping[str, bool] | None = None) -> dict[str, tuple[int, int]]:
    """Requests and bytes of blobs by class."""
    found = floor([(HOST, facts)], {} if can is None else {HOST: can})
    assert all(line.host == HOST for line in found)
    return {line.request_class: (line.requests, line.blob_bytes) for line in found}


def test_a_run_that_did_nothing_has_no_floor() -> None:
    learnt = Learnt()
    learnt.of(HOST)
    assert floor(learnt, {}) == ()


def test_reads_are_counted_once_each() -> None:
    facts = HostFacts(lists=2, heads=3, documents=4, blobs_read=5, bytes_read=50)
    assert lines(facts) == {"listing": (2, 0), "manifest-head": (3, 0), "manifest-get": (4, 0), "blob-get": (5, 50)}


def test_a_mounted_blob_takes_one_request_and_a_relayed_one_two() -> None:
    facts = HostFacts(mounted=7, first_relays=Relayed(blobs=3, size_bytes=30))
    assert lines(facts) == {"mount": (7, 0), "upload-start": (3, 0), "upload": (3, 30)}


def test_a_mount_that_opened_an_upload_takes_the_place_of_asking_for_one() -> None:
    facts = HostFacts(first_relays=Relayed(blobs=3, size_bytes=30, opened_by_mounts=2))
    assert lines(facts) == {"mount": (2, 0), "upload-start": (1, 0), "upload": (3, 30)}


@pytest.mark.parametrize("can", [{}, {"mounts": False}, {"several-tags": True}])
def test_a_host_that_mounts_nothing_needs_the_bytes_in_each_repository(can: Mapping[str, bool]) -> None:
    facts = HostFacts(
        first_relays=Relayed(blobs=1, size_bytes=10),
        further_relays=Relayed(blobs=2, size_bytes=20, opened_by_mounts=1),
    )
    assert lines(facts, can) == {"mount": (1, 0), "upload-start": (2, 0), "upload": (3, 30)}


def test_a_host_that_mounts_needs_the_bytes_once() -> None:
    facts = HostFacts(
        mounted=4,
        first_relays=Relayed(blobs=1, size_bytes=10),
        further_relays=Relayed(blobs=2, size_bytes=20, opened_by_mounts=1),
    )
    assert lines(facts, {"mounts": True}) == {"mount": (6, 0), "upload-start": (1, 0), "upload": (1, 10)}


@pytest.mark.parametrize(
    ("can", "puts"), [({}, 13), ({"several-tags": False}, 13), ({"several-tags": True}, 3), ({"mounts": True}, 13)]
)
def test_tags_go_together_where_the_host_has_shown_that_it_takes_several(can: Mapping[str, bool], puts: int) -> None:
    facts = HostFacts(untagged=5)
    facts.tagged(2)
    facts.tagged(11)
    assert lines(facts, can) == {"manifest-put": (5, 0), "tag-put": (puts, 0)}


def test_lines_are_sorted_by_host_and_class() -> None:
    other = Host("asia.example")
    facts = HostFacts(lists=1, documents=1)
    assert floor([(HOST, facts), (other, facts)], {}) == (
        FloorLine(host=other, request_class="listing", requests=1),
        FloorLine(host=other, request_class="manifest-get", requests=1),
        FloorLine(host=HOST, request_class="listing", requests=1),
        FloorLine(host=HOST, request_class="manifest-get", requests=1),
    )
