"""All content of one host, and the rules by which it changes; pure: bytes and names in, verdicts out.

Blobs and documents are in the pool, once for all hosts that share it; whether a repository holds one is its own
affair. Time is a counter, so that the same writes make the same listings.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from cip_async.fake_registry.content import Content, digest_of
from cip_async.fake_registry.documents import Document
from cip_async.fake_registry.holdings import Holdings, Missing, TagWrite
from cip_async.fake_registry.pool import Pool
from cip_async.fake_registry.refusal import Complaint, Refusal, refusal
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.shelf import Shelf
from cip_async.fake_registry.uploads import Upload
from cip_async.reference import Digest, Tag

_EPOCH_MS: Final = 1_700_000_000_000


@attrs.define
class Store:
    """Everything that one host holds. `journal` has every write of a tag, in order."""

    pool: Pool = attrs.field(factory=Pool)
    journal: list[TagWrite] = attrs.field(factory=list)
    _shelves: dict[str, Shelf] = attrs.field(factory=dict)
    _below: dict[str, set[str]] = attrs.field(factory=dict)
    _uploads: dict[str, Upload] = attrs.field(factory=dict)
    _ticks: int = 0

    # -- what tests look at

    def repository(self, path: str) -> Holdings:
        """What a repository holds; one that was never written to holds nothing."""
        return self.shelf_or_empty(path).holdings()

    def repositories(self) -> list[str]:
        """The repositories that were ever written to, sorted."""
        return sorted(self._shelves)

    def missing_content(self, path: str | None = None) -> list[Missing]:
        """What tags and documents of a repository, or of all, refer to and it lacks; nothing if all is well."""
        shelves = self._shelves.values() if path is None else [self.shelf_or_empty(path)]
        return sorted(missing for shelf in shelves for missing in shelf.missing())

    def moved_tags(self) -> list[TagWrite]:
        """The writes that moved a tag from one digest to another."""
        return [write for write in self.journal if write.moved]

    def early_tags(self) -> list[TagWrite]:
        """The writes that made a tag visible before its content was complete."""
        return [write for write in self.journal if not write.complete]

    @property
    def open_uploads(self) -> int:
        """How many uploads were opened and neither closed nor cancelled."""
        return len(self._uploads)

    # -- reading

    def shelf(self, path: str) -> Shelf:
        """A repository as requests see it.

        Raises:
            Refusal: it does not exist.
        """
        shelf = self._shelves.get(path)
        if shelf is None:
            raise refusal(404, "NAME_UNKNOWN", "repository name not known to registry", {"name": path})
        return shelf

    def shelf_or_empty(self, path: str) -> Shelf:
        """A repository; an empty one that is not kept if it does not exist."""
        return self._shelves.get(path) or Shelf(path)

    def names_below(self, path: str) -> list[str]:
        """The names, one level below `path`, that repositories have."""
        return sorted(self._below.get(path, ()))

    def document(self, path: str, reference: str) -> Document:
        """The document of a digest or tag.

        Raises:
            Refusal: there is none.
        """
        document = self.shelf_or_empty(path).find(reference)
        if document is None:
            raise refusal(404, "MANIFEST_UNKNOWN", "manifest unknown", {"reference": reference})
        return document

    def blob(self, path: str, digest: Digest) -> Content:
        """The content of a blob.

        Raises:
            Refusal: the repository does not hold it.
        """
        content = self.shelf_or_empty(path).blobs.get(digest)
        if content is None:
            raise refusal(404, "BLOB_UNKNOWN", "blob unknown to registry", {"digest": digest})
        return content

    def has_blob(self, path: str, digest: Digest) -> bool:
        """Whether a repository holds a blob."""
        shelf = self._shelves.get(path)
        return shelf is not None and digest in shelf.blobs

    def find_blob(self, digest: Digest) -> Content | None:
        """The content of a blob that any repository of this host holds."""
        for shelf in self._shelves.values():
            if digest in shelf.blobs:
                return shelf.blobs[digest]
        return None

    # -- writing

    def add_blob(self, path: str, content: Content, digest: Digest | None = None) -> Digest:
        """Put a blob into a repository; `digest`, if known, is believed."""
        digest = digest_of(content) if digest is None else digest
        self._shelf(path).blobs[digest] = self.pool.blob(digest, content)
        return digest

    def mount(self, path: str, digest: Digest, content: Content) -> None:
        """Let a repository hold a blob that another one holds."""
        self._shelf(path).blobs[digest] = content

    def put_document(self, path: str, document: Document, tags: Iterable[Tag], rules: Rules) -> None:
        """Store a document, then point `tags` to it.

        Raises:
            Refusal: it refers to content that the repository lacks, or a tag must not be written.
        """
        shelf = self.shelf_or_empty(path)
        tags = tuple(tags)
        for tag in tags:
            _check_immutable(shelf, tag, document.digest, rules)
        if not rules.accept_missing:
            absent = [digest for _, digest in shelf.absent(document)]
            if absent:
                raise unknown_content(absent, rules)
        self.add_document(path, document, tags)

    def add_document(self, path: str, document: Document, tags: Iterable[Tag] = ()) -> None:
        """Store a document and point `tags` to it, whatever it refers to."""
        shelf = self._shelf(path)
        self._ticks += 1
        shelf.keep(self.pool.document(document), _EPOCH_MS + self._ticks)
        for tag in tags:
            previous = shelf.tags.get(tag)
            complete = shelf.is_complete(document.digest)
            self.journal.append(
                TagWrite(path=path, tag=tag, digest=document.digest, previous=previous, complete=complete)
            )
            shelf.tags[tag] = document.digest

    def open_upload(self, path: str, *, keeps: bool) -> Upload:
        """Begin an upload into a repository."""
        self._ticks += 1
        upload = Upload(name=f"{self._ticks:08x}-0000-4000-8000-000000000000", path=path, keeps=keeps)
        self._uploads[upload.name] = upload
        return upload

    def upload(self, path: str, name: str) -> Upload:
        """An upload in progress.

        Raises:
            Refusal: there is no such upload in this repository.
        """
        upload = self._uploads.get(name)
        if upload is None or upload.path != path:
            raise refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        return upload

    def expect(self, upload: Upload, digest: Digest) -> None:
        """Prepare to close an upload: bytes that are in the pool already are hashed, and not kept twice."""
        known = self.pool.blobs.get(digest)
        if known is not None and known.readable and digest.startswith("sha256:"):
            upload.keeps = False

    def close_upload(self, upload: Upload, digest: Digest) -> None:
        """Make the bytes of an upload a blob; the upload is over in either case.

        Raises:
            Refusal: they have another digest.
        """
        self._uploads.pop(upload.name, None)
        self.add_blob(upload.path, upload.finish(digest), digest)

    def drop_upload(self, name: str) -> None:
        """Forget an upload and its bytes."""
        self._uploads.pop(name, None)

    def drop_uploads(self) -> None:
        """Forget all uploads, as a registry that restarts may."""
        self._uploads.clear()

    # -- damage and deletion

    def drop_blob(self, path: str, digest: Digest) -> None:
        """Take a blob out of a repository, whoever refers to it.

        Raises:
            Refusal: it is not there.
        """
        if not self.shelf_or_empty(path).drop_blob(digest):
            raise refusal(404, "BLOB_UNKNOWN", "blob unknown to registry", {"digest": digest})

    def drop_document(self, path: str, digest: Digest, *, with_tags: bool = False) -> None:
        """Take an image manifest or index out of a repository, and if asked the tags that point to it.

        Raises:
            Refusal: it is not there.
        """
        shelf = self.shelf_or_empty(path)
        if not shelf.drop_document(digest):
            raise refusal(404, "MANIFEST_UNKNOWN", "manifest unknown", {"reference": digest})
        if with_tags:
            shelf.tags = {tag: target for tag, target in shelf.tags.items() if target != digest}

    def spoil_blob(self, path: str, digest: Digest, content: Content) -> None:
        """Let a repository hold `content` under the digest of a blob, which it need not have.

        Raises:
            Refusal: the blob is not there.
        """
        self.blob(path, digest)
        self._shelf(path).blobs[digest] = content

    def spoil_document(
        self, path: str, digest: Digest, *, body: bytes | None = None, media_type: str | None = None
    ) -> None:
        """Let a repository serve other bytes, or another media type, under the digest of a document.

        Raises:
            Refusal: it is not there.
        """
        document = self.document(path, digest)
        self._shelf(path).documents[digest] = attrs.evolve(
            document,
            body=document.body if body is None else body,
            media_type=document.media_type if media_type is None else media_type,
        )

    def drop_tag(self, path: str, tag: Tag) -> None:
        """Take a tag out of a repository.

        Raises:
            Refusal: it is not there.
        """
        if self.shelf_or_empty(path).tags.pop(tag, None) is None:
            raise refusal(404, "MANIFEST_UNKNOWN", "manifest unknown", {"reference": tag})

    def _shelf(self, path: str) -> Shelf:
        shelf = self._shelves.get(path)
        if shelf is None:
            shelf = self._shelves[path] = Shelf(path)
            while "/" in path:
                path, _, name = path.rpartition("/")
                self._below.setdefault(path, set()).add(name)
        return shelf


def unknown_content(digests: Sequence[Digest], rules: Rules) -> Refusal:
    """The refusal of a document that refers to these, which the repository lacks."""
    if not rules.unknown_named:
        return refusal(400, rules.unknown_code, f"{len(digests)} references are unknown to the registry")
    return Refusal(400, *(Complaint(rules.unknown_code, "blob unknown to registry", digest) for digest in digests))


def _check_immutable(shelf: Shelf, tag: Tag, digest: Digest, rules: Rules) -> None:
    present = shelf.tags.get(tag)
    if rules.immutable_tags == "no" or present is None:
        return
    if rules.immutable_tags == "all" or present != digest:
        message = f"tag {tag} already exists in {shelf.path} and cannot be overwritten because the tag is immutable"
        raise refusal(400, "TAG_INVALID", message, {"tag": tag})
