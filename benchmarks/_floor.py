"""The fewest requests that a promotion can do with, from what it consists of alone; pure.

Nothing of the promoter's own reckoning is used. One listing of each mirror's repository, and of staging's where several
images are lacking, since reading a single one tells as much; each image manifest that has to be written is read once,
and each blob that is on no host of a mirror; one request for each blob that a repository lacks, two where its host
lacks it; one PUT for each child and each tag.
"""

from collections import Counter
from typing import Final

from benchmarks._release import Release, Wanted
from benchmarks._scenario import Held, Places, Scenario
from cip_async.fake_registry.calls import CallClass
from cip_async.reference import Digest, RegistryPath

Requests = Counter[tuple[str, CallClass]]
"""How many requests of each class go to each host."""

_WRITES: Final = frozenset(
    {CallClass.MOUNT, CallClass.UPLOAD_START, CallClass.UPLOAD, CallClass.MANIFEST_PUT, CallClass.TAG_PUT}
)


def floor(made: Release) -> Requests:
    """The fewest requests for `made`."""
    requests: Requests = Counter()
    for path in (*made.mirrors, *made.full_mirrors):
        requests[path.host, CallClass.TAGS] += len(made.by_name)
    if made.scenario.held is Held.EVERYTHING:
        return requests
    source = made.source.host
    requests[source, CallClass.TAGS] += _source_listings(made)
    requests[source, CallClass.MANIFEST_GET] += len(_documents(made))
    if _is_relayed(made.scenario):
        requests[source, CallClass.BLOB_GET] += len(_blobs(made.wanted))
    for mirror in made.mirrors:
        requests += _writes(made, mirror)
    return requests


def by_class(requests: Requests) -> dict[CallClass, int]:
    """How many requests there are of each class, to all hosts."""
    totals: Counter[CallClass] = Counter()
    for (_, call_class), number in requests.items():
        totals[call_class] += number
    return dict(sorted(totals.items()))


def blob_bytes(made: Release) -> tuple[int, int]:
    """The bytes of blobs that must be read, and that must be sent."""
    if not _is_relayed(made.scenario):
        return 0, 0
    once = sum(_blobs(made.wanted).values())
    return once, once * len(made.mirrors)


def quota_seconds(made: Release) -> float:
    """How long the quotas let the fewest requests take: the busiest host's reads or writes, whichever last longer."""
    if made.scenario.per_second is None:
        return 0.0
    by_quota: Counter[tuple[str, bool]] = Counter()
    for (host, call_class), number in floor(made).items():
        by_quota[host, call_class in _WRITES] += number
    return max(by_quota.values()) / made.scenario.per_second


def in_flight_seconds(made: Release) -> float:
    """How long latency lets the fewest requests take, with as many in flight to the busiest host as are allowed."""
    by_host: Counter[str] = Counter()
    for (host, _), number in floor(made).items():
        by_host[host] += number
    return max(by_host.values()) * made.scenario.latency_ms / 1000 / made.scenario.in_flight


def round_trips(made: Release) -> int:
    """Requests that have to wait for each other, one after the other.

    The listings of mirrors, then of staging where that is listed; the index and its images; a blob, which is begun and
    then sent if it is not mounted; the images, then what has the tag.
    """
    scenario = made.scenario
    if scenario.held is Held.EVERYTHING:
        return 1
    listings = 2 if _source_listings(made) else 1
    if scenario.held is Held.UNTAGGED:
        return listings + 2
    depth = 2 if scenario.platforms > 1 else 1
    return listings + depth + (2 if _is_relayed(scenario) else 1) + depth


def _source_listings(made: Release) -> int:
    """The repositories of staging of which mirrors lack several images."""
    return sum(len({each.image.digest for each in wanted}) > 1 for wanted in made.by_name.values())


def _is_relayed(scenario: Scenario) -> bool:
    """Whether blobs have to be read and sent."""
    return scenario.held is Held.NOTHING and scenario.places is Places.APART


def _writes(made: Release, mirror: RegistryPath) -> Requests:
    requests: Requests = Counter()
    on_host: set[Digest] = set()
    for wanted in made.by_name.values():
        requests[mirror.host, CallClass.TAG_PUT] += sum(len(each.tags) for each in wanted)
        if made.scenario.held is not Held.NOTHING:
            continue
        blobs = _blobs(wanted).keys()
        known = blobs & on_host if _is_relayed(made.scenario) else blobs
        on_host |= blobs
        requests[mirror.host, CallClass.MOUNT] += len(known)
        requests[mirror.host, CallClass.UPLOAD_START] += len(blobs) - len(known)
        requests[mirror.host, CallClass.UPLOAD] += len(blobs) - len(known)
        tops = {each.image.digest for each in wanted}
        family = {one.digest for each in wanted for one in each.image.family()}
        requests[mirror.host, CallClass.MANIFEST_PUT] += len(family - tops)
    return requests


def _documents(made: Release) -> set[Digest]:
    """The image manifests that have to be written somewhere: with their children, unless only tags are missing."""
    if made.scenario.held is Held.UNTAGGED:
        return {each.image.digest for each in made.wanted}
    return {one.digest for each in made.wanted for one in each.image.family()}


def _blobs(wanted: tuple[Wanted, ...]) -> dict[Digest, int]:
    """The size of each blob that these images consist of."""
    return {digest: content.size_bytes for each in wanted for digest, content in each.image.all_blobs.items()}
