"""The deep part of a verification: every document that is wanted is read where it should be, every blob is asked for.

Each piece is looked at once in each repository, however many images share it, and of a repository only the digests are
held, until all of it was looked at. What is missing or wrong is looked for elsewhere; below a document that can be read
elsewhere the walk goes on, so that everything there is to mend is found at once.

Each step is a job in the lane of the host it talks to.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import attrs

from cip_async.errors import CredentialError, DigestMismatch, InvalidContent, RegistryError, UnsupportedContent
from cip_async.events import DamageFound, ImagesVerified, Listener, Stage, StageStarted
from cip_async.model.damage import Damage, Flaw, Piece, PieceKind
from cip_async.model.image import ImageDocument
from cip_async.planning.learnt import Learnt
from cip_async.reference import Digest, Host, Repository
from cip_async.registry.client import RegistryClient
from cip_async.registry.lanes import Job, Lanes
from cip_async.registry.wire import MANIFEST_TYPES
from cip_async.settings import Settings
from cip_async.verification.contents import Contents
from cip_async.verification.origins import NOWHERE, Origins

OnDamage = Callable[[Sequence[Damage]], None]
"""Takes what was found damaged in one repository, when all of it was looked at."""

Images = dict[Repository, tuple[Digest, ...]]
"""The digests to look at, by the repositories that should hold them."""


async def walk(
    images: Images,
    *,
    client: RegistryClient,
    origins: Origins,
    settings: Settings,
    on_damage: OnDamage,
    learnt: Learnt,
    listener: Listener,
) -> None:
    """Look at all that `images` consist of, and hand on what is damaged, one repository after the other.

    `learnt` counts what was looked at.
    """
    await _Walk(client, origins, settings, on_damage, learnt, listener).run(images)


@attrs.define(eq=False)
class _Visit:
    """A repository that is being walked, and how many of its jobs have not ended."""

    contents: Contents
    jobs: int = 0


class _Walk:
    """The state of one walk."""

    def __init__(
        self,
        client: RegistryClient,
        origins: Origins,
        settings: Settings,
        on_damage: OnDamage,
        learnt: Learnt,
        listener: Listener,
    ) -> None:
        self._client = client
        self._origins = origins
        self._depth = settings.bodies.index_depth
        self._on_damage = on_damage
        self._learnt = learnt
        self._listener = listener
        self._lanes = Lanes(per_host=settings.threads, hosts_at_once=settings.hosts_at_once)

    async def run(self, images: Images) -> None:
        self._listener(StageStarted(stage=Stage.VERIFY, total=sum(map(len, images.values()))))
        await self._lanes.run(
            (repository.host, partial(self._begin, Contents(repository, roots)))
            for repository, roots in sorted(images.items())
            if roots
        )

    async def _begin(self, contents: Contents) -> None:
        visit = _Visit(contents)
        self._look_at(visit, contents.begin(), 0)

    def _look_at(self, visit: _Visit, pieces: Iterable[Piece], depth: int) -> None:
        host = visit.contents.repository.host
        for piece in pieces:
            self._add(visit, host, partial(self._look, visit, piece, depth))

    def _add(self, visit: _Visit, host: Host, job: Job) -> None:
        """Add a job before those of other repositories, so that few of them are under way at one time."""
        visit.jobs += 1
        self._lanes.add(host, partial(self._do, visit, job), first=True)

    async def _do(self, visit: _Visit, job: Job) -> None:
        await job()
        visit.jobs -= 1
        if visit.jobs == 0:
            self._end(visit.contents)

    def _end(self, contents: Contents) -> None:
        damages = contents.damages()
        for damage in damages:
            self._listener(DamageFound(repository=damage.repository, piece=str(damage.piece), reason=damage.reason))
        self._listener(ImagesVerified(repository=contents.repository, images=len(contents.roots)))
        if damages:
            self._on_damage(damages)

    async def _look(self, visit: _Visit, piece: Piece, depth: int) -> None:
        """Look at one piece, and then at what it refers to, or for where else it is."""
        contents = visit.contents
        try:
            if piece.kind is PieceKind.BLOB:
                flaw = await self._blob_flaw(contents.repository, piece)
            else:
                flaw = await self._document_flaw(visit, piece, depth)
        except (RegistryError, CredentialError) as error:
            contents.flawed(piece, Flaw.UNKNOWN, str(error), needs_access=error.needs_access)
            return
        if flaw is not None:
            contents.flawed(piece, *flaw)
            self._search(visit, piece, depth, self._origins.candidates(contents.repository), ())

    async def _blob_flaw(self, repository: Repository, piece: Piece) -> tuple[Flaw, str] | None:
        head = await self._client.head_blob(repository, piece.digest)
        self._learnt.of(repository.host).blobs_verified += 1
        if head is None:
            return Flaw.CONTENT_MISSING, "is missing"
        if head.size_bytes in (None, piece.size_bytes):
            return None
        return Flaw.CONTENT_WRONG, f"has {head.size_bytes} bytes, and its image says {piece.size_bytes}"

    async def _document_flaw(self, visit: _Visit, piece: Piece, depth: int) -> tuple[Flaw, str] | None:
        try:
            document = await self._client.get_document(visit.contents.repository, piece.digest)
        except DigestMismatch as error:
            return Flaw.CONTENT_WRONG, f"is served wrong: {error.reason}"
        except (InvalidContent, UnsupportedContent) as error:
            return Flaw.CONTENT_WRONG, error.reason
        self._learnt.of(visit.contents.repository.host).documents_verified += 1
        if document is None:
            return Flaw.CONTENT_MISSING, "is missing"
        self._descend(visit, piece, document, depth)
        return _type_flaw(document)

    def _descend(self, visit: _Visit, piece: Piece, document: ImageDocument, depth: int) -> None:
        new = visit.contents.refers(piece, document)
        if document.children and depth == self._depth:
            for below in new:
                visit.contents.flawed(below, Flaw.UNKNOWN, f"indexes nest deeper than {self._depth}")
            return
        self._look_at(visit, new, depth + 1)

    def _search(
        self, visit: _Visit, piece: Piece, depth: int, candidates: Sequence[Repository], unknown: tuple[str, ...]
    ) -> None:
        """Ask `candidates` for a flawed piece, one after the other; `unknown` is why others could not say."""
        if not candidates:
            visit.contents.to_be_had(piece, None, "; ".join((NOWHERE, *unknown)) if unknown else NOWHERE)
            return
        self._add(visit, candidates[0].host, partial(self._ask, visit, piece, depth, candidates, unknown))

    async def _ask(
        self, visit: _Visit, piece: Piece, depth: int, candidates: Sequence[Repository], unknown: tuple[str, ...]
    ) -> None:
        answer = await self._origins.ask(candidates[0], piece)
        if not answer.has:
            told = (*unknown, answer.unknown) if answer.unknown else unknown
            self._search(visit, piece, depth, candidates[1:], told)
            return
        visit.contents.to_be_had(piece, candidates[0])
        if answer.document is not None:
            self._descend(visit, piece, answer.document, depth)


def _type_flaw(document: ImageDocument) -> tuple[Flaw, str] | None:
    """What is wrong with the media type that a document is served with: who pulls it believes that."""
    served = document.served_as
    if served == document.media_type and served in MANIFEST_TYPES:
        return None
    own = f", and is {document.media_type!r}" if document.media_type != served else ""
    return Flaw.CONTENT_WRONG, f"is served as {served!r}{own}"
