"""Limits and timeouts: each with its unit, its reason and, where one exists, its source.

Settings are checked when they are made, so a nonsensical one never reaches the machinery.
"""

import math
from collections.abc import Callable
from typing import Any, Final

import attrs

from cip_async.errors import InvalidSettings

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB


def _at_least(minimum: float) -> Callable[[Any, Any, Any], None]:
    def check(instance: object, attribute: "attrs.Attribute[Any]", value: float) -> None:
        del instance
        if value < minimum:
            raise InvalidSettings(attribute.name, value, f"at least {minimum}")

    return check


def _a_rate(instance: object, attribute: "attrs.Attribute[Any]", value: float | None) -> None:
    del instance
    if value is not None and not 0 < value < math.inf:
        raise InvalidSettings(attribute.name, value, "a number above 0")


@attrs.frozen(kw_only=True)
class Timeouts:
    """How long one attempt may wait, in seconds. There is no limit on a whole transfer: large layers take long."""

    connect_s: float = attrs.field(default=10.0, validator=_at_least(0.001))
    """Until a connection stands, TLS included. A TCP SYN is resent after 1, 3 and 7 s; 10 s allows three. The name of
    the host must be looked up within as long before that."""
    first_byte_s: float = attrs.field(default=60.0, validator=_at_least(0.001))
    """Until the status line is there. Registries assemble large answers (listings) before the first byte."""
    stall_s: float = attrs.field(default=30.0, validator=_at_least(0.001))
    """Between two pieces of a body; a transfer that stands still longer is dead and is tried again."""


@attrs.frozen(kw_only=True)
class Retries:
    """How long failures are tried again, in seconds. A 429 never uses up an attempt, only time."""

    request_s: float = attrs.field(default=300.0, validator=_at_least(0.0))
    """For one request with all its attempts. Google's quotas refill every minute; five of those are generous."""
    first_delay_s: float = attrs.field(default=0.2, validator=_at_least(0.0))
    """The upper bound of the first random delay, doubled from then on (full jitter)."""
    longest_delay_s: float = attrs.field(default=20.0, validator=_at_least(0.0))
    """The upper bound of any random delay. A `Retry-After` may be longer and wins."""
    longest_retry_after_s: float = attrs.field(default=120.0, validator=_at_least(0.0))
    """A longer `Retry-After` is cut to this, or one hostile header would stop a run for a year."""
    host_failures: int = attrs.field(default=20, validator=_at_least(1))
    """Failures of a host in a row, without one answer between them, before it may be given up. A sixth is enough, but
    no fewer than three, where the row lasts twice as long as it must."""
    host_silence_s: float = attrs.field(default=60.0, validator=_at_least(0.0))
    """How long that row must last. Registries that restart are back within this time."""


GARBLED_TRIES: Final = 3
"""How often the same is asked in all where what comes is not what was asked for: bytes with another digest, a page that
is no page, an answer that is no HTTP. A broken cache or a proxy may do that to one answer or two; what comes a third
time is what there is, and will not be another in five minutes."""
UNKNOWN_NAME_TRIES: Final = 5
"""How often a host is looked for in all whose name does not exist: over some seconds, as a name that was only just made
may be known to one of several name servers."""


@attrs.frozen(kw_only=True)
class Rate:
    """Requests a minute that are sent to a host at most, reads and writes apart; None sets no limit.

    Where a host refuses, it is sent fewer for a while: as many as it turns out to grant.
    """

    reads_per_minute: float | None = attrs.field(default=None, validator=_a_rate)
    writes_per_minute: float | None = attrs.field(default=None, validator=_a_rate)


ARTIFACT_REGISTRY_RATE: Final = Rate(reads_per_minute=60_000, writes_per_minute=18_000)
"""Per project and region, unless Google granted a project more: https://cloud.google.com/artifact-registry/quotas"""


