"""What one repository holds, as far as it was asked."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import attrs

from cip_async.reference import Digest, Host, ImageName, Repository, Tag


@attrs.frozen(kw_only=True)
class Described:
    """What a listing says of one digest, where it says anything.

    `size_bytes` is None where the registry did not tell (Google tells 0 for an index).
    """

    media_type: str
    size_bytes: int | None


@attrs.frozen(kw_only=True)
class Effort:
    """The fewest requests to a host that tell a listing by the strategy that was taken.

    `lists` are listings, however many pages they came to; `heads` are tags and digests that were asked for one by one.
    """

    host: Host
    lists: int = 0
    heads: int = 0


@attrs.frozen(kw_only=True, eq=False)
class Listing:
    """What one repository holds: its digests, and the digest that each tag points to.

    A listing exists only when it was read to its end. `asked` limits what its silence proves: with None
    the repository was listed whole, and what is not here is absent; otherwise only the digests in `asked`
    were looked for, and nothing is known of any other. `tags` is whole for the tags that were asked for.
    `unreadable` has the digests that were asked for in vain, and why; of them nothing is known either.
    `children` names the repositories one level below, where the registry tells. `efforts` are what it took at the
    least; a strategy that lists many repositories at once lays that to one of them.
    """

    repository: Repository
    digests: AbstractSet[Digest]
    tags: Mapping[Tag, Digest]
    asked: AbstractSet[Digest] | None = None
    described: Mapping[Digest, Described] = attrs.field(factory=dict)
    unreadable: Mapping[Digest, str] = attrs.field(factory=dict)
    children: tuple[ImageName, ...] = ()
    taken_s: float = 0.0
    """How long reading it took, in seconds, where that was more than one request: its first part is that old."""
    efforts: tuple[Effort, ...] = ()

    def holds(self, digest: Digest) -> bool | None:
        """Whether the repository holds `digest`; None where nobody asked, or in vain."""
        if digest in self.digests:
            return True
        is_known = (self.asked is None or digest in self.asked) and digest not in self.unreadable
        return False if is_known else None


@attrs.frozen(kw_only=True)
class ListingFailure:
    """Why a repository could not be listed; never taken for absence.

    It `needs_access` where credentials or permissions are wanting, and cannot be listed until somebody is given them.
    """

    repository: Repository
    reason: str
    needs_access: bool = False
