"""One repository inside a store: which documents, blobs and tags it has, and whether they are complete."""

from collections.abc import Iterator

import attrs

from cip_async.fake_registry.content import Content
from cip_async.fake_registry.documents import Document
from cip_async.fake_registry.holdings import Holdings, Missing
from cip_async.reference import Digest, Tag


@attrs.define
class Shelf:
    """The content of one repository. `arrivals` says when each document came, in milliseconds of the store's clock."""

    path: str
    blobs: dict[Digest, Content] = attrs.field(factory=dict)
    documents: dict[Digest, Document] = attrs.field(factory=dict)
    arrivals: dict[Digest, int] = attrs.field(factory=dict)
    tags: dict[Tag, Digest] = attrs.field(factory=dict)
    referrers: dict[Digest, dict[Digest, None]] = attrs.field(factory=dict)
    _complete: set[Digest] = attrs.field(factory=set)

    def holdings(self) -> Holdings:
        """A copy of the state, for tests to look at."""
        return Holdings(
            path=self.path,
            tags=dict(self.tags),
            manifests={digest: document.media_type for digest, document in self.documents.items()},
            blobs=frozenset(self.blobs),
        )

    def find(self, reference: str) -> Document | None:
        """The document of a digest or a tag."""
        if ":" in reference:
            return self.documents.get(Digest(reference))
        digest = self.tags.get(Tag(reference))
        return None if digest is None else self.documents.get(digest)

    def keep(self, document: Document, now_ms: int) -> None:
        """Store a document; one that is there already stays as it is."""
        if document.digest in self.documents:
            return
        self.documents[document.digest] = document
        self.arrivals[document.digest] = now_ms
        if document.subject is not None:
            self.referrers.setdefault(document.subject, {})[document.digest] = None

    def absent(self, document: Document) -> Iterator[tuple[str, Digest]]:
        """What `document` refers to directly and is not here: kind and digest."""
        for digest in document.children:
            if digest not in self.documents:
                yield "manifest", digest
        for digest in document.blobs:
            if digest not in self.blobs:
                yield "blob", digest

    def missing(self) -> Iterator[Missing]:
        """Everything that tags and documents refer to and that is not here; a subject may be missing."""
        for tag, digest in self.tags.items():
            if digest not in self.documents:
                yield Missing(path=self.path, referrer=f"tag {tag}", kind="manifest", digest=digest)
        for document in self.documents.values():
            for kind, digest in self.absent(document):
                yield Missing(path=self.path, referrer=f"manifest {document.digest}", kind=kind, digest=digest)

    def is_complete(self, digest: Digest) -> bool:
        """Whether a document is here with all that it refers to, down to the last blob."""
        if digest in self._complete:
            return True
        document = self.documents.get(digest)
        if document is None or any(self.absent(document)):
            return False
        if not all(self.is_complete(child) for child in document.children):
            return False
        self._complete.add(digest)
        return True

    def drop_blob(self, digest: Digest) -> bool:
        """Take a blob away, whoever needs it; False if it was not here."""
        self._complete.clear()
        return self.blobs.pop(digest, None) is not None

    def drop_document(self, digest: Digest) -> bool:
        """Take a document away, and no more: its tags dangle. False if it was not here."""
        self._complete.clear()
        document = self.documents.pop(digest, None)
        if document is None:
            return False
        self.arrivals.pop(digest, None)
        if document.subject is not None:
            self.referrers[document.subject].pop(digest, None)
        return True
