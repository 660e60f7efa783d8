"""What is wrong in a mirror: which flaws there are, which content is damaged, and what became of it."""

import enum

import attrs

from cip_async.reference import Digest, Repository


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
    has the piece as it should be; where there is none, `hopeless` says why. What `needs_access` is unknown for want of
    credentials or permissions, and stays so until somebody is given them.
    """

    repository: Repository
    piece: Piece
    flaw: Flaw
    reason: str
    paths: tuple[tuple[Digest, ...], ...]
    origin: Repository | None = None
    hopeless: str = ""
    needs_access: bool = False

    def __str__(self) -> str:
        return f"{self.piece}{':' if self.flaw is Flaw.UNKNOWN else ''} {self.reason}"


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
