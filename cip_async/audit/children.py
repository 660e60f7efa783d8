"""Which digests are part of the indexes that are wanted from a source.

An index names its children, so each wanted document of a source repository is read once, and all children it names
are remembered: an event then costs a look into memory. A source that failed, or does not hold what is wanted, is
left alone for a while.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import attrs

from cip_async.audit.happenings import SourceFailed, SourceRead, Tell
from cip_async.audit.limits import AuditLimits
from cip_async.audit.wanted import WantedContent, packed, unpacked
from cip_async.errors import CipError, UnsupportedContent, UntrustedAnswer
from cip_async.model.image import DocumentKind, ImageDocument
from cip_async.reference import Digest, Repository
from cip_async.registry.once import Once
from cip_async.registry.wire import DOCKER_LIST, OCI_INDEX
from cip_async.settings import Bodies

ReadDocument = Callable[[Repository, Digest], Awaitable[ImageDocument | None]]
"""Reads and verifies one document of a registry; None if it is proven absent."""

_INDEXES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
_FOR_EVER: Final = float("inf")


@attrs.frozen
class _Family:
    """The digests below one wanted document, and until when that is believed."""

    members: frozenset[bytes]
    until: float


@attrs.define
class _Source:
    """What is known of one source repository."""

    families: dict[bytes, _Family] = attrs.field(factory=dict)
    failure: CipError | None = None
    alone_until: float = 0.0

    @property
    def size(self) -> int:
        """How many digests are remembered."""
        return sum(1 + len(family.members) for family in self.families.values())


class Children:
    """Finds the wanted index that a digest is part of. `clock` is monotonic, in seconds."""

    def __init__(
        self, read: ReadDocument, limits: AuditLimits, tell: Tell, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._limits = limits
        self._tell = tell
        self._clock = clock
        self._sources: OrderedDict[Repository, _Source] = OrderedDict()
        self._once: Once[Repository, _Source] = Once()

    async def parent(self, content: WantedContent, digest: Digest) -> Digest | None:
        """A wanted document of which `digest` is part; None if it is part of none.

        Raises:
            CipError: it is part of none that could be read, and something could not.
        """
        now = self._clock()
        source = self._known(content.source)
        found = _parent(source, content, packed(digest))
        leave_alone = now < source.alone_until
        while found is None and _unread(source, content, now):
            if source.failure is not None and leave_alone:
                raise source.failure
            source = await self._once.get(content.source, lambda: self._read_unread(content, now))
            found = _parent(source, content, packed(digest))
            leave_alone = True
        return found

    def _known(self, repository: Repository) -> _Source:
        source = self._sources.setdefault(repository, _Source())
        self._sources.move_to_end(repository)
        return source

    async def _read_unread(self, content: WantedContent, now: float) -> _Source:
        source = self._known(content.source)
        unread = _unread(source, content, now)
        queue = iter(unread)
        failures: list[CipError] = []

        async def work() -> None:
            for digest in queue:
                try:
                    source.families[digest] = await self._family(content.source, unpacked(digest))
                except CipError as error:
                    failures.append(error)
                    return

        async with anyio.create_task_group() as tasks:
            for _ in range(min(self._limits.reads_at_once, len(unread))):
                tasks.start_soon(work)
        self._make_room()
        source.failure = failures[0] if failures else None
        if source.failure is not None:
            source.alone_until = self._clock() + self._limits.failure_pause_s
            self._tell(SourceFailed(source=content.source, reason=str(source.failure)))
        else:
            members = sum(len(source.families[digest].members) for digest in unread)
            self._tell(SourceRead(source=content.source, documents=len(unread), children=members))
        return source

    async def _family(self, repository: Repository, top: Digest) -> _Family:
        """All digests below a document; believed for a while only, if not all of it could be read."""
        members: dict[Digest, None] = {}
        whole = True
        level = [top]
        for _ in range(Bodies().index_depth):
            below: list[Digest] = []
            for digest in level:
                document = await self._document(repository, digest)
                if document is None:
                    whole = False
                elif document.kind is DocumentKind.INDEX:
                    fresh = [child for child in document.children if child.digest not in members]
                    members.update((child.digest, None) for child in fresh)
                    below += [child.digest for child in fresh if child.media_type in _INDEXES]
            level = below
        until = _FOR_EVER if whole else self._clock() + self._limits.absent_s
        return _Family(frozenset(map(packed, members)), until)

    async def _document(self, repository: Repository, digest: Digest) -> ImageDocument | None:
        """A document, or None where it is absent, or one that nobody could promote."""
        try:
            return await self._read(repository, digest)
        except (UnsupportedContent, UntrustedAnswer) as error:
            self._tell(SourceFailed(source=repository, reason=str(error)))
            return None

    def _make_room(self) -> None:
        """Forget the sources that nobody asked for longest, until the rest is small enough."""
        size = sum(source.size for source in self._sources.values())
        while size > self._limits.children and len(self._sources) > 1:
            _, forgotten = self._sources.popitem(last=False)
            size -= forgotten.size


def _unread(source: _Source, content: WantedContent, now: float) -> list[bytes]:
    families = source.families
    return [each for each in content.packed() if each not in families or families[each].until < now]


def _parent(source: _Source, content: WantedContent, digest: bytes) -> Digest | None:
    for top in content.packed():
        family = source.families.get(top)
        if family is not None and digest in family.members:
            return unpacked(top)
    return None
