"""What destinations hold by the listings that a plan was made from: images whose content is worth looking at; pure."""

from cip_async.model.plan import PairPlan, Plan
from cip_async.reference import Digest, Repository, Tag


def images(plan: Plan) -> dict[Repository, tuple[Digest, ...]]:
    """The wanted digests that destinations hold by their listings."""
    found: dict[Repository, dict[Digest, None]] = {}
    for pair_plan in plan.pairs:
        found.setdefault(pair_plan.pair.destination, {}).update(dict.fromkeys(held(pair_plan)))
    return {destination: tuple(digests) for destination, digests in found.items()}


def held(pair_plan: PairPlan) -> list[Digest]:
    """The wanted digests that the destination holds by its listing, each once, in the order of the wants.

    Of one that is wanted under other tags alone than it has, a listing need not say anything.
    """
    if not pair_plan.promotions and not pair_plan.setbacks:
        return list(dict.fromkeys(want.digest for want in pair_plan.pair.image.wants))
    undone: set[tuple[Digest, Tag | None]] = {(setback.digest, setback.tag) for setback in pair_plan.setbacks}
    undone.update((promotion.digest, tag) for promotion in pair_plan.promotions for tag in promotion.tags or (None,))
    there = {promotion.digest for promotion in pair_plan.promotions if promotion.in_destination}
    return list(
        dict.fromkeys(
            want.digest
            for want in pair_plan.pair.image.wants
            if want.digest in there or any((want.digest, tag) not in undone for tag in want.tags or (None,))
        )
    )
