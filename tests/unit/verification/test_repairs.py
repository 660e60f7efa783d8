"""What is placed again where content is damaged, and what came of it."""

from typing import Any

import attrs

from cip_async.model.damage import Damage, Flaw, Piece, PieceKind, RepairFate
from cip_async.model.outcome import Outcome
from cip_async.model.plan import Plan
from cip_async.reference import ImageName
from cip_async.verification.repairs import (
    broken_edges,
    damaged_images,
    document_of,
    expected,
    placements,
    results,
    without,
)
from tests.unit.reporting.samples import ASIA, EU, STAGING, digest, pair_plans, plan, promotion, setback, want
from tests.unit.reporting.verifications import damage

FOO = ImageName("foo")
SOURCE, MIRROR, OTHER = (entry.repository(FOO) for entry in (STAGING, ASIA, EU))
WANTS = (want("1", "a", "b"), want("2"), want("3", "c"))

LAYER = damage(paths=((digest("1"), digest("c"), digest("b")),))
CHILD = damage(
    piece=Piece(kind=PieceKind.MANIFEST, digest=digest("d")), paths=((digest("1"), digest("d")),), origin=OTHER
)
LOST = damage(
    piece=Piece(kind=PieceKind.BLOB, digest=digest("e"), size_bytes=3),
    paths=((digest("3"), digest("e")),),
    origin=None,
    hopeless="nobody has it",
)
UNKNOWN = damage(Flaw.UNKNOWN, paths=((digest("2"), digest("f")),), origin=None, reason="status 500")


def planned(**changes: Any) -> Plan:
    return plan(*pair_plans("foo", WANTS, to=(ASIA, EU), **changes))


def test_a_blob_is_placed_with_a_document_that_needs_it_and_a_document_as_it_is() -> None:
    assert (document_of(LAYER), document_of(CHILD)) == (digest("c"), digest("d"))
    [placed] = placements(planned(already=4), [LAYER, CHILD, LOST, UNKNOWN])
    assert placed.pair.destination == MIRROR
    assert [promotion.digest for promotion in placed.promotions] == [digest("c"), digest("d")]
    assert all(promotion.tags == () and not promotion.in_destination for promotion in placed.promotions)


def test_what_is_lacking_is_had_from_where_it_was_found_and_nothing_unknown_is_lacking() -> None:
    [placed] = placements(planned(already=4), [LAYER, CHILD, LOST, UNKNOWN])
    expected_origins = {digest("b"): SOURCE, digest("d"): OTHER, digest("e"): SOURCE}
    assert [promotion.lacking for promotion in placed.promotions] == [expected_origins] * 2


def test_where_nothing_can_be_had_nothing_is_placed() -> None:
    assert placements(planned(already=4), [LOST, UNKNOWN]) == ()
    assert damaged_images([LOST, UNKNOWN]) == {}


def test_images_are_looked_at_again_if_something_of_them_was_placed() -> None:
    assert damaged_images([LAYER, CHILD, LOST]) == {MIRROR: (digest("1"),)}


def test_before_anything_was_placed_the_hopeless_have_failed() -> None:
    fates = [(each.fate, each.reason) for each in expected([LAYER, LOST], RepairFate.WOULD_REPAIR)]
    assert fates == [(RepairFate.WOULD_REPAIR, ""), (RepairFate.FAILED, "nobody has it")]


def told(damages: list[Damage], left: list[Damage], failures: dict[Any, str] | None = None) -> list[tuple[str, str]]:
    return [(each.fate.value, each.reason) for each in results(damages, left, failures or {})]


def test_what_is_gone_when_it_is_looked_at_again_was_repaired() -> None:
    assert told([LAYER, CHILD], []) == [("repaired", ""), ("repaired", "")]


def test_what_could_not_be_placed_says_why() -> None:
    assert told([LAYER], [LAYER], {(MIRROR, digest("c")): "quota"}) == [("failed", "quota")]


def test_what_was_placed_and_is_wrong_still_says_so() -> None:
    nothing = "it was placed again, and that changed nothing: it must be mended in the registry"
    assert told([LAYER], [LAYER]) == [("failed", nothing)]
    wrong = attrs.evolve(LAYER, flaw=Flaw.CONTENT_WRONG, reason="has 3 bytes")
    still = f"it was placed again, and is damaged still: blob {digest('b')} has 3 bytes"
    assert told([LAYER], [wrong]) == [("failed", still)]


def test_what_nobody_has_or_knows_has_failed() -> None:
    assert told([LOST, UNKNOWN], [LOST]) == [("failed", "nobody has it"), ("failed", "")]


def test_what_is_found_late_has_failed() -> None:
    [_, late] = told([LAYER], [CHILD])
    assert late == ("failed", "it was found when the image was looked at again")


def test_each_edge_to_an_image_that_stays_damaged_is_broken() -> None:
    broken = broken_edges(planned(already=4), results([LAYER, CHILD, LOST], [CHILD], {}))
    assert {(key[1], key[2], key[3]) for key in broken} == {
        (MIRROR, digest("1"), "a"),
        (MIRROR, digest("1"), "b"),
        (MIRROR, digest("3"), "c"),
    }
    reasons = {failure.digest: failure.reason for failure in broken.values()}
    assert reasons[digest("3")] == f"damaged: blob {digest('e')} is missing; nobody has it"


def test_a_repair_that_did_not_begin_breaks_edges_and_one_of_a_dry_run_does_not() -> None:
    assert broken_edges(planned(already=4), expected([LAYER], RepairFate.WOULD_REPAIR)) == {}
    assert len(broken_edges(planned(already=4), expected([LAYER], RepairFate.NOT_STARTED, "ended"))) == 2


def test_edges_that_were_set_aside_keep_their_reason() -> None:
    aside = planned(setbacks=[setback("1", "a", Outcome.TAG_MOVE, "")], already=3)
    assert {key[3] for key in broken_edges(aside, results([LAYER], [LAYER], {}))} == {"b"}


def test_no_tag_is_written_for_an_image_that_stays_damaged() -> None:
    made = planned(promotions=[promotion("1", "b", in_destination=True), promotion("2")], already=2)
    broken = broken_edges(made, results([LAYER], [LAYER], {}))
    asia, eu = (without(pair_plan, broken) for pair_plan in made.pairs)
    assert [each.digest for each in asia.promotions] == [digest("2")]
    assert eu is made.pairs[1]


def test_a_shared_destination_is_mended_from_a_source_that_wants_the_image() -> None:
    stranger = attrs.evolve(planned().pairs[0], pair=pair_plans("foo", (want("9", "z"),), to=(ASIA,))[0].pair)
    [placed] = placements(plan(stranger, *planned(already=4).pairs), [LAYER])
    assert placed.pair.image.wants == WANTS
