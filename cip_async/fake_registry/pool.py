"""The bytes behind digests, kept once for all repositories and hosts that share a pool; pure."""

import attrs

from cip_async.fake_registry.content import Content
from cip_async.fake_registry.documents import Document
from cip_async.reference import Digest


@attrs.define
class Pool:
    """Content by digest, held once however many repositories have it."""

    blobs: dict[Digest, Content] = attrs.field(factory=dict)
    documents: dict[Digest, Document] = attrs.field(factory=dict)

    def blob(self, digest: Digest, content: Content) -> Content:
        """The content to keep for `digest`: what is here already, unless only the new one can be read."""
        known = self.blobs.get(digest)
        if known is None or (content.readable and not known.readable):
            self.blobs[digest] = known = content
        return known

    def document(self, document: Document) -> Document:
        """The document to keep for its digest and media type."""
        known = self.documents.setdefault(document.digest, document)
        return known if known.media_type == document.media_type else document
