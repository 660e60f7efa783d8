"""Verification: whether destinations have what is wanted there, on its own, before a promotion, and after one.

On its own it lists, and where it goes deep it looks at content. Before a promotion it looks at content, and has what is
damaged placed again. After one it lists once more what was written to.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import attrs

from cip_async.events import Event, ImagePlaced, ImageRepaired, Stage, StageStarted
from cip_async.model.damage import Damage, RepairFate
from cip_async.model.plan import PairPlan, Plan
from cip_async.reference import Digest, Repository
from cip_async.run import NOT_DONE, Run
from cip_async.stages import Stages, by_source
from cip_async.verification.held import images
from cip_async.verification.repairs import damaged_images, expected, placements, results


@attrs.frozen(eq=False)
class Verifier:
    """Verifies what runs are about."""

    _stages: Stages

    async def verify(self, run: Run) -> None:
        """Find out whether destinations have what is wanted, and where the run is deep, whole."""

        async def take(pair_plans: Sequence[PairPlan]) -> None:
            run.draft.take(pair_plans)

        await self._stages.list(run, take, run.draft.pairs, asks_sources=False)
        run.plan = run.draft.plan()
        if run.deep:
            await self._stages.walk(run, images(run.plan), run.damages.extend)

    async def repair(self, run: Run, plan: Plan, *, confirm: bool) -> None:
        """Find what is damaged of all that is believed to be there, and place it again where that is allowed."""
        damages: list[Damage] = []
        await self._stages.walk(run, images(plan), damages.extend)
        if not confirm:
            run.mended(expected(damages, RepairFate.WOULD_REPAIR))
            return
        run.mended(expected(damages, RepairFate.NOT_STARTED, NOT_DONE))
        await self._place_again(run, placements(plan, damages))
        left: list[Damage] = []
        await self._stages.walk(run, damaged_images(damages), left.extend)
        failures = run.mender.progress.failures.values() if run.mender else ()
        reasons = {(failure.destination, failure.digest): failure.reason for failure in failures}
        run.broken.clear()
        run.mended(results(damages, left, reasons))

    async def list_again(self, run: Run) -> None:
        """List what was written to once more, and compare it with what this run says of it."""
        written = run.written()

        async def compare(pair_plans: Sequence[PairPlan]) -> None:
            for after in pair_plans:
                run.compare(*written[after.pair.source, after.pair.destination], after)

        await self._stages.list(run, compare, [before.pair for before, _ in written.values()], asks_sources=False)
        run.verified_listings = len({destination for _, destination in written})

    async def _place_again(self, run: Run, placed: Sequence[PairPlan]) -> None:
        if not placed:
            return
        self._stages.listener(StageStarted(stage=Stage.COPY, total=sum(len(each.promotions) for each in placed)))
        run.mender = self._stages.engine(run, self._mending, _believing_nothing)
        await run.mender.copy(by_source(sorted(placed, key=lambda each: each.pair.source)))

    def _mending(self, event: Event, /) -> None:
        """Tell of what the engine does for repairs: nothing that it places is new."""
        if isinstance(event, ImagePlaced):
            event = ImageRepaired(destination=event.destination, digest=event.digest)
        self._stages.listener(event)


def _believing_nothing(destination: Repository) -> AbstractSet[Digest]:
    """What a listing shows, where it is known not to be true of all that the images consist of."""
    del destination
    return frozenset()
