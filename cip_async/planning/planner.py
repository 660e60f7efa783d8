"""Plans the pairs of one run: what their tags overlap in is known, and mirrors that lack the same share it."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import attrs

from cip_async.model.listing import Listing, ListingFailure
from cip_async.model.plan import Overlap, Pair, PairPlan, Promotion
from cip_async.planning.outcomes import needed, pair_plan
from cip_async.planning.overlaps import overlapping
from cip_async.reference import Digest


class Planner:
    """Decides about pairs, one after the other and in any order.

    The plans do not depend on the order; only their memory is shared, so that a new mirror of many images costs
    no more than an image costs.
    """

    def __init__(self, overlaps: Iterable[Overlap]) -> None:
        self._overlapping = overlapping(overlaps)
        self._promotions: dict[tuple[Promotion, ...], tuple[Promotion, ...]] = {}

    def needed(self, pair: Pair, destination: Listing) -> AbstractSet[Digest]:
        """The digests that are not in `destination` as wanted: the source must say whether it holds them."""
        return needed(pair, destination, overlapping=self._overlapping)

    def pair_plan(
        self, pair: Pair, destination: Listing | ListingFailure, source: Listing | ListingFailure | None
    ) -> PairPlan:
        """What becomes of every edge of `pair`; `source` is None where nothing was `needed` of it."""
        plan = pair_plan(pair, destination, source, overlapping=self._overlapping)
        shared = self._promotions.setdefault(plan.promotions, plan.promotions)
        return plan if shared is plan.promotions else attrs.evolve(plan, promotions=shared)
