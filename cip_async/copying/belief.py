"""What a repository is believed to hold because its listing shows it, though nobody asked; pure.

A document that is listed is there with all that it refers to, as far as the registry keeps its word. That is not
proof enough to do without a blob, unless the registry itself refuses a document of which something is missing:
only there, what is believed is not asked for, and the document is put at once. Where the belief was wrong, that PUT
is refused, nothing was published, and what is missing is placed as ever.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

import attrs

from cip_async.copying.graph import BlobKey, blob_key
from cip_async.model.image import ImageDocument
from cip_async.reference import Digest

NOTHING: AbstractSet[Digest] = frozenset()


@attrs.define
class Belief:
    """What one repository is believed to hold: the documents that it lists, and the blobs of those that were read."""

    _listed: AbstractSet[Digest] = NOTHING
    _blobs: set[BlobKey] = attrs.field(factory=set)
    _doubted: set[str] = attrs.field(factory=set)

    def __bool__(self) -> bool:
        """Whether there is anything to believe."""
        return bool(self._listed)

    def learn(self, document: ImageDocument) -> Iterator[BlobKey]:
        """Take note of what a document refers to, which was read somewhere: what is there if the document is."""
        if self.has_document(document.digest):
            for blob in document.blobs:
                key = blob_key(blob)
                self._blobs.add(key)
                yield key

    def has_document(self, digest: Digest) -> bool:
        """Whether a document is believed to be there."""
        return digest in self._listed and digest not in self._doubted

    def has_blob(self, key: BlobKey) -> bool:
        """Whether a blob is believed to be there."""
        return key in self._blobs and key[0] not in self._doubted

    def has_all_of(self, document: ImageDocument) -> bool:
        """Whether all that a document refers to is believed to be there, so that it may be put before all else."""
        return all(self.has_document(child.digest) for child in document.children) and all(
            self.has_blob(blob_key(blob)) for blob in document.blobs
        )

    def doubt(self, unknown: Iterable[str]) -> None:
        """Believe no more in what the registry said that it misses; in nothing if it did not say what."""
        unknown = frozenset(unknown)
        self._doubted |= unknown
        if not unknown:
            self._listed = NOTHING
            self._blobs.clear()
