"""Reads the documents of what is to be placed, each digest once for all mirrors, and hands it on."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Final

import anyio
import attrs

from cip_async.copying.crew import Crew
from cip_async.copying.documents import Documents
from cip_async.copying.graph import Lacking, Want
from cip_async.errors import CipError
from cip_async.model.image import ImageDocument
from cip_async.model.plan import PairPlan, Promotion
from cip_async.reference import Digest, Host, Repository

OnReady = Callable[[Sequence[Want], dict[Digest, ImageDocument], bool], None]
"""Is told of wants whose documents are here, and whether the destinations are believed to hold the content."""
HasAllOf = Callable[[Repository, ImageDocument], bool]
"""Whether a document can be put into a repository before all else, as what it refers to is believed to be there."""
OnUnreadable = Callable[[Sequence[Want], CipError], None]
"""Is told of wants whose documents cannot be read, and why."""

_MOST_WAITING: Final = 10_000
"""Digests that wait for a worker or for room, before no more groups are taken. More than all hosts of a large promotion
place in a few seconds, so none idles for want of them."""

_Read = Callable[[Repository, Digest], Awaitable[dict[Digest, ImageDocument]]]
_Wanted = tuple[tuple[PairPlan, Promotion], ...]


@attrs.frozen(kw_only=True)
class _Unit:
    """One digest of one source repository, and where it is to go."""

    source: Repository
    digest: Digest
    wanted: _Wanted


class Feed:
    """Has the documents of promotions read by `crew(host)`, as fast as `wait_for_room` lets it.

    Whoever adds to it waits while more than `most_waiting` digests wait to be read.
    """

    def __init__(
        self,
        *,
        documents: Documents,
        crew: Callable[[Host], Crew],
        wait_for_room: Callable[[Iterable[Host]], Awaitable[None]],
        has_all_of: HasAllOf,
        on_ready: OnReady,
        on_unreadable: OnUnreadable,
        most_waiting: int = _MOST_WAITING,
    ) -> None:
        self._documents = documents
        self._crew = crew
        self._wait_for_room = wait_for_room
        self._has_all_of = has_all_of
        self._on_ready = on_ready
        self._on_unreadable = on_unreadable
        self._most_waiting = most_waiting
        self._waiting = 0
        self._fewer = anyio.Event()

    async def add(self, source: Repository, pair_plans: Sequence[PairPlan]) -> None:
        """Feed all that is promoted from one source repository, and return when there may be more."""
        for unit in _units(source, pair_plans):
            self._waiting += 1
            self._crew(source.host).add(partial(self._read, unit))
        while self._waiting > self._most_waiting:
            await self._fewer.wait()

    async def _read(self, unit: _Unit) -> None:
        await self._wait_for_room(pair_plan.pair.destination.host for pair_plan, _ in unit.wanted)
        self._waiting -= 1
        if self._waiting == self._most_waiting:
            self._fewer.set()
            self._fewer = anyio.Event()
        absent = tuple(item for item in unit.wanted if not item[1].in_destination and item[1].lacking is None)
        if absent:
            destinations = [pair_plan.pair.destination for pair_plan, _ in absent]
            await self._read_from(unit.source, unit, absent, partial(self._needed, destinations))
        for pair_plan, promotion in unit.wanted:
            if promotion.lacking is not None:
                parts = partial(self._parts, pair_plan.pair.destination, promotion.lacking)
                await self._read_from(unit.source, unit, ((pair_plan, promotion),), parts)
        tags_only = tuple(item for item in unit.wanted if item[1].in_destination)
        source_gives = any(item[1].in_source for item in tags_only) and await self._source_gives(unit)
        for item in tags_only:
            origin = unit.source if source_gives else item[0].pair.destination
            await self._read_from(origin, unit, (item,), self._documents.top)

    async def _needed(
        self, destinations: Sequence[Repository], source: Repository, digest: Digest
    ) -> dict[Digest, ImageDocument]:
        """A document with all that it refers to, or alone if that is all in the destinations already."""
        top = await self._documents.top(source, digest)
        if all(self._has_all_of(destination, top[digest]) for destination in destinations):
            return top
        return await self._documents.tree(source, digest)

    async def _parts(
        self, destination: Repository, lacking: Lacking, _: Repository, digest: Digest
    ) -> dict[Digest, ImageDocument]:
        return await self._documents.parts(destination, digest, lacking)

    async def _source_gives(self, unit: _Unit) -> bool:
        """Whether a document of which only tags are missing can be read in the source; else the destination has it."""
        try:
            return await self._documents.document(unit.source, unit.digest) is not None
        except CipError:
            return False

    async def _read_from(self, origin: Repository, unit: _Unit, wanted: _Wanted, read: _Read) -> None:
        wants = [
            Want(
                source=unit.source,
                origin=origin,
                destination=pair_plan.pair.destination,
                digest=unit.digest,
                tags=promotion.tags,
                lacking=promotion.lacking,
            )
            for pair_plan, promotion in wanted
        ]
        try:
            documents = await read(origin, unit.digest)
        except CipError as error:
            self._on_unreadable(wants, error)
        else:
            self._on_ready(wants, documents, wanted[0][1].in_destination)


def _units(source: Repository, pair_plans: Sequence[PairPlan]) -> list[_Unit]:
    """The promotions of one source repository by digest, so that each digest is read once for all mirrors."""
    wanted: dict[Digest, list[tuple[PairPlan, Promotion]]] = {}
    for pair_plan in pair_plans:
        for promotion in pair_plan.promotions:
            wanted.setdefault(promotion.digest, []).append((pair_plan, promotion))
    return [_Unit(source=source, digest=digest, wanted=tuple(items)) for digest, items in sorted(wanted.items())]
