"""Plans the pairs of one run: knows which tags overlap, and lets mirrors share what is to be said of several.

Without the sharing, a new mirror or one that cannot be reached would cost an object for each of its edges.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import attrs

from cip_async.model.listing import Listing, ListingFailure
from cip_async.model.plan import Overlap, Pair, PairPlan, Promotion
from cip_async.model.promoter_manifest import WantedImage
from cip_async.planning.outcomes import needed, not_listed, pair_plan, unknown_plan
from cip_async.planning.overlaps import overlapping
from cip_async.reference import Digest


class Planner:
    """Decides about pairs, one after the other. Their order changes nothing, nor does planning a pair again."""

    def __init__(self, overlaps: Iterable[Overlap]) -> None:
        self._overlapping = overlapping(overlaps)
        self._promotions: dict[tuple[Promotion, ...], tuple[Promotion, ...]] = {}
        self._unknown: dict[tuple[WantedImage, str, bool], PairPlan] = {}

    def needed(self, pair: Pair, destination: Listing) -> AbstractSet[Digest]:
        """The digests that are not in `destination` as wanted: the source must say whether it holds them."""
        return needed(pair, destination, overlapping=self._overlapping)

    def pair_plan(
        self, pair: Pair, destination: Listing | ListingFailure, source: Listing | ListingFailure | None
    ) -> PairPlan:
        """What becomes of every edge of `pair`; `source` is None where nothing was `needed` of it."""
        if isinstance(destination, ListingFailure):
            return self.unknown(pair, not_listed(destination), needs_access=destination.needs_access)
        plan = pair_plan(pair, destination, source, overlapping=self._overlapping)
        shared = self._promotions.setdefault(plan.promotions, plan.promotions)
        return plan if shared is plan.promotions else attrs.evolve(plan, promotions=shared)

    def unknown(self, pair: Pair, reason: str, *, needs_access: bool = False) -> PairPlan:
        """A plan in which every edge is unknown for `reason`, which is all that can differ between most mirrors."""
        if pair.destination in self._overlapping:
            return unknown_plan(pair, reason, needs_access=needs_access, overlapping=self._overlapping)
        key = pair.image, reason, needs_access
        if key not in self._unknown:
            self._unknown[key] = unknown_plan(pair, reason, needs_access=needs_access)
        return attrs.evolve(self._unknown[key], pair=pair)
