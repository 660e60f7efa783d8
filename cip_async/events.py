"""What a run can tell while it goes on: typed, frozen, and listened to through one protocol.

Everything that prints, logs or counts is a listener. The engine itself prints nothing.
"""

import enum
from typing import Protocol

import attrs

from cip_async.reference import Digest, Host, Repository, Tag


class Stage(enum.Enum):
    """The stages of a run, in order."""

    LIST = "list"
    COPY = "copy"
    VERIFY = "verify"
    DONE = "done"


class Placed(enum.Enum):
    """How a blob came into a repository."""

    MOUNTED = "mounted"
    """The registry linked it from another of its repositories: no bytes moved."""
    RELAYED = "relayed"
    """Its bytes passed through this machine."""


@attrs.frozen(kw_only=True)
class StageStarted:
    """A stage begins: `total` repositories are to be listed, or images (digest and repository) placed or verified."""

    stage: Stage
    total: int


@attrs.frozen(kw_only=True)
class RepositoryListed:
    """A repository was listed to its end."""

    repository: Repository
    digests: int
    tags: int


@attrs.frozen(kw_only=True)
class ListingTrusted:
    """A destination was not listed: by the inventory, `age_s` seconds ago it held all that is wanted."""

    repository: Repository
    age_s: float


@attrs.frozen(kw_only=True)
class ListingFailed:
    """A repository could not be listed, and its edges are unknown."""

    repository: Repository
    reason: str


@attrs.frozen(kw_only=True)
class PairPlanned:
    """The edges between two repositories were sorted; the numbers count edges."""

    source: Repository
    destination: Repository
    already_promoted: int
    promote: int
    setbacks: int


@attrs.frozen(kw_only=True)
class ListingExpected:
    """More listings were found to be needed: of a source, where something is lacking, or of a repository once more."""

    listings: int


@attrs.frozen(kw_only=True)
class CopyExpected:
    """More images were found to be placed: (digest, destination repository) combinations."""

    images: int


@attrs.frozen(kw_only=True)
class BlobPlaced:
    """A blob is in a destination repository."""

    repository: Repository
    digest: Digest
    how: Placed
    size_bytes: int


@attrs.frozen(kw_only=True)
class ImagePlaced:
    """A digest and the tags wanted for it are in a destination repository."""

    source: Repository
    destination: Repository
    digest: Digest
    tags: tuple[Tag, ...]


@attrs.frozen(kw_only=True)
class ImageFailed:
    """A digest could not be placed in a destination repository, or not with all of its tags."""

    source: Repository
    destination: Repository
    digest: Digest
    tags: tuple[Tag, ...]
    reason: str


@attrs.frozen(kw_only=True)
class ImageLost:
    """The source turned out not to hold a digest."""

    source: Repository
    digest: Digest


@attrs.frozen(kw_only=True)
class ImagesVerified:
    """All that so many wanted digests of a destination repository consist of was looked at."""

    repository: Repository
    images: int


@attrs.frozen(kw_only=True)
class DamageFound:
    """A document or a blob of a destination repository is missing, wrong or unknown; `piece` says which."""

    repository: Repository
    piece: str
    reason: str


@attrs.frozen(kw_only=True)
class ImageRepaired:
    """A document of a destination repository was placed again, with what was missing below it."""

    destination: Repository
    digest: Digest


@attrs.frozen(kw_only=True)
class RequestDone:
    """One HTTP exchange ended, with whatever result; `status` is 0 where there was no answer."""

    host: Host
    status: int
    sent_bytes: int
    received_bytes: int


@attrs.frozen(kw_only=True)
class HostPaused:
    """A host asked for a pause, in seconds."""

    host: Host
    pause_s: float


@attrs.frozen(kw_only=True)
class HostFailing:
    """A host failed a few times in a row, for this reason at last, and goes on being tried. It is told once a row."""

    host: Host
    reason: str


Event = (
    StageStarted
    | RepositoryListed
    | ListingTrusted
    | ListingFailed
    | PairPlanned
    | ListingExpected
    | CopyExpected
    | BlobPlaced
    | ImagePlaced
    | ImageFailed
    | ImageLost
    | ImagesVerified
    | DamageFound
    | ImageRepaired
    | RequestDone
    | HostPaused
    | HostFailing
)


class Listener(Protocol):
    """Whoever wants to know. It is called in the event loop, must not block, and must not raise."""

    def __call__(self, event: Event, /) -> None:
        """Take one event."""


def tell_nobody(event: Event, /) -> None:
    """The listener of a run that nobody watches."""
    del event
