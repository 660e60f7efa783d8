"""The edges of a run, spelled out one after the other: what was wanted, what became of it, why.

Edges are made as they are asked for, since a run over many mirrors has more of them than fit in memory.
"""

from collections.abc import Iterator
from typing import Final

from cip_async.model.outcome import Fate, Outcome
from cip_async.model.plan import PairPlan, Promotion, Setback
from cip_async.model.report import EdgeReport, Ending, Failure, Report
from cip_async.reference import Digest, Repository, Tag

NOTHING_WRITTEN: Final = {
    Ending.CONFLICT: "the plan has conflicts, and nothing is written before they are resolved",
    Ending.CHECK_FAILED: "a check found errors, and nothing is written before they are resolved",
}
"""Why edges to be promoted were not, for each ending that comes before the first write."""


def edges(report: Report) -> Iterator[EdgeReport]:
    """Every edge that was not already promoted, sorted by source, destination, digest and tag."""
    for pair_plan in _sorted_pairs(report):
        yield from pair_edges(report, pair_plan)


def all_edges(report: Report) -> Iterator[EdgeReport]:
    """Every edge there is, sorted as `edges` are; with many mirrors these are hundreds of thousands."""
    for pair_plan in _sorted_pairs(report):
        yield from sorted((*pair_edges(report, pair_plan), *_already_promoted(report, pair_plan)), key=_order)


def pair_edges(report: Report, pair_plan: PairPlan) -> list[EdgeReport]:
    """The edges of one pair that were not already promoted, or turned out not to be, sorted by digest and tag."""
    promotions = (edge for promotion in pair_plan.promotions for edge in _promotion_edges(report, pair_plan, promotion))
    setbacks = (_setback_edge(report, pair_plan, setback) for setback in pair_plan.setbacks)
    broken = map(_broken_edge, broken_claims(report, pair_plan))
    return sorted((*promotions, *setbacks, *broken), key=_order)


def broken_claims(report: Report, pair_plan: PairPlan) -> list[Failure]:
    """The failures of edges that planning took for promoted."""
    failures = report.failures_by_pair.get((pair_plan.pair.source, pair_plan.pair.destination), ())
    if not failures:
        return []
    promised = {(promotion.digest, tag) for promotion in pair_plan.promotions for tag in promotion.tags or (None,)}
    return [failure for failure in failures if (failure.digest, failure.tag) not in promised]


def setback_fate(report: Report, pair_plan: PairPlan, setback: Setback) -> Fate:
    """What becomes of an edge that planning already set aside."""
    left_out = Fate.QUARANTINED if report.plan.quarantine else Fate.CONFLICT
    match setback.outcome:
        case Outcome.OVERLAP | Outcome.TAG_MOVE:
            return left_out
        case Outcome.LOST:
            return left_out if pair_plan.pair.source_entry in report.plan.lost_entries else Fate.LOST
        case Outcome.ALREADY_PROMOTED:
            return Fate.ALREADY_PROMOTED
        case Outcome.UNKNOWN | Outcome.PROMOTE:
            return Fate.FAILED


def default_fate(report: Report) -> Fate:
    """What became of an edge to be promoted that did not fail."""
    if report.ending in NOTHING_WRITTEN:
        return Fate.NOT_STARTED
    return Fate.WOULD_PROMOTE if report.dry_run else Fate.PROMOTED


def _sorted_pairs(report: Report) -> list[PairPlan]:
    return sorted(report.plan.pairs, key=lambda plan: (plan.pair.source, plan.pair.destination))


def _promotion_edges(report: Report, pair_plan: PairPlan, promotion: Promotion) -> Iterator[EdgeReport]:
    pair = pair_plan.pair
    fate = default_fate(report)
    reason = NOTHING_WRITTEN.get(report.ending, "")
    for tag in promotion.tags or (None,):
        failure = report.failures.get((pair.source, pair.destination, promotion.digest, tag))
        yield EdgeReport(
            source=pair.source,
            destination=pair.destination,
            digest=promotion.digest,
            tag=tag,
            outcome=Outcome.PROMOTE,
            fate=failure.fate if failure else fate,
            reason=failure.reason if failure else reason,
        )


def _setback_edge(report: Report, pair_plan: PairPlan, setback: Setback) -> EdgeReport:
    return EdgeReport(
        source=pair_plan.pair.source,
        destination=pair_plan.pair.destination,
        digest=setback.digest,
        tag=setback.tag,
        outcome=setback.outcome,
        fate=setback_fate(report, pair_plan, setback),
        reason=setback.reason,
        place=setback.place,
    )


def _broken_edge(failure: Failure) -> EdgeReport:
    return EdgeReport(
        source=failure.source,
        destination=failure.destination,
        digest=failure.digest,
        tag=failure.tag,
        outcome=Outcome.ALREADY_PROMOTED,
        fate=failure.fate,
        reason=failure.reason,
    )


def _already_promoted(report: Report, pair_plan: PairPlan) -> Iterator[EdgeReport]:
    pair = pair_plan.pair
    told: set[tuple[Digest, Tag | None]] = {(setback.digest, setback.tag) for setback in pair_plan.setbacks}
    told.update((promotion.digest, tag) for promotion in pair_plan.promotions for tag in promotion.tags or (None,))
    told.update((failure.digest, failure.tag) for failure in broken_claims(report, pair_plan))
    for want in pair.image.wants:
        for tag in want.tags or (None,):
            if (want.digest, tag) in told:
                continue
            told.add((want.digest, tag))
            yield EdgeReport(
                source=pair.source,
                destination=pair.destination,
                digest=want.digest,
                tag=tag,
                outcome=Outcome.ALREADY_PROMOTED,
                fate=Fate.ALREADY_PROMOTED,
                reason="",
            )


def _order(edge: EdgeReport) -> tuple[Repository, Repository, Digest, str]:
    return edge.source, edge.destination, edge.digest, edge.tag or ""
