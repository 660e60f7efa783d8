"""The crawl: list the repositories that pairs name, and plan each pair as soon as its listings are in.

Destinations come first. A source is asked only where a destination lacks something. A plain one is asked only for what
is lacking, since reading a manifest from it is what the copy needs anyway; and so is any other of which a single digest
is lacking. Each repository is listed once, however many pairs it is in. A repository that cannot be listed makes its
own edges unknown, nothing else, and a digest that cannot be asked for makes those of that digest unknown.

An inventory file that is trusted can spare a destination its listing, if by the file all that is wanted is there
already. What the file says is lacking, or elsewhere, is asked of the registry.

Artifact Registry's repositories hold many image names each, and tell of all of them page by page. One walk through such
a repository lists those destinations in it that the walk settles; the others are listed like any other.

The pairs of one source repository are handed on together, so that it is read once for all its mirrors. Only those of a
host that has told nothing at all when `late_s` have passed are not waited for: they follow when it does, or is given
up.

Listings are let go as soon as their pairs are planned; those that wait for a source are cut to what is wanted.
"""

import functools
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import anyio
import attrs

from cip_async.errors import CipError, CredentialError, RegistryError
from cip_async.events import (
    Listener,
    ListingExpected,
    ListingFailed,
    ListingTrusted,
    PairPlanned,
    RepositoryListed,
    Stage,
    StageStarted,
    tell_nobody,
)
from cip_async.inventory.extent import narrowed, united, wanted_digests, wanted_tagless, wanted_tags
from cip_async.inventory.presence import HoldsDigest, presence
from cip_async.inventory.trust import is_trusted
from cip_async.model.listing import Listing, ListingFailure
from cip_async.model.plan import Pair, PairPlan
from cip_async.model.promoter_manifest import WantedImage
from cip_async.planning.learnt import Learnt
from cip_async.reference import Digest, Host, Repository
from cip_async.registry.lanes import Lanes
from cip_async.registry.listing.artifact_repository import API_HOST, ArtifactRepository
from cip_async.registry.listing.lister import Lister
from cip_async.registry.listing.walk import Sought
from cip_async.registry.listing.worth import is_worth_listing

if TYPE_CHECKING:
    from cip_async.inventory.store import InventoryStore, Remembered  # most runs keep none

_LOOKS: Final = 4
"""How often it is looked for what waits for late hosts, within the time that makes them so."""

PlanPair = Callable[[Pair, Listing | ListingFailure, Listing | ListingFailure | None], PairPlan]
"""Sorts the edges of a pair, given its destination's and, where it was asked, its source's listing."""

Needed = Callable[[Pair, Listing], AbstractSet[Digest]]
"""The digests that a pair's destination does not have as wanted, so that the source is asked for them."""

OnPlanned = Callable[[Sequence[PairPlan]], Awaitable[None]]
"""Takes the plans of pairs of one source repository, in the order of the pairs; it may make the crawl wait. They are
all its pairs, unless some are of hosts that are late; each pair is handed on once."""


@attrs.define(eq=False)
class _Group:
    """One source repository with all its pairs: what is handed on together, where no host is late."""

    source: Repository
    unplanned: dict[int, Host] = attrs.field(factory=dict)
    plans: dict[int, PairPlan] = attrs.field(factory=dict)
    """Those that were not handed on yet."""
    waiting: list["_Waiting"] = attrs.field(factory=list)
    is_asking: bool = False
    known: Listing | ListingFailure | None = None


@attrs.frozen(eq=False)
class _Place:
    """A pair, and which of its group's pairs it is."""

    group: _Group
    number: int
    pair: Pair


@attrs.frozen(eq=False)
class _Waiting:
    """A pair whose destination lacks something, and is to be planned when the source was asked for it."""

    place: _Place
    destination: Listing
    lacking: AbstractSet[Digest]


