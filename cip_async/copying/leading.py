"""Who gets a blob's bytes to a host, and who mounts it from there; pure.

If any repository of a host holds a blob, the others mount it. Otherwise the first repository to need it *leads*: it
gets the bytes, and the others *follow*. If the leader fails, a follower takes over. Nobody waits for a leader that
has not started. A leader brings the bytes only where it cannot have the blob for one request: from a repository that
probably holds it, or from the host that the blob comes from, if the two hosts mount from each other. Whether they do,
the first one finds out, and all that would ask the same wait for its answer.
"""

from collections.abc import Callable
from typing import Final

import attrs

from cip_async.copying.graph import BlobKey, BlobNode, Bring, Mount, State
from cip_async.reference import Host, Repository

_MOST_REFUSALS: Final = 3
"""Mounts that a host may turn down without opening an upload before it is taken for one that knows none. One says
little: perhaps the account may not read that one repository. Mounts from another host are asked for on the off chance:
those that fail or open an upload count too, and one that is turned down is enough."""


@attrs.define
class _Standing:
    """What came of the mounts from one host so far. `parked` wait for the answer to the `first` from another host."""

    refusals: int = 0
    has_mounted: bool = False
    first: BlobNode | None = None
    is_answered: bool = False
    parked: list[BlobNode] = attrs.field(factory=list)

    @property
    def is_good(self) -> bool:
        return self.has_mounted or self.refusals < _MOST_REFUSALS


@attrs.define
class HostBlobs:
    """Where on one host each blob is, who is bringing it, and who waits for that.

    `mounts_across(one, other)` says whether two hosts might mount from each other.
    """

    _mounts_across: Callable[[Host, Host], bool]
    _holders: dict[BlobKey, Repository] = attrs.field(factory=dict)
    _probable: dict[BlobKey, Repository] = attrs.field(factory=dict)
    _leaders: dict[BlobKey, BlobNode] = attrs.field(factory=dict)
    _followers: dict[BlobKey, list[BlobNode]] = attrs.field(factory=dict)
    _standings: dict[Host, _Standing] = attrs.field(factory=dict)

    def probably_in(self, repository: Repository, key: BlobKey) -> None:
        """A repository of the host seems to hold a blob: whoever leads tries to mount it from there."""
        self._probable.setdefault(key, repository)

    def holds(self, node: BlobNode) -> bool:
        """Whether a repository that was placed into holds the blob."""
        return node.key in self._holders

    def start(self, node: BlobNode) -> Mount | Bring | None:
        """How a blob that waits gets into its repository; None: it follows whoever is bringing it."""
        at_home = node.source.host == node.repository.host
        holder = node.source if at_home else self._holders.get(node.key)
        if holder is not None and holder != node.repository and self._mounts(node):
            return _mount(node, holder)
        return self.lead(node)

    def lead(self, node: BlobNode) -> Mount | Bring | None:
        """Bring the bytes. One who has not started waits instead for the one who does; a mount that was refused has."""
        leader = self._leaders.setdefault(node.key, node)
        if node.state is State.WAITING:
            if leader is not node and self._mounts(node):
                self._followers.setdefault(node.key, []).append(node)
                return None
            origin = self._worth_a_try(node)
            if origin is not None:
                return self._try(node, origin)
        node.state = State.STARTED
        return Bring(node)

    def is_worth_asking(self, node: BlobNode) -> bool:
        """Whether a mount that was decided on still makes sense, after what was learnt meanwhile."""
        return self._standing(node).is_good

    def mounted(self, node: BlobNode) -> None:
        """The host mounted the blob."""
        self._standing(node).has_mounted = True

    def refused(self, node: BlobNode, *, session: bool) -> None:
        """The host did not mount the blob; `session`: but it opened an upload, as it should."""
        if node.mounts_across:
            self._standing(node).refusals += 1 if session else _MOST_REFUSALS
        elif not session:
            self._standing(node).refusals += 1

    def failed_across(self, node: BlobNode) -> None:
        """The blob was not mounted from another host, since the host failed."""
        self._standing(node).refusals += 1

    def answered(self, node: BlobNode) -> list[Mount | Bring]:
        """What came of a mount is known, to those also who waited to hear it."""
        standing = self._standing(node)
        if standing.first is not node or standing.is_answered:
            return []
        standing.is_answered = True
        parked, standing.parked = standing.parked, []
        return [step for each in parked if (step := self.lead(each)) is not None]

    def arrived(self, node: BlobNode) -> list[Mount | Bring]:
        """The blob is in the repository, and those who followed may have it from there."""
        self._holders.setdefault(node.key, node.repository)
        if self._leaders.get(node.key) is node:
            del self._leaders[node.key]
        followers = self._followers.pop(node.key, ())
        if self._mounts(node):
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

    def _worth_a_try(self, node: BlobNode) -> Repository | None:
        """Where a leader might mount the blob from."""
        probable = self._probable.pop(node.key, None)
        if probable is not None and probable != node.repository and self._mounts(node):
            return probable
        source, host = node.source.host, node.repository.host
        if source != host and self._mounts_across(source, host) and self._standing_of(source).is_good:
            return node.source
        return None

    def _try(self, node: BlobNode, origin: Repository) -> Mount | None:
        """Mount the blob, or wait for the answer to the first mount from that other host."""
        standing = self._standing_of(origin.host)
        if origin.host != node.repository.host and not standing.is_answered:
            if standing.first is not None:
                standing.parked.append(node)
                return None
            standing.first = node
        return _mount(node, origin)

    def _mounts(self, node: BlobNode) -> bool:
        """Whether the host mounts from its own repositories, for all that is known."""
        return self._standing_of(node.repository.host).is_good

    def _standing(self, node: BlobNode) -> _Standing:
        return self._standing_of((node.asked_of or node.source).host)

    def _standing_of(self, origin: Host) -> _Standing:
        standing = self._standings.get(origin)
        if standing is None:
            standing = self._standings[origin] = _Standing()
        return standing


def _mount(node: BlobNode, origin: Repository) -> Mount:
    node.state = State.STARTED
    node.asked_of = origin
    return Mount(node, origin)
