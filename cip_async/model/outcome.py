"""What planning says of an edge, and what became of it."""

import enum


class Outcome(enum.Enum):
    """What planning says of one edge, before anything is written."""

    OVERLAP = "overlap"
    """One destination tag is wanted with two digests."""
    UNKNOWN = "unknown"
    """A listing it needs could not be read completely."""
    ALREADY_PROMOTED = "already-promoted"
    """The destination has it as wanted."""
    TAG_MOVE = "tag-move"
    """The destination tag points to another digest, and tags are never moved."""
    PROMOTE = "promote"
    """The digest exists, and is not yet as wanted in the destination."""
    LOST = "lost"
    """Neither source nor destination has the digest."""


class Fate(enum.Enum):
    """What became of one edge in a run."""

    ALREADY_PROMOTED = "already-promoted"
    PROMOTED = "promoted"
    WOULD_PROMOTE = "would-promote"
    """The run was dry, and the edge would be promoted."""
    NOT_STARTED = "not-started"
    """The run ended before this edge: a conflict elsewhere, or an interruption."""
    FAILED = "failed"
    """Copying failed after all retries, or a listing it needs could not be read."""
    CONFLICT = "conflict"
    """An overlap or a tag move that stopped the run, or a tag that somebody else wrote during it."""
    QUARANTINED = "quarantined"
    """An overlap or a tag move that was left out, and held back nothing else."""
    LOST = "lost"
