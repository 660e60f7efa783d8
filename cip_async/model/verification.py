"""What a verification finds: edges that are not as they should be, and images whose content is damaged."""

import enum

import attrs

from cip_async.model.plan import Plan
from cip_async.model.promoter_manifest import Place
from cip_async.model.report import Ending, LedgerLine
from cip_async.reference import Digest, Repository, Tag


class Flaw(enum.Enum):
    """What is wrong with something that a mirror should have."""

    IMAGE_MISSING = "image-missing"
    """The digest is not there."""
    TAG_MISSING = "tag-missing"
    """The digest is there, and the tag is not."""
    TAG_MOVED = "tag-moved"
    """The tag points to another digest."""
    CONFLICT = "conflict"
    """The tag is wanted with two digests, so nobody can say which one is right."""
    CONTENT_MISSING = "content-missing"
    """An image is there, and something that it consists of is not."""
    CONTENT_WRONG = "content-wrong"
    """Something that an image consists of is not what its digest, its size or its media type says."""
    UNKNOWN = "unknown"
    """The registry did not say: it refused, failed or could not be reached. Never taken for absence."""


@attrs.frozen(kw_only=True)
class Drift:
    """One edge that is not as it is wanted. `tag` is None for a tagless one; `place` is where it was wanted."""

    source: Repository
    destination: Repository
    digest: Digest
    tag: Tag | None
    flaw: Flaw
    reason: str
    place: Place


class PieceKind(enum.Enum):
    """What an image consists of."""

    MANIFEST = "manifest"
    """An image manifest or an index."""
    BLOB = "blob"


@attrs.frozen(kw_only=True)
class Piece:
    """One document or blob. `size_bytes` is what the document that refers to a blob says; None for a document.

    Where documents disagree about the size of a blob, they refer to two pieces.
    """

    kind: PieceKind
    digest: Digest
    size_bytes: int | None = None

    def __str__(self) -> str:
        return f"{self.kind.value} {self.digest}"


@attrs.frozen(kw_only=True)
class Damage:
    """One piece of content of a destination repository that is missing, wrong or unknown.

    `paths` has a way to it from each wanted digest that needs it, both ends included. `origin` is a repository that
    has the piece as it should be; where there is none, `hopeless` says why.
    """

    repository: Repository
    piece: Piece
    flaw: Flaw
    reason: str
    paths: tuple[tuple[Digest, ...], ...]
    origin: Repository | None = None
    hopeless: str = ""


class RepairFate(enum.Enum):
    """What became of damaged content."""

    REPAIRED = "repaired"
    """It was placed again, and looked at after that."""
    WOULD_REPAIR = "would-repair"
    """The run was dry, and it would be placed again."""
    FAILED = "failed"
    NOT_STARTED = "not-started"
    """The run ended before it was placed again."""


@attrs.frozen(kw_only=True)
class Repair:
    """What became of one damage, and if it is still there, why."""

    damage: Damage
    fate: RepairFate
    reason: str = ""


@attrs.frozen(kw_only=True, eq=False)
class Verification:
    """What was found. Times are seconds since the epoch and seconds.

    `plan` holds what was wanted and how the listings compare with it. It was made as if the sources held nothing, since
    they were not asked. `deep`: the content of images was looked at too, of as many as `images` says (digest and
    repository); `damages` are sorted.
    """

    plan: Plan
    deep: bool
    ending: Ending
    images: int
    damages: tuple[Damage, ...]
    ledger: tuple[LedgerLine, ...]
    started_at: float
    seconds: float
