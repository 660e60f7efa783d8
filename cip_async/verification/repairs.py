"""What to place again where content is damaged, and what came of it; pure.

A blob is placed with a document that refers to it, a document with all that it lacks. Documents are written by their
digest: the tags that lead to them are there, and are not written again. Nothing is deleted.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import attrs

from cip_async.model.damage import Damage, Flaw, PieceKind, Repair, RepairFate
from cip_async.model.outcome import Fate
from cip_async.model.plan import Pair, PairPlan, Plan, Promotion
from cip_async.model.report import Failure
from cip_async.reference import Digest, Repository, Tag

FailureKey = tuple[Repository, Repository, Digest, Tag | None]


def placements(plan: Plan, damages: Iterable[Damage]) -> tuple[PairPlan, ...]:
    """What is to be placed again: for each destination, the documents that lack something that can be had."""
    by_destination: defaultdict[Repository, list[Damage]] = defaultdict(list)
    for damage in damages:
        if damage.flaw is not Flaw.UNKNOWN:
            by_destination[damage.repository].append(damage)
    placed: list[PairPlan] = []
    for pair in _pairs(plan, by_destination):
        found = by_destination[pair.destination]
        lacking = {damage.piece.digest: damage.origin or pair.source for damage in found}
        documents = sorted({document_of(damage) for damage in found if damage.origin is not None})
        promotions = tuple(
            Promotion(digest=digest, tags=(), in_destination=False, in_source=True, lacking=lacking)
            for digest in documents
        )
        placed.append(PairPlan(pair=pair, already_promoted=0, promotions=promotions, setbacks=()))
    return tuple(each for each in placed if each.promotions)


def document_of(damage: Damage) -> Digest:
    """The document that is written to mend a damage: it itself, or one that refers to it."""
    path = damage.paths[0]
    return damage.piece.digest if damage.piece.kind is PieceKind.MANIFEST else path[-2]


def damaged_images(damages: Iterable[Damage]) -> dict[Repository, tuple[Digest, ...]]:
    """The wanted digests to look at again when what can be had was placed."""
    found: defaultdict[Repository, dict[Digest, None]] = defaultdict(dict)
    for damage in damages:
        if damage.origin is not None:
            found[damage.repository].update((path[0], None) for path in damage.paths)
    return {repository: tuple(digests) for repository, digests in found.items()}


def expected(damages: Iterable[Damage], fate: RepairFate, reason: str = "") -> tuple[Repair, ...]:
    """What becomes of damages before anything was placed: those that can be mended have this fate."""
    return tuple(
        Repair(damage=damage, fate=fate, reason=reason)
        if damage.origin is not None
        else Repair(damage=damage, fate=RepairFate.FAILED, reason=damage.hopeless)
        for damage in damages
    )


def results(
    damages: Iterable[Damage], left: Iterable[Damage], failures: Mapping[tuple[Repository, Digest], str]
) -> tuple[Repair, ...]:
    """What became of damages, given those that were `left` when all was looked at again.

    `failures` say why a document was not written in a destination.
    """
    still = {(damage.repository, damage.piece): damage for damage in left}
    repairs: list[Repair] = []
    for damage in damages:
        again = still.pop((damage.repository, damage.piece), None)
        if damage.origin is None:
            repairs.append(Repair(damage=damage, fate=RepairFate.FAILED, reason=damage.hopeless))
        elif again is None:
            repairs.append(Repair(damage=damage, fate=RepairFate.REPAIRED))
        else:
            reason = failures.get((damage.repository, document_of(damage))) or _persists(damage, again)
            repairs.append(Repair(damage=damage, fate=RepairFate.FAILED, reason=reason))
    fresh = (Repair(damage=damage, fate=RepairFate.FAILED, reason=_FOUND_LATE) for damage in still.values())
    return (*repairs, *fresh)


def broken_edges(plan: Plan, repairs: Iterable[Repair]) -> dict[FailureKey, Failure]:
    """The edges that lead to images which are damaged and were not mended, and why; only those to be there."""
    reasons: dict[tuple[Repository, Digest], str] = {}
    for repair in repairs:
        if repair.fate in (RepairFate.FAILED, RepairFate.NOT_STARTED):
            damage = repair.damage
            why = f"; {repair.reason}" if repair.reason else ""
            for path in damage.paths:
                reasons.setdefault((damage.repository, path[0]), f"damaged: {damage}{why}")
    if not reasons:
        return {}
    broken: dict[FailureKey, Failure] = {}
    for pair_plan in plan.pairs:
        pair = pair_plan.pair
        aside = {(setback.digest, setback.tag) for setback in pair_plan.setbacks}
        for want in pair.image.wants:
            reason = reasons.get((pair.destination, want.digest))
            for tag in want.tags or (None,) if reason is not None else ():
                if (want.digest, tag) not in aside:
                    broken[pair.source, pair.destination, want.digest, tag] = _failure(pair, want.digest, tag, reason)
    return broken


def without(pair_plan: PairPlan, broken: Mapping[FailureKey, Failure]) -> PairPlan:
    """A pair without the promotions that would let a tag lead to a damaged image."""
    pair = pair_plan.pair
    sound = tuple(
        promotion
        for promotion in pair_plan.promotions
        if not any(
            (pair.source, pair.destination, promotion.digest, tag) in broken for tag in promotion.tags or (None,)
        )
    )
    return pair_plan if len(sound) == len(pair_plan.promotions) else attrs.evolve(pair_plan, promotions=sound)


_FOUND_LATE = "it was found when the image was looked at again"


def _persists(damage: Damage, again: Damage) -> str:
    if again.reason == damage.reason:
        return "it was placed again, and that changed nothing: it must be mended in the registry"
    return f"it was placed again, and is damaged still: {again}"


def _failure(pair: Pair, digest: Digest, tag: Tag | None, reason: str | None) -> Failure:
    return Failure(
        source=pair.source,
        destination=pair.destination,
        digest=digest,
        tag=tag,
        fate=Fate.FAILED,
        reason=reason or "",
    )


def _pairs(plan: Plan, damaged: Mapping[Repository, list[Damage]]) -> list[Pair]:
    """For each damaged destination, a pair that leads there from where the first of its damaged images is wanted."""
    found: dict[Repository, Pair] = {}
    for pair_plan in plan.pairs:
        pair = pair_plan.pair
        if pair.destination in damaged and pair.destination not in found:
            wanted = {want.digest for want in pair.image.wants}
            if any(path[0] in wanted for damage in damaged[pair.destination] for path in damage.paths):
                found[pair.destination] = pair
    return [found[destination] for destination in sorted(found)]
