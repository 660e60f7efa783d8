"""Decides whether a plan may be carried out, and which registry entries cannot be right."""

from collections.abc import Iterable

from cip_async.model.outcome import Outcome
from cip_async.model.plan import LostSource, PairPlan, Plan, Setback
from cip_async.reference import RegistryPath


def is_blocked(plan: Plan) -> bool:
    """Whether nothing of `plan` may be written, since something is wrong and the run is to abort on that.

    Unknown edges block nothing, and lost ones only where a whole source is lost.
    """
    if plan.quarantine:
        return False
    return bool(plan.overlaps or plan.lost_sources or plan.invalid) or any(
        setback.outcome in (Outcome.OVERLAP, Outcome.TAG_MOVE) for pair in plan.pairs for setback in pair.setbacks
    )


def lost_sources(pair_plans: Iterable[PairPlan]) -> tuple[LostSource, ...]:
    """The source registry entries of which every edge is lost, sorted; with filters, every edge that was asked for.

    An edge that is unknown, in conflict or in its destination already speaks for its source.
    """
    lost: dict[RegistryPath, list[Setback]] = {}
    found: set[RegistryPath] = set()
    for plan in pair_plans:
        entry = plan.pair.source_entry
        if plan.already_promoted or plan.promotions or any(_is_not_lost(setback) for setback in plan.setbacks):
            found.add(entry)
        else:
            lost.setdefault(entry, []).extend(plan.setbacks)
    return tuple(
        LostSource(entry=entry, edges=len(lost[entry]), place=min(setback.place for setback in lost[entry]))
        for entry in sorted(lost.keys() - found)
    )


def _is_not_lost(setback: Setback) -> bool:
    return setback.outcome is not Outcome.LOST
