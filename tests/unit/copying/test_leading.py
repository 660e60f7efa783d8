"""Who brings a blob to a host, and who waits for it."""

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
    on_host.failed_across(first)
    on_host.answered(first)
    assert on_host.lead(first) == Bring(first)
    assert [on_host.lead(each) for each in on_host.failed(first)] == [Mount(second, SOURCE)]


def refuse(on_host: HostBlobs, node: BlobNode, *, session: bool = True) -> list[Mount | Bring]:
    on_host.refused(node, session=session)
    return on_host.answered(node)


def test_the_first_finds_out_whether_the_other_host_is_worth_asking_and_all_others_wait() -> None:
    on_host = across()
    first, *others = (waiting(EU, str(number)) for number in range(3))
    assert on_host.start(first) == Mount(first, SOURCE)
    assert [on_host.start(node) for node in others] == [None, None]
    on_host.mounted(first)
    assert on_host.answered(first) == [Mount(node, SOURCE) for node in others]
    assert on_host.answered(first) == []


def test_after_three_that_opened_an_upload_and_no_success_the_other_host_is_not_tried_again() -> None:
    on_host = across()
    nodes = [waiting(EU, str(number)) for number in range(5)]
    assert [on_host.start(node) for node in nodes[:4]] == [Mount(nodes[0], SOURCE), None, None, None]
    assert refuse(on_host, nodes[0]) == [Mount(node, SOURCE) for node in nodes[1:4]]
    for node in nodes[1:3]:
        assert on_host.is_worth_asking(nodes[3])
        assert refuse(on_host, node) == []
    assert not on_host.is_worth_asking(nodes[3])
    assert on_host.start(nodes[4]) == Bring(nodes[4])


def test_a_host_that_turns_down_the_first_is_not_tried_again() -> None:
    on_host = across()
    nodes = [waiting(EU, str(number)) for number in range(3)]
    assert [on_host.start(node) for node in nodes[:2]] == [Mount(nodes[0], SOURCE), None]
    assert refuse(on_host, nodes[0], session=False) == [Bring(nodes[1])]
    assert on_host.start(nodes[2]) == Bring(nodes[2])


def test_a_host_that_fails_is_tried_three_times() -> None:
    on_host = across()
    nodes = [waiting(EU, str(number)) for number in range(4)]
    for node in nodes[:3]:
        assert on_host.start(node) == Mount(node, SOURCE)
        on_host.failed_across(node)
        assert on_host.answered(node) == []
    assert on_host.start(nodes[3]) == Bring(nodes[3])


def test_one_success_keeps_the_other_host_worth_trying() -> None:
    on_host = across()
    nodes = [waiting(EU, str(number)) for number in range(9)]
    on_host.start(nodes[0])
    on_host.mounted(nodes[0])
    on_host.answered(nodes[0])
    for node in nodes[1:8]:
        on_host.start(node)
        on_host.refused(node, session=False)
    assert on_host.start(nodes[8]) == Mount(nodes[8], SOURCE)


def test_refusals_of_mounts_from_other_hosts_say_nothing_of_those_within() -> None:
    on_host = across()
    denied = waiting(EU, "denied")
    on_host.start(denied)
    refuse(on_host, denied, session=False)
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
