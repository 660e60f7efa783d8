"""What a run did, for every edge: what was wanted, what became of it, why; and what it cost."""

import enum
from collections.abc import Mapping
from functools import cached_property

import attrs

from cip_async.model.cost import Cost
from cip_async.model.damage import Repair
from cip_async.model.finding import Finding
from cip_async.model.outcome import Fate, Outcome
from cip_async.model.plan import Plan
from cip_async.model.promoter_manifest import Place
from cip_async.reference import Digest, Host, Repository, Tag
from cip_async.settings import Rate


class RequestClass(enum.Enum):
    """What a request was for; the report counts them apart."""

    LISTING = "listing"
    """Tags, Google's extended tags, the catalog."""
    MANIFEST_HEAD = "manifest-head"
    MANIFEST_GET = "manifest-get"
    BLOB_HEAD = "blob-head"
    BLOB_GET = "blob-get"
    MOUNT = "mount"
    """`POST …/blobs/uploads/?mount=…`: mounts the blob, or opens an upload."""
    UPLOAD_START = "upload-start"
    UPLOAD = "upload"
    """`PUT` or `PATCH` of a blob's bytes."""
    UPLOAD_CANCEL = "upload-cancel"
    MANIFEST_PUT = "manifest-put"
    TAG_PUT = "tag-put"
    """A manifest PUT that writes one or more tags."""
    REDIRECT = "redirect"
    """A blob's bytes, fetched from where the registry sent us."""
    TOKEN = "token"
    PING = "ping"

    __hash__ = object.__hash__  # members are unique; what enumerations have is slow, and needed for every request


@attrs.frozen(kw_only=True, order=True)
class LedgerLine:
    """Requests of one class to one host that had one status (0: no answer)."""

    host: Host
    request_class: str
    method: str
    status: int
    requests: int
    retries: int
    sent_bytes: int
    received_bytes: int


@attrs.frozen(kw_only=True)
class Traffic:
    """What became of blobs: `mounted` and `relayed` count placements, `read` counts reads from a source.

    The bytes are those of blobs alone.
    """

    blobs_mounted: int = 0
    bytes_mounted: int = 0
    blobs_relayed: int = 0
    bytes_relayed: int = 0
    blobs_read: int = 0
    bytes_read: int = 0


@attrs.frozen(kw_only=True)
class EdgeReport:
    """One edge, spelled out. `tag` is None for a tagless promotion.

    `place` is where it was wanted, for edges that planning set aside.
    """

    source: Repository
    destination: Repository
    digest: Digest
    tag: Tag | None
    outcome: Outcome
    fate: Fate
    reason: str
    place: Place | None = None


@attrs.frozen(kw_only=True)
class Failure:
    """Why one edge was not promoted, though it was to be. `tag` is None for a tagless one.

    What `needs_access` failed for want of credentials or permissions, and fails until somebody is given them.
    """

    source: Repository
    destination: Repository
    digest: Digest
    tag: Tag | None
    fate: Fate
    reason: str
    needs_access: bool = False


class Ending(enum.Enum):
    """How a run ended; the exit code follows from it and from the fates of the edges."""

    COMPLETE = "complete"
    CONFLICT = "conflict"
    """The plan had conflicts or invalid entries and the run was to abort on them: nothing was written."""
    CHECK_FAILED = "check-failed"
    """A check found an error: nothing was written."""
    INTERRUPTED = "interrupted"
    TIMED_OUT = "timed-out"


@attrs.frozen(kw_only=True, eq=False)
class Report:
    """What a run did. Times are seconds since the epoch and seconds.

    `failures` holds every edge that was to be promoted and was not, keyed by source, destination, digest
    and tag; what is in a plan's promotions and not in `failures` was promoted, or would be if the run was dry.
    An edge that was promoted before can fail too: its image is damaged, or it is gone when its mirror is listed again.
    `trusted_listings` counts the destinations that were not listed, since by the inventory they had all that is wanted.
    `settled_rates` are those that hosts were sent requests at in the end, where they had refused some for quota.
    `repairs` are all damages that were found, where damages were looked for. `verified_listings` counts the
    destinations that were listed again after they had been written to, where that was asked for.
    """

    plan: Plan
    dry_run: bool
    ending: Ending
    failures: Mapping[tuple[Repository, Repository, Digest, Tag | None], Failure] = attrs.field(
        repr=lambda failures: f"<{len(failures)} failures>"
    )
    ledger: tuple[LedgerLine, ...]
    traffic: Traffic
    capabilities: Mapping[Host, Mapping[str, bool]]
    started_at: float
    seconds: float
    findings: tuple[Finding, ...] = ()
    trusted_listings: int = 0
    settled_rates: Mapping[Host, Rate] = attrs.field(factory=dict)
    cost: Cost = attrs.field(factory=Cost)
    repairs: tuple[Repair, ...] = ()
    verified_listings: int | None = None

    @cached_property
    def failures_by_pair(self) -> Mapping[tuple[Repository, Repository], tuple[Failure, ...]]:
        """The failures of each pair of repositories that has any."""
        by_pair: dict[tuple[Repository, Repository], list[Failure]] = {}
        for failure in self.failures.values():
            by_pair.setdefault((failure.source, failure.destination), []).append(failure)
        return {pair: tuple(failures) for pair, failures in by_pair.items()}