async def crawl(
    pairs: Iterable[Pair],
    *,
    lister: Lister,
    holds: HoldsDigest,
    needed: Needed,
    plan_pair: PlanPair,
    on_planned: OnPlanned,
    learnt: Learnt | None = None,
    store: "InventoryStore | None" = None,
    trusted_s: float | None = None,
    asks_sources: bool = True,
    late_s: float = math.inf,
    listener: Listener = tell_nobody,
) -> None:
    """List what `pairs` name, and hand on the plans of each source repository once they are complete.

    `holds` says whether a source repository holds a digest, where it is not listed. `learnt` counts the listings. With
    a `store` all of them are kept there too, and what it knew before is trusted for `trusted_s` seconds. Unless it
    `asks_sources`, they are taken to hold nothing: the plans then tell what the destinations lack, and no more. A host
    of destinations is late if it has told nothing of any of them in the first `late_s` seconds; the plans of others do
    not wait for those of late hosts.

    Raises:
        FileProblem: the store cannot be read or written.
    """
    learnt = Learnt() if learnt is None else learnt
    whom = holds if asks_sources else None
    await _Crawl(
        pairs,
        lister,
        whom,
        needed,
        plan_pair,
        on_planned,
        learnt,
        store,
        trusted_s=trusted_s,
        late_s=late_s,
        listener=listener,
    ).run()


