"""Whether a plan may be carried out, and which sources are lost as a whole."""

from collections.abc import Sequence

import pytest

from cip_async.model.plan import LostSource, Overlap, PairPlan, Plan
from cip_async.model.promoter_manifest import Gravity, Place, Problem, PromoterManifest, Totals
from cip_async.planning.conflicts import is_blocked, lost_sources
from cip_async.planning.outcomes import pair_plan
from cip_async.reference import parse_registry_path, parse_tag
from tests.unit.planning.samples import EU, STAGING, digest, failure, listing, manifest, pair, pairs

PLACE = Place("foo.yaml", 1, 1)
LOST_SOURCE = LostSource(entry=parse_registry_path(STAGING), edges=1, place=PLACE)
INVALID = Problem(PLACE, "is wrong", gravity=Gravity.ENTRY)
OVERLAP = Overlap(
    tag=parse_tag("v1"),
    first=digest("a"),
    first_place=PLACE,
    second=digest("b"),
    second_place=PLACE,
    destinations=(listing("eu.gcr.io/prod/app").repository,),
)


def _plan(
    *pair_plans: PairPlan,
    overlaps: Sequence[Overlap] = (),
    lost: Sequence[LostSource] = (),
    invalid: Sequence[Problem] = (),
    quarantine: bool = False,
) -> Plan:
    return Plan(
        pairs=pair_plans,
        overlaps=tuple(overlaps),
        lost_sources=tuple(lost),
        invalid=tuple(invalid),
        warnings=(Problem(PLACE, "is odd", gravity=Gravity.WARNING),),
        totals=Totals(manifests=1, images=1, digests=1, edges=1),
        quarantine=quarantine,
    )


def _tag_move() -> PairPlan:
    made = pair({"a": ["v1"]})
    return pair_plan(made, listing(made.destination, {"v1": "b"}), None)


def _harmless() -> list[PairPlan]:
    made = pair({"a": ["v1"], "b": ["v2"]})
    source = listing(made.source, untagged="a")
    return [
        pair_plan(made, listing(made.destination), source),
        pair_plan(made, failure(made.destination), source),
    ]


CONFLICTS = [
    _plan(overlaps=[OVERLAP]),
    _plan(lost=[LOST_SOURCE]),
    _plan(invalid=[INVALID]),
    _plan(_tag_move()),
]


@pytest.mark.parametrize("plan", CONFLICTS)
def test_any_conflict_blocks_a_plan(plan: Plan) -> None:
    assert is_blocked(plan)


def test_nothing_blocks_a_plan_that_quarantines() -> None:
    plan = _plan(_tag_move(), overlaps=[OVERLAP], lost=[LOST_SOURCE], invalid=[INVALID], quarantine=True)

    assert not is_blocked(plan)


def test_lost_and_unknown_edges_and_warnings_block_nothing() -> None:
    assert not is_blocked(_plan(*_harmless()))


def _lost(*made: PromoterManifest, held: str = "", failing: bool = False, there: str = "") -> tuple[LostSource, ...]:
    """The lost sources where every source holds `held`, and every destination `there`."""
    return lost_sources(
        pair_plan(
            each,
            listing(each.destination, untagged=there),
            failure(each.source) if failing else listing(each.source, untagged=held),
        )
        for each in pairs(*made)
    )


def test_a_source_entry_of_which_every_edge_is_lost_is_lost() -> None:
    made = manifest(("app", {"a": ["v1", "v2"]}), ("bar", {"b": []}))
    (found,) = _lost(made)

    assert (str(found.entry), found.edges, found.place) == (STAGING, 6, made.images[0].digests[0].tag_places[0])


def test_a_source_entry_is_not_lost_if_it_holds_one_image() -> None:
    assert _lost(manifest(("app", {"a": ["v1"]}), ("bar", {"b": []})), held="b") == ()


def test_a_source_entry_is_not_lost_if_a_mirror_holds_one_image() -> None:
    assert _lost(manifest(("app", {"a": ["v1"]}), ("bar", {"b": []})), there="b") == ()


def test_a_source_entry_that_could_not_be_listed_is_not_lost() -> None:
    assert _lost(manifest(("app", {"a": ["v1"]})), failing=True) == ()


def test_a_tag_move_speaks_for_its_source_entry() -> None:
    app, bar = pairs(manifest(("app", {"a": ["v1"]}), ("bar", {"b": ["v1"]}), to=[EU]))
    moved = pair_plan(app, listing(app.destination, {"v1": "c"}), listing(app.source))
    lost = pair_plan(bar, listing(bar.destination), listing(bar.source))

    assert [found.edges for found in lost_sources([lost])] == [1]
    assert lost_sources([moved, lost]) == ()


def test_a_source_entry_is_judged_over_all_promoter_manifests() -> None:
    one = manifest(("app", {"a": ["v1"]}), to=[EU])
    other = manifest(("bar", {"b": ["v1"]}), path="bar.yaml", to=[EU])

    assert _lost(one, other, held="b") == ()
    assert [found.edges for found in _lost(one, other)] == [2]


def test_lost_sources_are_sorted() -> None:
    found = _lost(manifest(("app", {"a": []})), manifest(("app", {"a": []}), source="gcr.io/other"))

    assert [str(each.entry) for each in found] == ["gcr.io/other", STAGING]


def test_nothing_is_lost_of_a_source_entry_of_which_nothing_is_wanted() -> None:
    assert _lost(manifest(("app", {}))) == ()
