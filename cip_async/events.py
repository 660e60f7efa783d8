"""What a run can tell while it goes on: typed, frozen, and listened to through one protocol.

Everything that prints, logs or counts is a listener. The engine itself prints nothing. Events come by the ten thousand,
so they are structs of msgspec, which cost a fraction of attrs classes.
"""

import enum
from typing import Protocol

import msgspec

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


class StageStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A stage begins: `total` repositories are to be listed, or images (digest and repository) placed or verified."""

    stage: Stage
    total: int


class RepositoryListed(msgspec.Struct, frozen=True, kw_only=True):
    """A repository was listed to its end."""

    repository: Repository
    digests: int
    tags: int


class ListingTrusted(msgspec.Struct, frozen=True, kw_only=True):
    """A destination was not listed: by the inventory, `age_s` seconds ago it held all that is wanted."""

    repository: Repository
    age_s: float


class ListingFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A repository could not be listed, and its edges are unknown."""

    repository: Repository
    reason: str


class PairPlanned(msgspec.Struct, frozen=True, kw_only=True):
    """The edges between two repositories were sorted; the numbers count edges."""

    source: Repository
    destination: Repository
    already_promoted: int
    promote: int
    setbacks: int


class ListingExpected(msgspec.Struct, frozen=True, kw_only=True):
    """More listings were found to be needed: of a source, where something is lacking, or of a repository once more."""

    listings: int


class CopyExpected(msgspec.Struct, frozen=True, kw_only=True):
    """More images were found to be placed: (digest, destination repository) combinations."""

    images: int


class BlobPlaced(msgspec.Struct, frozen=True, kw_only=True):
    """A blob is in a destination repository."""

    repository: Repository
    digest: Digest
    how: Placed
    size_bytes: int


class ImagePlaced(msgspec.Struct, frozen=True, kw_only=True):
    """A digest and the tags wanted for it are in a destination repository."""

    source: Repository
    destination: Repository
    digest: Digest
    tags: tuple[Tag, ...]


class ImageFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A digest could not be placed in a destination repository, or not with all of its tags."""

    source: Repository
    destination: Repository
    digest: Digest
    tags: tuple[Tag, ...]
    reason: str


class ImageLost(msgspec.Struct, frozen=True, kw_only=True):
    """The source turned out not to hold a digest."""

    source: Repository
    digest: Digest


class ImagesVerified(msgspec.Struct, frozen=True, kw_only=True):
    """All that so many wanted digests of a destination repository consist of was looked at."""

    repository: Repository
    images: int


class DamageFound(msgspec.Struct, frozen=True, kw_only=True):
    """A document or a blob of a destination repository is missing, wrong or unknown; `piece` says which."""

    repository: Repository
    piece: str
    reason: str


class ImageRepaired(msgspec.Struct, frozen=True, kw_only=True):
    """A document of a destination repository was placed again, with what was missing below it."""

    destination: Repository
    digest: Digest


class RequestDone(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP exchange ended, with whatever result; `status` is 0 where there was no answer."""

    host: Host
    status: int
    sent_bytes: int
    received_bytes: int


class HostPaused(msgspec.Struct, frozen=True, kw_only=True):
    """A host asked for a pause, in seconds."""

    host: Host
    pause_s: float


class HostFailing(msgspec.Struct, frozen=True, kw_only=True):
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
