"""How many edges had which outcome and which fate, for each pair and for the whole run.

The numbers come from the plan and the failures without spelling any edge out.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

import attrs

from cip_async.model.outcome import Fate, Outcome
from cip_async.model.plan import PairPlan
from cip_async.model.report import Report
from cip_async.reference import Repository
from cip_async.reporting.edges import broken_claims, default_fate, setback_fate


@attrs.frozen(kw_only=True)
class Tally:
    """Counts of edges; what does not occur is not in the mappings. `images` counts (digest, destination) pairs.

    `images` are those to be placed, and `images_done` those of them that were placed with all their tags, or would be
    if the run was dry.
    """

    outcomes: Mapping[Outcome, int]
    fates: Mapping[Fate, int]
    images: int
    images_done: int

    def fate(self, fate: Fate) -> int:
        """How many edges had this fate."""
        return self.fates.get(fate, 0)

    @property
    def edges(self) -> int:
        """How many edges there are."""
        return sum(self.fates.values())


@attrs.frozen(kw_only=True)
class PairTally:
    """The counts of one pair of repositories."""

    source: Repository
    destination: Repository
    tally: Tally


def pair_tallies(report: Report) -> Iterator[PairTally]:
    """The counts of every pair, sorted by source and destination."""
    for pair_plan in sorted(report.plan.pairs, key=lambda plan: (plan.pair.source, plan.pair.destination)):
        pair = pair_plan.pair
        yield PairTally(source=pair.source, destination=pair.destination, tally=_tally(report, pair_plan))


def met_while_copying(report: Report) -> int:
    """How many edges came into conflict after the plan was made: somebody else wrote their tags."""
    return sum(failure.fate is Fate.CONFLICT for failure in report.failures.values())


def total(report: Report) -> Tally:
    """The counts of the whole run."""
    outcomes: Counter[Outcome] = Counter()
    fates: Counter[Fate] = Counter()
    images = images_done = 0
    for pair in pair_tallies(report):
        outcomes.update(pair.tally.outcomes)
        fates.update(pair.tally.fates)
        images += pair.tally.images
        images_done += pair.tally.images_done
    return Tally(outcomes=outcomes, fates=fates, images=images, images_done=images_done)


def _tally(report: Report, pair_plan: PairPlan) -> Tally:
    failures = report.failures_by_pair.get((pair_plan.pair.source, pair_plan.pair.destination), ())
    broken = {(failure.digest, failure.tag) for failure in broken_claims(report, pair_plan)}
    outcomes: Counter[Outcome] = Counter(setback.outcome for setback in pair_plan.setbacks)
    fates: Counter[Fate] = Counter(setback_fate(report, pair_plan, setback) for setback in pair_plan.setbacks)
    outcomes[Outcome.ALREADY_PROMOTED] += pair_plan.already_promoted
    fates[Fate.ALREADY_PROMOTED] += pair_plan.already_promoted - len(broken)
    to_promote = sum(promotion.edges for promotion in pair_plan.promotions)
    outcomes[Outcome.PROMOTE] += to_promote
    undone = Counter(failure.fate for failure in failures)
    fates.update(undone)
    otherwise = default_fate(report)
    fates[otherwise] += to_promote - (undone.total() - len(broken))
    digests_undone = len({each.digest for each in failures if (each.digest, each.tag) not in broken})
    images = len({promotion.digest for promotion in pair_plan.promotions})
    return Tally(
        outcomes=+outcomes,
        fates=+fates,
        images=images,
        images_done=0 if otherwise is Fate.NOT_STARTED else images - digests_undone,
    )
