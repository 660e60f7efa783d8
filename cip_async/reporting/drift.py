"""Which edges of a plan are not as they are wanted; pure.

The plan must have been made as if sources held nothing: whether they could give what a destination lacks is another
question. Where a destination lacks a digest, planning then calls its edges lost.
"""

from collections.abc import Iterator
from typing import Final

from cip_async.model.damage import Flaw
from cip_async.model.outcome import Outcome
from cip_async.model.plan import PairPlan, Plan, Promotion, Setback
from cip_async.model.promoter_manifest import Place
from cip_async.model.verification import Drift
from cip_async.reference import Digest, Tag

_FLAWS: Final = {
    Outcome.OVERLAP: Flaw.CONFLICT,
    Outcome.TAG_MOVE: Flaw.TAG_MOVED,
    Outcome.LOST: Flaw.IMAGE_MISSING,
    Outcome.UNKNOWN: Flaw.UNKNOWN,
}


def drift(plan: Plan) -> Iterator[Drift]:
    """Every edge that is not as it is wanted, sorted by source, destination, digest and tag, one after the other."""
    for pair_plan in sorted(plan.pairs, key=lambda each: (each.pair.source, each.pair.destination)):
        yield from pair_drift(pair_plan)


def pair_drift(pair_plan: PairPlan) -> list[Drift]:
    """The edges of one pair that are not as they are wanted, sorted by digest and tag."""
    lacking = (each for promotion in pair_plan.promotions for each in _lacking(pair_plan, promotion))
    set_aside = (_set_aside(pair_plan, setback) for setback in pair_plan.setbacks)
    return sorted((*lacking, *set_aside), key=lambda each: (each.digest, each.tag or ""))


def _lacking(pair_plan: PairPlan, promotion: Promotion) -> Iterator[Drift]:
    flaw = Flaw.TAG_MISSING if promotion.in_destination else Flaw.IMAGE_MISSING
    for tag in promotion.tags or (None,):
        place = _place(pair_plan, promotion.digest, tag)
        yield _drift(pair_plan, promotion.digest, tag, flaw, _REASONS[flaw], place)


def _set_aside(pair_plan: PairPlan, setback: Setback) -> Drift:
    flaw = _FLAWS[setback.outcome]
    reason = _REASONS.get(flaw, setback.reason)
    return _drift(pair_plan, setback.digest, setback.tag, flaw, reason, setback.place)


_REASONS: Final = {
    Flaw.TAG_MISSING: "the image is there, and the tag is not",
    Flaw.IMAGE_MISSING: "the image is not there",
}


def _drift(pair_plan: PairPlan, digest: Digest, tag: Tag | None, flaw: Flaw, reason: str, place: Place) -> Drift:
    return Drift(
        source=pair_plan.pair.source,
        destination=pair_plan.pair.destination,
        digest=digest,
        tag=tag,
        flaw=flaw,
        reason=reason,
        place=place,
    )


def _place(pair_plan: PairPlan, digest: Digest, tag: Tag | None) -> Place:
    """Where an edge is wanted."""
    wants = [want for want in pair_plan.pair.image.wants if want.digest == digest]
    if tag is None:
        return wants[0].place
    return next(
        place for want in wants for named, place in zip(want.tags, want.tag_places, strict=True) if named == tag
    )
