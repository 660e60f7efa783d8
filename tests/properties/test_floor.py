"""The floor, the excess and what is ahead against naive counts, over small universes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from cip_async.copying.graph import BlobKey, BlobNode, Step
from cip_async.copying.placement import Placements
from cip_async.model.cost import FloorLine
from cip_async.model.report import LedgerLine, RequestClass
from cip_async.planning.ahead import ahead
from cip_async.planning.excess import excess
from cip_async.planning.floor import floor
from cip_async.planning.learnt import Learnt
from cip_async.reference import Digest, Host, Repository
from tests.properties import test_placement, test_planning
from tests.properties.test_placement import Universe, World, badly, seeds, well

HOSTS = (Host("eu.gcr.io"), Host("gcr.io"), Host("us.gcr.io"))


class Logged(Placements):
    """Placements that log how blobs came, and what that took."""

    def __init__(self, learnt: Learnt, universe: Universe) -> None:
        super().__init__(
            learnt, mounts_across=lambda one, other: universe.across, validates=lambda host: universe.validates
        )
        self.came: list[tuple[Repository, BlobKey, bool, int]] = []
        """Where to, what, whether by a mount, and of how many bytes."""
        self.sent: Counter[tuple[Host, str]] = Counter()
        self.opened: set[BlobNode] = set()
        self.mounting: set[Host] = set()

    def mounted(self, node: BlobNode) -> list[Step]:
        if node.asked_of is not None and node.asked_of.host == node.repository.host:
            self.mounting.add(node.repository.host)
        self.sent[node.repository.host, "mount"] += 1
        self.came.append((node.repository, node.key, True, node.blob.size_bytes))
        return super().mounted(node)

    def mount_refused(self, node: BlobNode, *, session: bool) -> list[Step]:
        self.sent[node.repository.host, "mount"] += 1
        if session:
            self.opened.add(node)
        return super().mount_refused(node, session=session)

    def uploaded(self, node: BlobNode) -> list[Step]:
        if node not in self.opened:
            self.sent[node.repository.host, "upload-start"] += 1
        self.opened.discard(node)
        self.sent[node.repository.host, "upload"] += 1
        self.came.append((node.repository, node.key, False, node.blob.size_bytes))
        return super().uploaded(node)


def naive(placements: Logged, host: Host) -> tuple[int, int]:
    """Requests and bytes, blob by blob in the order they came: each counts once for a repository."""
    requests = size_bytes = 0
    seen: set[tuple[Repository, BlobKey]] = set()
    on_host: set[BlobKey] = set()
    for repository, key, by_mount, blob_bytes in placements.came:
        if repository.host != host:
            continue
        if (repository, key) not in seen:
            seen.add((repository, key))
            if by_mount or (key in on_host and host in placements.mounting):
                requests += 1
            else:
                requests += 2
                size_bytes += blob_bytes
        on_host.add(key)
    return requests, size_bytes


def played(universe: Universe, seed: int) -> tuple[Learnt, Logged]:
    learnt = Learnt()
    world = World(universe, Random(seed))
    world.placements = placements = Logged(learnt, universe)
    world.run()
    return learnt, placements


def of_blobs(lines: Iterable[FloorLine], host: Host) -> tuple[int, int]:
    mine = [line for line in lines if line.host == host]
    return sum(line.requests for line in mine), sum(line.blob_bytes for line in mine)


def can(placements: Logged) -> Mapping[Host, Mapping[str, bool]]:
    return {host: {"mounts": host in placements.mounting} for host in HOSTS}


@settings(max_examples=300)
@given(test_placement.universes(well), seeds)
def test_the_floor_of_blobs_is_that_of_a_naive_count(universe: Universe, seed: int) -> None:
    learnt, placements = played(universe, seed)
    found = floor(learnt, can(placements))
    for host in HOSTS:
        assert of_blobs(found, host) == naive(placements, host)


@settings(max_examples=300)
@given(test_placement.universes(badly), seeds)
def test_the_floor_is_never_above_what_was_spent_whatever_fails(universe: Universe, seed: int) -> None:
    learnt, placements = played(universe, seed)
    spent = Counter(host for host, _ in placements.sent.elements())
    for host in HOSTS:
        assert of_blobs(floor(learnt, can(placements)), host)[0] <= spent[host]


@given(test_planning.universes(), st.sets(st.sampled_from(["eu.gcr.io", "us.gcr.io"])))
def test_what_is_ahead_is_that_of_a_naive_count(universe: test_planning.Universe, single: set[str]) -> None:
    plans = test_planning.planned(*universe)
    reads: set[tuple[Repository, Digest]] = set()
    puts: Counter[tuple[str, str]] = Counter()
    for plan in plans:
        host = plan.pair.destination.host
        with_tags = {each.digest for each in plan.promotions if each.tags}
        for each in plan.promotions:
            reads.add((plan.pair.source if each.in_source else plan.pair.destination, each.digest))
            puts[host, "tag-put"] += len(each.tags) if host in single else bool(each.tags)
            puts[host, "manifest-put"] += each.digest not in with_tags

    found = {
        (line.host, line.request_class): line.requests for line in ahead(plans, Learnt(), lambda host: host in single)
    }

    of_hosts = Counter((repository.host, "manifest-get") for repository, _ in reads)
    assert found == {key: number for key, number in (of_hosts | +puts).items() if number}


lines = st.builds(
    LedgerLine,
    host=st.sampled_from(HOSTS),
    request_class=st.sampled_from([each.value for each in RequestClass]),
    method=st.just("ANY"),
    status=st.sampled_from([0, 200, 201, 202, 206, 307, 400, 401, 403, 404, 405, 408, 429, 500, 503]),
    requests=st.integers(1, 9),
    retries=st.integers(0, 9),
    sent_bytes=st.just(0),
    received_bytes=st.just(0),
)


@given(st.lists(lines), st.data())
def test_the_causes_add_up_to_what_went_beyond_the_floor(ledger: list[LedgerLine], data: st.DataObject) -> None:
    spent: Counter[tuple[Host, str]] = Counter()
    for line in ledger:
        spent[line.host, line.request_class] += line.requests
    least = [
        FloorLine(host=host, request_class=request_class, requests=data.draw(st.integers(1, number)))
        for (host, request_class), number in sorted(spent.items())
        if data.draw(st.booleans())
    ]
    found = excess(ledger, least)
    assert all(line.requests > 0 for line in found)
    for host in HOSTS:
        beyond = sum(number for (where, _), number in spent.items() if where == host)
        beyond -= sum(line.requests for line in least if line.host == host)
        assert sum(line.requests for line in found if line.host == host) == beyond
