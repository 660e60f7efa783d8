"""Who gets a blob's bytes to a host, and who mounts it from there; pure.

If any repository of a host holds a blob, the others mount it. Otherwise the first repository to need it *leads*: it
gets the bytes, and the others *follow*. If the leader fails, a follower takes over. Nobody waits for a leader that
has not started.
"""

from typing import Final

import attrs

from cip_async.copying.graph import BlobKey, BlobNode, Bring, Mount, State
from cip_async.reference import Repository

_MOST_REFUSALS: Final = 3
"""Mounts that a host may turn down without opening an upload before it is taken for one that knows none. One says
little: perhaps the account may not read that one repository."""


@attrs.define
class HostBlobs:
    """Where on one host each blob is, who is bringing it, and who waits for that."""

    _holders: dict[BlobKey, Repository] = attrs.field(factory=dict)
    _leaders: dict[BlobKey, BlobNode] = attrs.field(factory=dict)
    _followers: dict[BlobKey, list[BlobNode]] = attrs.field(factory=dict)
    _refusals: int = 0
    _has_mounted: bool = False

    def start(self, node: BlobNode) -> Mount | Bring | None:
        """How a blob that waits gets into its repository; None: it follows whoever is bringing it."""
        at_home = node.source.host == node.repository.host
        holder = node.source if at_home else self._holders.get(node.key)
        if holder is not None and holder != node.repository and self._mounts:
            return _mount(node, holder)
        return self.lead(node)

    def lead(self, node: BlobNode) -> Bring | None:
        """Bring the bytes. One who has not started waits instead for the one who does; a mount that was refused has."""
        leader = self._leaders.setdefault(node.key, node)
        if leader is not node and node.state is State.WAITING and self._mounts:
            self._followers.setdefault(node.key, []).append(node)
            return None
        node.state = State.STARTED
        return Bring(node)

    def mounted(self) -> None:
        """The host mounted a blob."""
        self._has_mounted = True

    def refused(self) -> None:
        """The host turned down a mount, and opened no upload for it either."""
        self._refusals += 1

    def arrived(self, node: BlobNode) -> list[Mount | Bring]:
        """The blob is in the repository, and those who followed may have it from there."""
        self._holders.setdefault(node.key, node.repository)
        if self._leaders.get(node.key) is node:
            del self._leaders[node.key]
        followers = self._followers.pop(node.key, ())
        if self._mounts:
            return [_mount(follower, node.repository) for follower in followers]
        return [step for follower in followers if (step := self.lead(follower)) is not None]

    def failed(self, node: BlobNode) -> list[BlobNode]:
        """The blob did not arrive; returned are those who followed it, for others to lead, or to fail too."""
        if self._leaders.get(node.key) is not node:
            return []
        del self._leaders[node.key]
        return self._followers.pop(node.key, [])

    def lost(self, node: BlobNode) -> None:
        """The repository turned out not to hold the blob."""
        if self._holders.get(node.key) == node.repository:
            del self._holders[node.key]

    @property
    def _mounts(self) -> bool:
        return self._has_mounted or self._refusals < _MOST_REFUSALS


def _mount(node: BlobNode, origin: Repository) -> Mount:
    node.state = State.STARTED
    return Mount(node, origin)
