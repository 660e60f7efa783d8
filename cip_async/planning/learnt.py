"""What a run learnt of the work that it did, counted by host: all that the floor is computed from.

What takes requests is known only when it is carried out: which documents an index has, which blobs a repository
lacked, how each of them came. So whoever carries it out counts here what was *achieved*, once for each piece of
content and place, and never what it took: that is in the ledger.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import attrs

from cip_async.model.listing import Listing
from cip_async.reference import Host

MOST_TAGS_A_PUT: Final = 10
"""What every registry that takes several tags in one PUT should accept (OCI distribution specification)."""


@attrs.define(kw_only=True)
class Relayed:
    """Blobs whose bytes were sent to repositories that lacked them, each once for each repository."""

    blobs: int = 0
    size_bytes: int = 0
    opened_by_mounts: int = 0
    """Those of them that went into an upload which the host opened instead of a mount."""

    def count(self, size_bytes: int, *, opened_by_mount: bool) -> None:
        """One more blob was sent."""
        self.blobs += 1
        self.size_bytes += size_bytes
        self.opened_by_mounts += opened_by_mount


@attrs.define(kw_only=True)
class HostFacts:
    """What was achieved on one host."""

    lists: int = 0
    """Listings that told what was to be known of a repository, or of several."""
    heads: int = 0
    """Tags and digests that a registry had to be asked for one by one."""
    documents: int = 0
    """Image manifests and indexes that were read or proven absent, each once for each repository."""
    documents_verified: int = 0
    """Those that were looked at because they should be there whole, each time that they were."""
    blobs_verified: int = 0
    blobs_read: int = 0
    """Blobs that had to pass through here, each once."""
    bytes_read: int = 0
    mounted: int = 0
    """Blobs that repositories lacked and got from others, each once for each repository."""
    first_relays: Relayed = attrs.field(factory=Relayed)
    """Those that no other repository of the host was known to hold."""
    further_relays: Relayed = attrs.field(factory=Relayed)
    """Those that another repository of the host was known to hold."""
    untagged: int = 0
    """Documents that were written and got no tag: children of indexes, and what is wanted without a tag."""
    tags: int = 0
    tag_batches: int = 0
    """PUTs that all those tags take where several go into one."""

    def read(self, size_bytes: int) -> None:
        """One more blob had to be read."""
        self.blobs_read += 1
        self.bytes_read += size_bytes

    def tagged(self, tags: int) -> None:
        """One document got so many tags."""
        self.tags += tags
        self.tag_batches += batches(tags)


class Learnt:
    """What was learnt of every host."""

    def __init__(self) -> None:
        self._hosts: defaultdict[Host, HostFacts] = defaultdict(HostFacts)

    def __iter__(self) -> Iterator[tuple[Host, HostFacts]]:
        return iter(self._hosts.items())

    def of(self, host: Host) -> HostFacts:
        """What was learnt of one host, for more to be counted."""
        return self._hosts[host]

    def listed(self, listing: Listing) -> None:
        """Count a listing that is complete."""
        for effort in listing.efforts:
            facts = self._hosts[effort.host]
            facts.lists += effort.lists
            facts.heads += effort.heads


def batches(tags: int) -> int:
    """How many PUTs write so many tags of one document, where several go into one."""
    return -(-tags // MOST_TAGS_A_PUT)
