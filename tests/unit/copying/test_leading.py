"""Who brings a blob to a host, and who waits for it."""

from cip_async.copying.graph import BlobNode, Bring, Mount, State
from cip_async.copying.leading import HostBlobs
from cip_async.reference import Repository
from tests.unit.copying.samples import AT_HOME, EU, EU_OTHER, EU_THIRD, SOURCE, blob


def waiting(repository: Repository) -> BlobNode:
    return BlobNode(repository=repository, source=SOURCE, blob=blob("layer"))


def test_the_first_to_start_leads() -> None:
    on_host, first, second = HostBlobs(), waiting(EU), waiting(EU_OTHER)
    assert on_host.start(first) == Bring(first)
    assert on_host.start(second) is None
    assert (first.state, second.state) == (State.STARTED, State.WAITING)


def test_a_repository_does_not_mount_from_itself() -> None:
    on_host = HostBlobs()
    node = BlobNode(repository=AT_HOME, source=AT_HOME, blob=blob("layer"))
    assert on_host.start(node) == Bring(node)


def test_a_blob_is_mounted_from_a_repository_that_has_it() -> None:
    on_host, first, second = HostBlobs(), waiting(EU), waiting(EU_OTHER)
    on_host.start(first)
    on_host.arrived(first)
    assert on_host.start(second) == Mount(second, EU)


def test_a_repository_that_lost_a_blob_is_not_mounted_from() -> None:
    on_host, first, second = HostBlobs(), waiting(EU), waiting(EU_OTHER)
    on_host.start(first)
    on_host.arrived(first)
    on_host.lost(first)
    assert on_host.start(second) == Bring(second)


def test_another_that_lost_it_does_not_matter() -> None:
    on_host, first, second, third = HostBlobs(), waiting(EU), waiting(EU_OTHER), waiting(EU_THIRD)
    on_host.start(first)
    on_host.arrived(first)
    on_host.arrived(second)
    on_host.lost(second)
    assert on_host.start(third) == Mount(third, EU)


def test_the_failure_of_one_that_does_not_lead_moves_nobody() -> None:
    on_host, leader, follower, other = HostBlobs(), waiting(EU), waiting(EU_OTHER), waiting(EU_THIRD)
    on_host.start(leader)
    on_host.start(follower)
    assert on_host.failed(other) == []
    assert on_host.failed(leader) == [follower]


def test_followers_have_it_from_whoever_got_it_first() -> None:
    on_host, leader, follower, refused = HostBlobs(), waiting(EU), waiting(EU_OTHER), waiting(EU_THIRD)
    on_host.start(leader)
    on_host.start(follower)
    refused.state = State.STARTED
    assert on_host.lead(refused) == Bring(refused)
    assert on_host.arrived(refused) == [Mount(follower, EU_THIRD)]
    assert on_host.arrived(leader) == []
