"""What a repository holds, as tests look at it: copies that later requests do not change."""

import attrs

from cip_async.reference import Digest, Tag


@attrs.frozen(kw_only=True)
class Holdings:
    """The state of one repository at one moment; `manifests` gives the media type of each digest."""

    path: str
    tags: dict[Tag, Digest]
    manifests: dict[Digest, str]
    blobs: frozenset[Digest]

    @property
    def untagged(self) -> frozenset[Digest]:
        """The digests of image manifests and indexes that no tag points to."""
        return frozenset(self.manifests) - frozenset(self.tags.values())


@attrs.frozen(kw_only=True, order=True)
class Missing:
    """Content that something in a repository refers to and that is not there; `kind` says `manifest` or `blob`."""

    path: str
    referrer: str
    kind: str
    digest: str

    def __str__(self) -> str:
        return f"{self.path}: {self.referrer} refers to {self.kind} {self.digest}, which is not there"


@attrs.frozen(kw_only=True)
class TagWrite:
    """One write of a tag. `previous` is what it pointed to; `complete` says whether all content was there then."""

    path: str
    tag: Tag
    digest: Digest
    previous: Digest | None
    complete: bool

    @property
    def moved(self) -> bool:
        """Whether the tag pointed to another digest before."""
        return self.previous is not None and self.previous != self.digest
