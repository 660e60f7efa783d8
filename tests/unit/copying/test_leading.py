"""Who brings a blob to a host, and who waits for it."""

import pytest

from cip_async.copying.graph import BlobNode, Bring, Mount, State
from cip_async.copying.leading import HostBlobs
from cip_async.reference import Repository
from tests.unit.copying.samples import AT_HOME, EU, EU_OTHER, EU_THIRD, SOURCE, blob


def host_blobs() -> HostBlobs:
    return HostBlobs(lambda one, other: False)


def waiting(repository: Repository, name: str = "layer") -> BlobNode:
    return BlobNode(repository=repository, source=SOURCE, blob=blob(name))


def test_the_first_to_start_leads() -> None:
    on_host, first, second = host_blobs(), waiting(EU), waiting(EU_OTHER)
    assert on_host.start(first) == Bring(first)
    assert on_host.start(second) is None
    assert (first.state, second.state) == (State.STARTED, State.WAITING)


def test_a_repository_does_not_mount_from_itself() -> None:
    on_host = host_blobs()
    node = BlobNode(repository=AT_HOME, source=AT_HOME, blob=blob("layer"))
    assert on_host.start(node) == Bring(node)


def test_a_blob_is_mounted_from_a_repository_that_has_it() -> None:
    on_host, first, second = host_blobs(), waiting(EU), waiting(EU_OTHER)
    on_host.start(first)
    on_host.arrived(first)
    assert on_host.start(second) == Mount(second, EU)


def test_a_repository_that_lost_a_blob_is_not_mounted_from() -> None:
    on_host, first, second = host_blobs(), waiting(EU), waiting(EU_OTHER)
    on_host.start(first)
    on_host.arrived(first)
    on_host.lost(first)
    assert on_host.start(second) == Bring(second)


def test_another_that_lost_it_does_not_matter() -> None:
    on_host, first, second, third = host_blobs(), waiting(EU), waiting(EU_OTHER), waiting(EU_THIRD)
    on_host.start(first)
    on_host.arrived(first)
    on_host.arrived(second)
    on_host.lost(second)
    assert on_host.start(third) == Mount(third, EU)


def test_the_failure_of_one_that_does_not_lead_moves_nobody() -> None:
    on_host, leader, follower, other = host_blobs(), waiting(EU), waiting(EU_OTHER), waiting(EU_THIRD)
    on_host.start(leader)
    on_host.start(follower)
    assert on_host.failed(other) == []
    assert on_host.failed(leader) == [follower]


def test_followers_have_it_from_whoever_got_it_first() -> None:
    on_host, leader, follower, refused = host_blobs(), waiting(EU), waiting(EU_OTHER), waiting(EU_THIRD)
    on_host.start(leader)
    on_host.start(follower)
    refused.state = State.STARTED
    assert on_host.lead(refused) == Bring(refused)
    assert on_host.arrived(refused) == [Mount(follower, EU_THIRD)]
    assert on_host.arrived(leader) == []


def across() -> HostBlobs:
    return HostBlobs(lambda one, other: True)


def test_a_leader_tries_the_other_host_and_the_others_wait_for_it() -> None:
    on_host, first, second = across(), waiting(EU), waiting(EU_OTHER)
    assert on_host.start(first) == Mount(first, SOURCE)
    assert on_host.start(second) is None
    on_host.mounted(first)
    assert on_host.arrived(first) == [Mount(second, EU)]


def test_a_leader_whose_mount_from_another_host_is_refused_brings_the_bytes() -> None:
    on_host, first, second = across(), waiting(EU), waiting(EU_OTHER)
    on_host.start(first)
    on_host.start(second)
    on_host.refused(first, session=True)
    assert on_host.lead(first) == Bring(first)
    assert on_host.arrived(first) == [Mount(second, EU)]


def test_a_follower_that_takes_over_tries_the_other_host_too() -> None:
    on_host, first, second = across(), waiting(EU), waiting(EU_OTHER)
    on_host.start(first)
    on_host.start(second)
    assert [on_host.lead(each) for each in on_host.failed(first)] == [Mount(second, SOURCE)]


@pytest.mark.parametrize("session", [True, False])
def test_after_three_refusals_and_no_success_the_other_host_is_not_tried_again(session: bool) -> None:
    on_host = across()
    nodes = [waiting(EU, str(number)) for number in range(5)]
    steps = [on_host.start(node) for node in nodes[:4]]
    assert steps == [Mount(node, SOURCE) for node in nodes[:4]]
    for node in nodes[:3]:
        assert on_host.is_worth_asking(nodes[3])
        on_host.refused(node, session=session)
    assert not on_host.is_worth_asking(nodes[3])
    assert on_host.start(nodes[4]) == Bring(nodes[4])


def test_one_success_keeps_the_other_host_worth_trying() -> None:
    on_host = across()
    nodes = [waiting(EU, str(number)) for number in range(9)]
    on_host.start(nodes[0])
    on_host.mounted(nodes[0])
    for node in nodes[1:8]:
        on_host.start(node)
        on_host.refused(node, session=False)
    assert on_host.start(nodes[8]) == Mount(nodes[8], SOURCE)


def test_refusals_of_mounts_from_other_hosts_say_nothing_of_those_within() -> None:
    on_host = across()
    for number in range(3):
        node = waiting(EU, str(number))
        on_host.start(node)
        on_host.refused(node, session=False)
    first, second = waiting(EU), waiting(EU_OTHER)
    assert on_host.start(first) == Bring(first)
    assert on_host.start(second) is None
    assert on_host.arrived(first) == [Mount(second, EU)]


def test_a_leader_tries_where_the_blob_probably_is_and_only_once() -> None:
    on_host, first, second = host_blobs(), waiting(EU), waiting(EU_OTHER)
    on_host.probably_in(EU_THIRD, first.key)
    assert on_host.start(first) == Mount(first, EU_THIRD)
    assert on_host.start(second) is None
    on_host.refused(first, session=True)
    assert on_host.lead(first) == Bring(first)
    assert [on_host.lead(each) for each in on_host.failed(first)] == [Bring(second)]


def test_nobody_mounts_a_blob_from_where_it_is_wanted() -> None:
    on_host, node = host_blobs(), waiting(EU)
    on_host.probably_in(EU, node.key)
    assert on_host.start(node) == Bring(node)
