"""The words of a placement: what is wanted, the content it takes in each repository, and the steps towards it."""

import enum
from collections.abc import Mapping
from typing import Final

import attrs
import msgspec

from cip_async.errors import CipError
from cip_async.model.image import Descriptor, ImageDocument
from cip_async.reference import Digest, Repository, Tag

BlobKey = tuple[Digest, int]
"""A blob as a document describes it: with its size. One that is described with a wrong size is a blob of its own, which
is nowhere to be had; else it would be the undoing of all that describe it rightly."""


Lacking = Mapping[Digest, Repository]
"""What a destination is known to lack of an image that it otherwise holds, and where each piece of it is to be had."""


def blob_key(blob: Descriptor) -> BlobKey:
    """What tells a blob from others."""
    return blob.digest, blob.size_bytes


class State(enum.Enum):
    """How far the placement of one piece of content has come."""

    WAITING = "waiting"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens, unless the registry turns out to miss the content."""
        return self in _ENDED


_ENDED: Final = (State.DONE, State.FAILED)


@attrs.frozen(kw_only=True)
class Want:
    """What a promotion wants: a digest under some tags, or under none, in one destination repository.

    `origin` is where its documents are read: the source, or the destination itself if only that holds them. `lacking`
    as in `Promotion`.
    """

    source: Repository
    origin: Repository
    destination: Repository
    digest: Digest
    tags: tuple[Tag, ...]
    lacking: Lacking | None = attrs.field(default=None, eq=False)


@attrs.define(eq=False, kw_only=True)
class BlobNode:
    """One blob in one destination repository.

    `source` is where promoters found it, `asked_of` the repository that it was last to be mounted from.
    `opened_by_mount`: the host opened an upload for it when it was asked to mount it. `counted`: it was counted among
    what was placed, and is not counted again if the registry turns out to have lost it.
    """

    repository: Repository
    source: Repository
    blob: Descriptor
    state: State = State.WAITING
    asked_of: Repository | None = None
    opened_by_mount: bool = False
    counted: bool = False
    parents: "list[DocumentNode]" = attrs.field(factory=list)
    key: BlobKey = attrs.field(init=False)
    """What tells the blob from others."""

    @key.default
    def _key(self) -> BlobKey:
        return blob_key(self.blob)

    @property
    def digest(self) -> Digest:
        """The digest of the blob."""
        return self.blob.digest

    @property
    def mounts_across(self) -> bool:
        """Whether its mount is one from another host."""
        return self.asked_of is not None and self.asked_of.host != self.repository.host


@attrs.define(eq=False, kw_only=True)
class DocumentNode:
    """One image manifest or index in one destination repository, and who wants it.

    `needs` counts the content that is still missing before it may be written. `queued`: a `Put` is out for it, and
    until that has ended there is no other, so that one content is never sent twice at one time.
    `source` is where the documents were read. `untagged`: it is counted among those that were written without a tag;
    None if it was never written. With `lacking`, `contents` are only what the repository lacks.
    """

    repository: Repository
    source: Repository
    document: ImageDocument
    lacking: Lacking | None = None
    state: State = State.WAITING
    queued: bool = False
    needs: int = 0
    replacements: int = 0
    untagged: bool | None = None
    contents: "list[BlobNode | DocumentNode]" = attrs.field(factory=list)
    parents: "list[DocumentNode]" = attrs.field(factory=list)
    wants: list[Want] = attrs.field(factory=list)

    @property
    def digest(self) -> Digest:
        """The digest of the document."""
        return self.document.digest


Node = BlobNode | DocumentNode


class Mount(msgspec.Struct, frozen=True):
    """Step: mount a blob from `origin`, a repository of the same host or of one that it may mount from."""

    node: BlobNode
    origin: Repository


class Bring(msgspec.Struct, frozen=True):
    """Step: get a blob's bytes and upload them."""

    node: BlobNode


class Put(msgspec.Struct, frozen=True):
    """Step: write a document, and the tags that `node.wants` has for it."""

    node: DocumentNode


class Release(msgspec.Struct, frozen=True):
    """Step: no placement needs the bytes of this blob any more."""

    blob: BlobKey


class Failed(msgspec.Struct, frozen=True):
    """Step: tell that a want failed, and why."""

    want: Want
    error: CipError


Step = Mount | Bring | Put | Release | Failed
