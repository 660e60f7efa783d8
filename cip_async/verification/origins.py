"""Where else there is what a destination has lost or spoilt: in the source, or in another mirror of it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

import attrs

from cip_async.errors import CredentialError, RegistryError
from cip_async.model.damage import Piece, PieceKind
from cip_async.model.image import ImageDocument
from cip_async.model.plan import Pair
from cip_async.reference import Digest, Repository
from cip_async.registry.client import RegistryClient
from cip_async.registry.once import Once

ReadDocument = Callable[[Repository, Digest], Awaitable[ImageDocument | None]]
"""Reads a document of a repository, or knows it; None where it is proven absent. Raises `RegistryError` as it fails."""

NOWHERE: Final = "neither the source nor another mirror has it"


@attrs.frozen(kw_only=True)
class Answer:
    """What one repository says of a piece: whether it has it as it should be, or why that cannot be said.

    `document` is what a document that it has consists of.
    """

    has: bool
    document: ImageDocument | None = None
    unknown: str = ""


class Origins:
    """Asks other repositories for what a destination lacks; each is asked once for each piece."""

    def __init__(self, pairs: Iterable[Pair], client: RegistryClient, read_document: ReadDocument) -> None:
        self._client = client
        self._read_document = read_document
        self._candidates = _candidates(pairs)
        self._answers: dict[tuple[Repository, Piece], Answer] = {}
        self._once: Once[tuple[Repository, Piece], Answer] = Once()

    def candidates(self, destination: Repository) -> tuple[Repository, ...]:
        """Whom to ask for what `destination` lacks: its sources first, then their other mirrors."""
        return self._candidates[destination]

    async def ask(self, repository: Repository, piece: Piece) -> Answer:
        """Whether `repository` has `piece` as it should be."""
        key = repository, piece
        known = self._answers.get(key)
        if known is None:
            known = self._answers[key] = await self._once.get(key, lambda: self._asked(repository, piece))
        return known

    async def _asked(self, repository: Repository, piece: Piece) -> Answer:
        try:
            if piece.kind is PieceKind.MANIFEST:
                document = await self._read_document(repository, piece.digest)
                return Answer(has=document is not None, document=document)
            head = await self._client.head_blob(repository, piece.digest)
        except (RegistryError, CredentialError) as error:
            return Answer(has=False, unknown=str(error))
        return Answer(has=head is not None and head.size_bytes in (None, piece.size_bytes))


def _candidates(pairs: Iterable[Pair]) -> Mapping[Repository, tuple[Repository, ...]]:
    sources: dict[Repository, list[Repository]] = {}
    mirrors: dict[Repository, list[Repository]] = {}
    for pair in pairs:
        sources.setdefault(pair.destination, []).append(pair.source)
        mirrors.setdefault(pair.source, []).append(pair.destination)
    return {
        destination: tuple(
            each
            for each in dict.fromkeys((*own, *(mirror for source in own for mirror in mirrors[source])))
            if each != destination
        )
        for destination, own in sources.items()
    }