class _Crawl:
    """The state of one crawl; every step is a job in the lane of the host it talks to."""

    def __init__(
        self,
        pairs: Iterable[Pair],
        lister: Lister,
        holds: HoldsDigest | None,
        needed: Needed,
        plan_pair: PlanPair,
        on_planned: OnPlanned,
        learnt: Learnt,
        store: "InventoryStore | None",
        *,
        trusted_s: float | None,
        late_s: float,
        listener: Listener,
    ) -> None:
        self._lister = lister
        self._holds = holds
        self._needed = needed
        self._plan_pair = plan_pair
        self._on_planned = on_planned
        self._learnt = learnt
        self._store = store
        self._trusted_s = trusted_s
        self._late_s = late_s
        self._listener = listener
        self._began_at = math.inf
        self._heard: set[Host] = set()
        self._lanes = Lanes(per_host=lister.settings.threads, hosts_at_once=lister.settings.hosts_at_once)
        self._destinations: dict[Repository, list[_Place]] = {}
        self._looked_for: dict[tuple[WantedImage, ...], Sought] = {}
        groups: dict[Repository, _Group] = {}
        for pair in pairs:
            group = groups.setdefault(pair.source, _Group(pair.source))
            number = len(group.unplanned)
            self._destinations.setdefault(pair.destination, []).append(_Place(group, number, pair))
            group.unplanned[number] = pair.destination.host
        self._groups = tuple(groups.values())

    async def run(self) -> None:
        """List everything, one source repository's destinations after the other's."""
        self._listener(StageStarted(stage=Stage.LIST, total=len(self._destinations)))
        shared = self._lister.shared(self._destinations)
        together = frozenset().union(*shared.values())
        walks = ((API_HOST, functools.partial(self._list_together, *each)) for each in shared.items())
        alone = (
            (destination.host, functools.partial(self._list_destination, destination))
            for destination in self._destinations
            if destination not in together
        )
        self._began_at = anyio.current_time()
        failure: CipError | None = None
        async with anyio.create_task_group() as tasks:
            ended = anyio.Event()
            if self._late_s < math.inf:
                tasks.start_soon(self._watch, ended)
            try:
                await self._lanes.run((*walks, *alone))
            except CipError as error:
                failure = error
            ended.set()
        if failure is not None:
            raise failure

    async def _watch(self, ended: anyio.Event) -> None:
        """Hand on what waits for none but late hosts. It ends of itself, so that what it hands on arrives."""
        with anyio.move_on_after(self._late_s):
            await ended.wait()
        while not ended.is_set():
            for group in self._groups:
                if group.plans:
                    await self._hand_on(group)
            with anyio.move_on_after(self._late_s / _LOOKS):
                await ended.wait()

    async def _hand_on(self, group: _Group) -> None:
        """Hand on what is planned, unless some pairs will be soon."""
        if all(self._is_late(host) for host in group.unplanned.values()):
            plans, group.plans = group.plans, {}
            await self._on_planned([plans[number] for number in sorted(plans)])

    def _is_late(self, host: Host) -> bool:
        return host not in self._heard and anyio.current_time() - self._began_at > self._late_s

    async def _list_together(self, parent: ArtifactRepository, destinations: Sequence[Repository]) -> None:
        """List destinations by one walk, and let those that it leaves out be listed one by one."""
        sought: dict[Repository, Sought] = {}
        for destination in destinations:
            trusted = self._trusted(destination, await self._recalled(destination))
            if trusted is not None:
                await self._sort(destination, trusted)
            else:
                sought[destination] = self._sought(destination)
        left = dict.fromkeys(sought)
        if len(sought) > 1:
            async with aclosing(self._lister.together(parent, sought)) as listings:
                async for listing in listings:
                    del left[listing.repository]
                    self._learnt.listed(listing)
                    if self._store is not None:
                        await self._store.put(listing)
                    self._tell(listing)
                    await self._sort(listing.repository, listing)
        for destination in left:
            self._lanes.add(destination.host, functools.partial(self._list_destination, destination))

    def _sought(self, destination: Repository) -> Sought:
        """What a walk looks for in `destination`; mirrors that are to have the same share it."""
        pairs = self._pairs(destination)
        images = tuple(pair.image for pair in pairs)
        if images not in self._looked_for:
            self._looked_for[images] = Sought.of(wanted_tags(pairs), wanted_digests(pairs), wanted_tagless(pairs))
        return self._looked_for[images]

    async def _list_destination(self, destination: Repository) -> None:
        await self._sort(destination, await self._destination(destination))

    async def _sort(self, destination: Repository, listing: Listing | ListingFailure) -> None:
        """Plan the pairs of `destination` that lack nothing, and ask the sources of the others."""
        for place in self._destinations[destination]:
            lacking = self._needed(place.pair, listing) if isinstance(listing, Listing) else frozenset()
            if lacking and isinstance(listing, Listing):
                place.group.waiting.append(_Waiting(place, narrowed(listing, [place.pair]), lacking))
                self._ask_source(place.group)
            else:
                await self._plan(place, listing, None)

    async def _destination(self, destination: Repository) -> Listing | ListingFailure:
        """What a destination holds: by the inventory, where that is trusted, or by its registry."""
        pairs = self._pairs(destination)
        tags = wanted_tags(pairs)
        known = await self._recalled(destination)
        trusted = self._trusted(destination, known)
        if trusted is not None:
            return trusted
        believed = len(tags & known.listing.tags.keys()) if known is not None else 0
        return await self._listed(destination, self._lister.wanted(destination, tags, wanted_tagless(pairs), believed))

    def _trusted(self, destination: Repository, known: "Remembered | None") -> Listing | None:
        """What is `known` of a destination, if that is to be trusted."""
        if known is None or not is_trusted(known.listing, known.age_s, self._trusted_s, self._pairs(destination)):
            return None
        self._listener(ListingTrusted(repository=destination, age_s=known.age_s))
        return known.listing

    def _pairs(self, destination: Repository) -> Sequence[Pair]:
        return [place.pair for place in self._destinations[destination]]

    async def _recalled(self, destination: Repository) -> "Remembered | None":
        """What the store knew of a destination before, where that can spare a request."""
        if self._store is None or (self._trusted_s is None and self._lister.lists_all(destination.host)):
            return None
        return await self._store.recall(destination)

    def _ask_source(self, group: _Group) -> None:
        if not group.is_asking:
            group.is_asking = True
            self._lanes.add(group.source.host, functools.partial(self._answer, group), first=True)

    async def _answer(self, group: _Group) -> None:
        """Plan the pairs that wait for the source, and those that come to wait for it meanwhile."""
        while group.waiting:
            waiting, group.waiting = group.waiting, []
            source = await self._source(group, frozenset().union(*(each.lacking for each in waiting)))
            for each in waiting:
                doubtful = _doubtful(each, source)
                if doubtful:
                    look_again = functools.partial(self._look_again, each, doubtful, source)
                    self._lanes.add(each.destination.repository.host, look_again, first=True)
                else:
                    await self._plan(each.place, each.destination, source)
        group.is_asking = False

    async def _source(self, group: _Group, lacking: AbstractSet[Digest]) -> Listing | ListingFailure:
        """What the source says of `lacking`; nothing is asked twice, nor again after a failure."""
        known = group.known
        if self._holds is None:
            return Listing(repository=group.source, digests=frozenset(), tags={})
        if isinstance(known, ListingFailure):
            return known
        if known is None:
            self._listener(ListingExpected(listings=1))
            known = group.known = await self._listed(group.source, self._asked(group.source, lacking, self._holds))
        elif known.asked is not None and (unasked := lacking - known.asked - known.unreadable.keys()):
            self._listener(ListingExpected(listings=1))
            more = await self._listed(group.source, self._asked(group.source, unasked, self._holds), known)
            known = group.known = _after(known, unasked, more)
        return known

    async def _asked(self, source: Repository, digests: AbstractSet[Digest], holds: HoldsDigest) -> Listing:
        """What the source says of `digests`, by a listing where that costs less than to read each of them."""
        if self._lister.lists_all(source.host) and is_worth_listing(len(digests)):
            return await self._lister.digests(source, digests)
        return await presence(source, digests, holds)

    async def _look_again(
        self, waiting: _Waiting, doubtful: AbstractSet[Digest], source: Listing | ListingFailure
    ) -> None:
        """Ask the destination for digests that it was not asked for, since the source does not have them."""
        destination = waiting.destination.repository
        self._listener(ListingExpected(listings=1))
        more = await self._listed(destination, self._lister.digests(destination, doubtful), waiting.destination)
        await self._plan(waiting.place, _after(waiting.destination, doubtful, more), source)

    async def _listed(
        self, repository: Repository, listing: Awaitable[Listing], known: Listing | None = None
    ) -> Listing | ListingFailure:
        """What `listing` and what was `known` before say together, or why the one cannot be had."""
        try:
            more = await listing
            self._learnt.listed(more)
            found = united(known, more) if known else more
        except (RegistryError, CredentialError) as error:
            self._listener(ListingFailed(repository=repository, reason=str(error)))
            return ListingFailure(repository=repository, reason=str(error), needs_access=error.needs_access)
        if self._store is not None:
            await (self._store.put(more) if known is None else self._store.extend([more]))
        self._tell(found)
        return found

    def _tell(self, found: Listing) -> None:
        self._heard.add(found.repository.host)
        self._listener(RepositoryListed(repository=found.repository, digests=len(found.digests), tags=len(found.tags)))

    async def _plan(
        self, place: _Place, destination: Listing | ListingFailure, source: Listing | ListingFailure | None
    ) -> None:
        plan = self._plan_pair(place.pair, destination, source)
        self._listener(
            PairPlanned(
                source=place.pair.source,
                destination=place.pair.destination,
                already_promoted=plan.already_promoted,
                promote=sum(promotion.edges for promotion in plan.promotions),
                setbacks=len(plan.setbacks),
            )
        )
        group = place.group
        group.plans[place.number] = plan
        del group.unplanned[place.number]
        if not group.unplanned:
            group.known = None
        await self._hand_on(group)


def _after(known: Listing, asked: AbstractSet[Digest], more: Listing | ListingFailure) -> Listing:
    """What is known when `asked` was asked for too: a failure is about those alone, and takes back nothing."""
    if isinstance(more, Listing):
        return more
    return attrs.evolve(known, unreadable={**known.unreadable, **dict.fromkeys(asked, more.reason)})


def _doubtful(waiting: _Waiting, source: Listing | ListingFailure) -> AbstractSet[Digest]:
    """The lacking digests that the source does not have, and that the destination was not asked for."""
    return {
        digest
        for digest in waiting.lacking
        if waiting.destination.holds(digest) is None and not (isinstance(source, Listing) and source.holds(digest))
    }
