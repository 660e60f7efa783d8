"""The fewest requests that what a run did can be done with; pure.

For each host, from what was `Learnt`:

    listing        what the strategies need at their best: one for a repository, however many pages it came to
    manifest-head  tags and digests that a plain registry had to be asked for one by one
    manifest-get   image manifests and indexes, each once for its repository, whatever the mirrors and tags, and those
                   that were to be verified
    blob-head      blobs that were to be verified
    blob-get       blobs that had to pass through here, each once
    mount          blobs that were mounted, or could have been, and mounts that opened the upload of another blob
    upload-start   other uploads
    upload         blobs whose bytes had to be sent
    manifest-put   documents that got no tag: children of indexes, and what is wanted without one
    tag-put        tags; or PUTs of up to ten tags of one document, where the host has shown that it takes several

The bytes of a blob have to be sent where it is the first of its kind on a host, and everywhere on a host that mounts
none. Elsewhere a blob takes one mount, whatever became of that.

Never in the floor: tokens, challenges, answers of 429, pings, redirects, mounts in vain, further pages, cancelled
uploads, tags that are asked for twice, and whatever is repeated. What failed was not achieved, and has no floor.
"""

from collections.abc import Iterable, Iterator, Mapping

from cip_async.model.cost import FloorLine
from cip_async.model.report import RequestClass
from cip_async.planning.learnt import HostFacts, Relayed
from cip_async.reference import Host

Capabilities = Mapping[Host, Mapping[str, bool]]
"""What hosts have shown that they can do, and what not: `mounts`, `several-tags`."""


def floor(learnt: Iterable[tuple[Host, HostFacts]], capabilities: Capabilities) -> tuple[FloorLine, ...]:
    """The fewest requests of each class to each host, sorted, and the bytes of blobs in them."""
    return tuple(
        sorted(
            FloorLine(host=host, request_class=request_class.value, requests=requests, blob_bytes=blob_bytes)
            for host, facts in learnt
            for request_class, requests, blob_bytes in _of_host(facts, capabilities.get(host, {}))
            if requests
        )
    )


def _of_host(facts: HostFacts, can: Mapping[str, bool]) -> Iterator[tuple[RequestClass, int, int]]:
    mounts = can.get("mounts", False)
    mountable = facts.further_relays.blobs if mounts else 0
    relays = [facts.first_relays] if mounts else [facts.first_relays, facts.further_relays]
    relayed = _sum(relays)
    yield RequestClass.LISTING, facts.lists, 0
    yield RequestClass.MANIFEST_HEAD, facts.heads, 0
    yield RequestClass.MANIFEST_GET, facts.documents + facts.documents_verified, 0
    yield RequestClass.BLOB_HEAD, facts.blobs_verified, 0
    yield RequestClass.BLOB_GET, facts.blobs_read, facts.bytes_read
    yield RequestClass.MOUNT, facts.mounted + mountable + relayed.opened_by_mounts, 0
    yield RequestClass.UPLOAD_START, relayed.blobs - relayed.opened_by_mounts, 0
    yield RequestClass.UPLOAD, relayed.blobs, relayed.size_bytes
    yield RequestClass.MANIFEST_PUT, facts.untagged, 0
    yield RequestClass.TAG_PUT, facts.tag_batches if can.get("several-tags", False) else facts.tags, 0


def _sum(relays: Iterable[Relayed]) -> Relayed:
    total = Relayed()
    for each in relays:
        total.blobs += each.blobs
        total.size_bytes += each.size_bytes
        total.opened_by_mounts += each.opened_by_mounts
    return total
