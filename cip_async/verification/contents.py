"""What was found of the content of one repository, and which wanted digests its flaws concern; pure."""

from collections.abc import Iterable, Iterator

import attrs

from cip_async.model.damage import Damage, Flaw, Piece, PieceKind
from cip_async.model.image import ImageDocument
from cip_async.reference import Digest, Repository


@attrs.define
class _Found:
    """A flaw, and where else the piece can be had."""

    flaw: Flaw
    reason: str
    needs_access: bool
    origin: Repository | None = None
    hopeless: str = ""


@attrs.define(eq=False)
class Contents:
    """The graph of what the wanted `roots` of a repository consist of, each piece once, as far as it was looked at.

    It holds digests alone: documents are read, and dropped.
    """

    repository: Repository
    roots: tuple[Digest, ...]
    _below: dict[Piece, tuple[Piece, ...]] = attrs.field(factory=dict, init=False)
    _flaws: dict[Piece, _Found] = attrs.field(factory=dict, init=False)

    def begin(self) -> list[Piece]:
        """The pieces to look at first."""
        return self._new(_manifest(root) for root in self.roots)

    def refers(self, piece: Piece, document: ImageDocument) -> list[Piece]:
        """Take note of what a document refers to, and return what of it was not met before."""
        below = pieces_of(document)
        self._below[piece] = below
        return self._new(below)

    def flawed(self, piece: Piece, flaw: Flaw, reason: str, *, needs_access: bool = False) -> None:
        """Take note that something is wrong with a piece."""
        self._flaws[piece] = _Found(flaw, reason, needs_access)

    def to_be_had(self, piece: Piece, origin: Repository | None, hopeless: str = "") -> None:
        """Take note of where a flawed piece can be had, or why nowhere."""
        found = self._flaws[piece]
        found.origin, found.hopeless = origin, hopeless

    def damages(self) -> list[Damage]:
        """All that is flawed, sorted by digest, with a way to it from each wanted digest."""
        if not self._flaws:
            return []
        paths: dict[Piece, list[tuple[Digest, ...]]] = {piece: [] for piece in self._flaws}
        for root in sorted(self.roots):
            for piece, path in self._flawed_below(root):
                paths[piece].append(path)
        return [
            Damage(
                repository=self.repository,
                piece=piece,
                flaw=found.flaw,
                reason=found.reason,
                paths=tuple(paths[piece]),
                origin=found.origin,
                hopeless=found.hopeless,
                needs_access=found.needs_access,
            )
            for piece, found in sorted(self._flaws.items(), key=lambda item: _order(item[0]))
        ]

    def _new(self, pieces: Iterable[Piece]) -> list[Piece]:
        new = [piece for piece in dict.fromkeys(pieces) if piece not in self._below]
        self._below.update(dict.fromkeys(new, ()))
        return new

    def _flawed_below(self, root: Digest) -> Iterator[tuple[Piece, tuple[Digest, ...]]]:
        """The flawed pieces that a wanted digest needs, each with the shortest way to it."""
        paths: dict[Piece, tuple[Digest, ...]] = {_manifest(root): (root,)}
        level = list(paths)
        while level:
            yield from ((piece, paths[piece]) for piece in level if piece in self._flaws)
            following: list[Piece] = []
            for piece in level:
                for below in self._below[piece]:
                    if below not in paths:
                        paths[below] = (*paths[piece], below.digest)
                        following.append(below)
            level = following


def pieces_of(document: ImageDocument) -> tuple[Piece, ...]:
    """What a document refers to, and a repository must hold for it."""
    children = (_manifest(child.digest) for child in document.children)
    blobs = (Piece(kind=PieceKind.BLOB, digest=blob.digest, size_bytes=blob.size_bytes) for blob in document.blobs)
    return (*children, *blobs)


def _manifest(digest: Digest) -> Piece:
    return Piece(kind=PieceKind.MANIFEST, digest=digest)


def _order(piece: Piece) -> tuple[str, str, int]:
    return piece.kind.value, piece.digest, piece.size_bytes or 0
