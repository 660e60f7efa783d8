"""Small verifications to tell about, made without asking any registry."""

from typing import Any

import attrs

from cip_async.model.damage import Damage, Flaw, Piece, PieceKind
from cip_async.model.outcome import Outcome
from cip_async.model.plan import Plan
from cip_async.model.report import Ending
from cip_async.model.verification import Verification
from cip_async.reference import ImageName
from tests.unit.reporting.samples import ASIA, EU, STAGING, digest, pair_plans, plan, promotion, setback, want

WANTS = (want("1", "a", "b"), want("2"), want("3", "c"), want("4", "d"), want("5", "e"), want("6", "f"), want("7", "g"))

DRIFTED = plan(
    *pair_plans(
        "foo",
        WANTS,
        promotions=[promotion("1", "b", in_destination=True), promotion("7", "g")],
        setbacks=[
            setback("2", None, Outcome.LOST, "neither there nor here"),
            setback("4", "d", Outcome.TAG_MOVE, "the tag points to sha256:8"),
            setback("5", "e", Outcome.OVERLAP, "the tag is wanted twice"),
            setback("6", "f", Outcome.UNKNOWN, "asia.gcr.io: \x1b[31mteapot"),
        ],
        already=2,
        to=(ASIA, EU),
    )
)


def damage(flaw: Flaw = Flaw.CONTENT_MISSING, **changes: Any) -> Damage:
    """A layer of two images that is missing in Asia, and is in the source."""
    made = Damage(
        repository=ASIA.repository(ImageName("foo")),
        piece=Piece(kind=PieceKind.BLOB, digest=digest("b"), size_bytes=3),
        flaw=flaw,
        reason="is missing",
        paths=((digest("1"), digest("c"), digest("b")), (digest("3"), digest("b"))),
        origin=STAGING.repository(ImageName("foo")),
    )
    return attrs.evolve(made, **changes)


def verification(made: Plan = DRIFTED, *damages: Damage, **changes: Any) -> Verification:
    """What was found when mirrors were compared with this plan."""
    found = Verification(
        plan=made,
        deep=bool(damages),
        ending=Ending.COMPLETE,
        images=4 if damages else 0,
        damages=damages,
        ledger=(),
        started_at=1_700_000_000.0,
        seconds=12.34,
    )
    return attrs.evolve(found, **changes)
