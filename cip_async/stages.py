"""The stages that runs are made of, each tied to what it works with: list, look at content, copy.

In which order they come is said by the promoter and the verifier.
"""

import math
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING

import attrs

from cip_async.connections import Connections
from cip_async.copying.commit import Committer
from cip_async.copying.engine import Engine
from cip_async.errors import CipError
from cip_async.events import Event, Listener
from cip_async.inventory.crawl import OnPlanned, crawl
from cip_async.inventory.keeping import Keeping
from cip_async.model.plan import Pair, PairPlan
from cip_async.reference import Digest, Repository
from cip_async.registry.listing.strategy import is_google
from cip_async.run import Run
from cip_async.settings import Settings

if TYPE_CHECKING:
    from cip_async.verification.walk import Images, OnDamage


@attrs.frozen(kw_only=True, eq=False)
class Stages:
    """What the stages of a promoter's runs work with."""

    connections: Connections
    keeping: Keeping
    settings: Settings
    listener: Listener
    trusted_s: float | None
    server_side_only: bool

    async def list(
        self,
        run: Run,
        on_planned: OnPlanned,
        pairs: Iterable[Pair],
        *,
        asks_sources: bool = True,
        late_s: float = math.inf,
    ) -> None:
        """List what `pairs` name, and hand on their plans; the inventory is trusted only where sources are asked.

        `late_s` as in `crawl`.

        Raises:
            FileProblem: the inventory cannot be read or written.
        """
        await crawl(
            pairs,
            lister=self.connections.lister,
            holds=run.documents.holds,
            needed=run.needed,
            plan_pair=run.draft.planner.pair_plan,
            on_planned=on_planned,
            learnt=run.learnt,
            store=self.keeping.store,
            trusted_s=self.trusted_s if asks_sources else None,
            asks_sources=asks_sources,
            late_s=late_s,
            listener=self._heard(run),
        )

    async def walk(self, run: Run, wanted: "Images", on_damage: "OnDamage") -> None:
        """Look at all that the `wanted` images consist of, and hand on what is damaged."""
        from cip_async.verification.origins import Origins  # noqa: PLC0415 - most runs look at no content
        from cip_async.verification.walk import walk  # noqa: PLC0415

        client = self.connections.client
        await walk(
            wanted,
            client=client,
            origins=Origins(run.draft.pairs, client, run.documents.document),
            settings=self.settings,
            on_damage=on_damage,
            learnt=run.learnt,
            listener=self._heard(run),
        )

    async def copy(self, run: Run, groups: AsyncIterator[Sequence[PairPlan]]) -> None:
        """Place what is to be promoted, as it comes."""
        async with self.keeping.noting() as note:

            def listener(event: Event, /) -> None:
                note(event)
                self.listener(event)

            run.engine = self.engine(run, listener, run.holdings.take)
            await run.engine.copy(groups)

    def engine(self, run: Run, listener: Listener, held: Callable[[Repository], AbstractSet[Digest]]) -> Engine:
        """What places content; `held` is what a listing shows to be in a repository already."""
        client, retry = self.connections.client, self.connections.transport.retry
        return Engine(
            client=client,
            retry=retry,
            documents=run.documents,
            committer=Committer(client, retry, is_google, run.learnt),
            settings=self.settings,
            listener=listener,
            server_side_only=self.server_side_only,
            fed_by_several=run.draft.fed_by_several,
            held=held,
            is_google=is_google,
            is_stale=run.ages.is_stale,
            learnt=run.learnt,
        )

    def _heard(self, run: Run) -> Listener:
        """A listener that lets the run count what it hears."""

        def listener(event: Event, /) -> None:
            run.hear(event)
            self.listener(event)

        return listener


async def by_source(pair_plans: Iterable[PairPlan]) -> AsyncIterator[Sequence[PairPlan]]:
    """The plans of each source repository together, as the copy takes them; they come in the order of sources."""
    for _, group in groupby(pair_plans, key=lambda each: each.pair.source):
        yield tuple(group)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Let a deliberate error of a stage's tasks come out as it is, in no exception group."""
    try:
        yield
    except BaseExceptionGroup as group:
        deliberate, rest = group.split(CipError)
        if deliberate is None or rest is not None:
            raise
        failure: BaseException = deliberate
        while isinstance(failure, BaseExceptionGroup):
            failure = failure.exceptions[0]
        raise failure from None