@attrs.frozen(kw_only=True)
class Bodies:
    """The largest bodies accepted, in bytes. Memory is never allocated from a size that a server declared."""

    manifest_bytes: int = attrs.field(default=8 * MIB, validator=_at_least(KIB))
    """Registries accept about 4 MiB (OCI distribution specification, "Pushing Manifests"); twice that is read."""
    error_bytes: int = attrs.field(default=64 * KIB, validator=_at_least(KIB))
    token_bytes: int = attrs.field(default=256 * KIB, validator=_at_least(KIB))
    listing_bytes: int = attrs.field(default=64 * MIB, validator=_at_least(KIB))
    """A Google listing of 10,000 entries takes about 3 MB."""
    index_depth: int = attrs.field(default=4, validator=_at_least(1))
    """How deep indexes may nest. One level is usual, two occur."""
    index_children: int = attrs.field(default=1_000, validator=_at_least(1))
    """How many manifests one index may name; multi-platform releases have 5 to 40."""
    listing_pages: int = attrs.field(default=10_000, validator=_at_least(1))
    """How many pages one listing may have."""


@attrs.frozen(kw_only=True)
class Files:
    """The bounds of a YAML file that is read. No file needs more than 6 levels."""

    yaml_bytes: int = attrs.field(default=32 * MIB, validator=_at_least(KIB))
    """A larger file is a problem; it is never read whole. Kubernetes' largest has 1.2 MB, a snapshot of 200,000
    digests 18 MB."""
    yaml_depth: int = attrs.field(default=32, validator=_at_least(8))
    """How deep lists and mappings may nest."""


@attrs.frozen(kw_only=True)
class Spool:
    """How much of relayed blobs is kept here at one time, in bytes."""

    memory_bytes: int = attrs.field(default=64 * MIB, validator=_at_least(0))
    """Over all relays, small blobs first; what does not fit goes to an unlinked temporary file."""
    disk_bytes: int = attrs.field(default=20 * GIB, validator=_at_least(0))
    """Over all relays. A blob that is larger than either bound waits until no other is on disk."""


@attrs.frozen(kw_only=True)
class Settings:
    """Everything that can be set about how requests are made."""

    threads: int = attrs.field(default=64, validator=_at_least(1))
    """Requests in flight per host. At 40 ms latency, 64 make 1,600 requests a second: more than any quota."""
    hosts_at_once: int = attrs.field(default=64, validator=_at_least(1))
    """Hosts that are listed at the same time."""
    listing_late_s: float = attrs.field(default=2.0, validator=_at_least(0.001))
    """How long a mirror that tells nothing from the start may hold back what others lack, where copies begin before all
    is listed: longer than a listing usually takes, since to copy to one mirror later may cost a second read of the
    source."""
    listing_trusted_s: float = attrs.field(default=60.0, validator=_at_least(0.0))
    """How old a destination's listing may be for a tag to be written on its word alone; from then on each tag is asked
    for before it is written. One quota window: a usual promotion lists and writes within it, and pays for no asking."""
    kept_documents_bytes: int = attrs.field(default=256 * MIB, validator=_at_least(0))
    """Image manifests and indexes kept in an inventory file, in all; about 1.5 KB each, so for 170,000 of them."""
    timeouts: Timeouts = attrs.field(factory=Timeouts)
    retries: Retries = attrs.field(factory=Retries)
    bodies: Bodies = attrs.field(factory=Bodies)
    spool: Spool = attrs.field(factory=Spool)
    rates: dict[str, Rate] = attrs.field(factory=dict)
    """By host. What is set here is never exceeded, and comes in place of what is known of the host's quota; what is not
    set leaves that as it is."""
    google_page_size: int = attrs.field(default=10_000, validator=_at_least(2))
    """Entries asked of Google's `tags/list`, which gives about 1,000 if not asked
    (https://github.com/google/go-containerregistry/issues/1643). That many in the answer means it was cut."""
    images_page_size: int = attrs.field(default=1_000, validator=_at_least(1))
    """Images asked of the Artifact Registry API, which gives no more
    (https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.dockerImages/list)."""
    oci_page_size: int = attrs.field(default=1_000, validator=_at_least(2))
    """Names asked of a plain registry's `tags/list` and catalog; ECR refuses more than 1,000
    (https://github.com/google/go-containerregistry/issues/681)."""
