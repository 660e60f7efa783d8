"""What a run cost, beside the least that it could have cost: the floor, and what went beyond it by its cause."""

import enum

import attrs

from cip_async.reference import Host


class Cause(enum.Enum):
    """Why more requests were sent than the floor has."""

    TOKENS = "tokens"
    """Requests to token services."""
    CHALLENGES = "challenges"
    """Requests that were answered with 401, and sent again with a better token."""
    THROTTLED = "throttled"
    """Requests that were answered with 429."""
    RETRIES = "retries"
    """Requests that failed, were cut off or had to be repeated."""
    REFUSED_MOUNTS = "refused-mounts"
    """Mounts that did not even open the upload that brought the blob, and uploads where a mount would have done."""
    REFUSED_PUTS = "refused-puts"
    """Manifests and tags that a registry did not take."""
    PROBES = "probes"
    """Pings, and PUTs that found out whether a host takes several tags at once."""
    RECHECKS = "rechecks"
    """Tags that were asked for once more, since their listing was too old to be trusted."""
    LISTING_PAGES = "listing-pages"
    """Further pages of listings."""
    REDIRECTS = "redirects"
    """Blobs fetched from where the registry sent us."""
    CANCELLED_UPLOADS = "cancelled-uploads"
    READ_AGAIN = "read-again"
    """Manifests and blobs that were read more than once."""
    WRITTEN_AGAIN = "written-again"
    """Manifests that were written more than once, or under their digest before they got a tag."""


@attrs.frozen(kw_only=True, order=True)
class FloorLine:
    """The fewest requests of one class to one host, and the bytes of blobs in them."""

    host: Host
    request_class: str
    requests: int
    blob_bytes: int = 0


@attrs.frozen(kw_only=True)
class ExcessLine:
    """How many requests to one host went beyond the floor for one cause."""

    host: Host
    cause: Cause
    requests: int


@attrs.frozen(kw_only=True)
class Cost:
    """The `floor` of what a run did, and the `excess` of what it sent; both sorted, by host and by class or cause.

    `ahead` is what a dry run leaves to be done: the fewest requests that promoting its plan takes beyond `floor`, as
    far as that is certain.
    """

    floor: tuple[FloorLine, ...] = ()
    excess: tuple[ExcessLine, ...] = ()
    ahead: tuple[FloorLine, ...] = ()
