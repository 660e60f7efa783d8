"""Every edge, spelled out with what became of it."""

from collections.abc import Iterator
from itertools import islice

import attrs
import pytest

from cip_async.model.outcome import Fate, Outcome
from cip_async.model.plan import Promotion
from cip_async.model.report import EdgeReport, Ending
from cip_async.reporting.edges import all_edges, edges
from tests.unit.reporting.samples import (
    ASIA,
    EU,
    LOST_STAGING,
    PLACE,
    US,
    digest,
    failure,
    pair_plans,
    plan,
    promotion,
    report,
    setback,
    want,
)

TAG_MOVE = setback("3", "v3", Outcome.TAG_MOVE, "points elsewhere")
LOST = setback("4", None, Outcome.LOST, "nowhere")


def named(edge: EdgeReport) -> tuple[str, str, str | None, Fate]:
    return str(edge.destination), edge.digest[7], edge.tag, edge.fate


def test_a_promotion_gives_an_edge_for_each_tag_or_one_without() -> None:
    made = plan(*pair_plans("foo", [], promotions=[promotion("1", "a", "b"), promotion("2")], to=[ASIA]))
    assert [named(edge) for edge in edges(report(made))] == [
        ("asia.gcr.io/prod/foo", "1", "a", Fate.PROMOTED),
        ("asia.gcr.io/prod/foo", "1", "b", Fate.PROMOTED),
        ("asia.gcr.io/prod/foo", "2", None, Fate.PROMOTED),
    ]


def test_edges_are_sorted_whatever_the_order_of_the_plan() -> None:
    foo = pair_plans("foo", [], promotions=[promotion("2", "b")], setbacks=[setback("1", "a", Outcome.LOST, "")])
    bar = pair_plans("bar", [], promotions=[promotion("9", "z")], to=[US])
    forwards = list(edges(report(plan(*foo, *bar))))
    assert forwards == list(edges(report(plan(*reversed([*foo, *bar])))))
    assert [(edge.source.path, edge.destination.host, edge.tag) for edge in forwards] == [
        ("staging/bar", "us.gcr.io", "z"),
        ("staging/foo", "asia.gcr.io", "a"),
        ("staging/foo", "asia.gcr.io", "b"),
        ("staging/foo", "eu.gcr.io", "a"),
        ("staging/foo", "eu.gcr.io", "b"),
        ("staging/foo", "us.gcr.io", "a"),
        ("staging/foo", "us.gcr.io", "b"),
    ]


def test_a_failure_replaces_the_fate_of_exactly_its_edge() -> None:
    made = plan(*pair_plans("foo", [], promotions=[promotion("1", "a", "b")], to=[ASIA, EU]))
    told = list(edges(report(made, failure("foo", "1", "b", "quota"))))
    assert [(edge.fate, edge.reason) for edge in told] == [
        (Fate.PROMOTED, ""),
        (Fate.FAILED, "quota"),
        (Fate.PROMOTED, ""),
        (Fate.PROMOTED, ""),
    ]


def test_a_dry_run_would_promote() -> None:
    made = plan(*pair_plans("foo", [], promotions=[promotion("1", "a")], to=[ASIA]))
    assert [edge.fate for edge in edges(report(made, dry_run=True))] == [Fate.WOULD_PROMOTE]


@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_was_started_when_the_plan_has_conflicts(dry_run: bool) -> None:
    made = plan(*pair_plans("foo", [], promotions=[promotion("1", "a")], setbacks=[TAG_MOVE], to=[ASIA]))
    told = list(edges(report(made, dry_run=dry_run, ending=Ending.CONFLICT)))
    assert [edge.fate for edge in told] == [Fate.NOT_STARTED, Fate.CONFLICT]
    assert told[0].reason == "the plan has conflicts, and nothing is written before they are resolved"


@pytest.mark.parametrize(
    ("outcome", "aborting", "quarantining"),
    [
        (Outcome.OVERLAP, Fate.CONFLICT, Fate.QUARANTINED),
        (Outcome.TAG_MOVE, Fate.CONFLICT, Fate.QUARANTINED),
        (Outcome.UNKNOWN, Fate.FAILED, Fate.FAILED),
        (Outcome.LOST, Fate.LOST, Fate.LOST),
    ],
)
def test_the_fate_of_a_setback_follows_from_its_outcome(outcome: Outcome, aborting: Fate, quarantining: Fate) -> None:
    pairs = pair_plans("foo", [], setbacks=[setback("1", "a", outcome, "because")], to=[ASIA])
    assert [edge.fate for edge in edges(report(plan(*pairs)))] == [aborting]
    told = list(edges(report(plan(*pairs, quarantine=True))))
    assert [(edge.fate, edge.outcome, edge.reason, edge.place) for edge in told] == [
        (quarantining, outcome, "because", PLACE)
    ]


@pytest.mark.parametrize(("quarantine", "fate"), [(False, Fate.CONFLICT), (True, Fate.QUARANTINED)])
def test_a_source_of_which_all_is_lost_is_a_conflict(quarantine: bool, fate: Fate) -> None:
    made = plan(*pair_plans("foo", [], setbacks=[LOST], to=[ASIA]), lost_sources=(LOST_STAGING,), quarantine=quarantine)
    assert [edge.fate for edge in edges(report(made))] == [fate]


def test_promoted_already_is_told_only_where_all_edges_are_asked_for() -> None:
    wants = [want("1", "a", "b"), want("2"), want("3", "v3"), want("2")]
    made = plan(*pair_plans("foo", wants, promotions=[promotion("1", "b")], setbacks=[TAG_MOVE], already=2, to=[ASIA]))
    told = report(made)
    assert [edge.tag for edge in edges(told)] == ["b", "v3"]
    assert [(edge.digest, edge.tag, edge.fate) for edge in all_edges(told)] == [
        (digest("1"), "a", Fate.ALREADY_PROMOTED),
        (digest("1"), "b", Fate.PROMOTED),
        (digest("2"), None, Fate.ALREADY_PROMOTED),
        (digest("3"), "v3", Fate.CONFLICT),
    ]


def test_edges_are_made_as_they_are_asked_for() -> None:
    class Untouched(tuple[Promotion, ...]):
        def __iter__(self) -> Iterator[Promotion]:
            raise AssertionError("asked for the second pair")

    first = pair_plans("foo", [], promotions=[promotion("1", "a")], to=[ASIA])
    second = attrs.evolve(first[0], pair=pair_plans("foo", [], to=[EU])[0].pair, promotions=Untouched())
    assert [edge.tag for edge in islice(edges(report(plan(*first, second))), 1)] == ["a"]


def test_an_edge_that_was_promoted_before_can_fail() -> None:
    made = plan(*pair_plans("foo", [want("1", "a", "b")], already=2)[:1])
    told = report(made, failure("foo", "1", "b", "gone"))
    [failed] = edges(told)
    assert (failed.tag, failed.outcome, failed.fate, failed.reason) == (
        "b",
        Outcome.ALREADY_PROMOTED,
        Fate.FAILED,
        "gone",
    )
    assert [(edge.tag, edge.fate) for edge in all_edges(told)] == [("a", Fate.ALREADY_PROMOTED), ("b", Fate.FAILED)]
