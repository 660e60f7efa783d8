"""What stands in the way, one line each."""

from cip_async.model.outcome import Outcome
from cip_async.reference import ImageName
from cip_async.reporting.problems import blocking_lines, bounded, warning_lines
from tests.unit.reporting.samples import (
    ASIA,
    EU,
    LOST_STAGING,
    MALFORMED,
    MISPLACED,
    digest,
    overlap,
    pair_plans,
    plan,
    report,
    setback,
)

MOVE = setback("3", "v3", Outcome.TAG_MOVE, "points to another image")
LOST = setback("4", None, Outcome.LOST, "is nowhere")


def test_input_problems_come_before_conflicts() -> None:
    foo = ImageName("foo")
    made = plan(
        *pair_plans("foo", [], setbacks=[MOVE]),
        invalid=(MALFORMED,),
        overlaps=(overlap("v1", ASIA.repository(foo), EU.repository(foo)),),
        lost_sources=(LOST_STAGING,),
    )
    assert [line.split(": ")[0] for line in blocking_lines(report(made))] == [
        "images/bar/images.yaml:3:9",
        "images/foo/images.yaml:9:5",
        "images/foo/images.yaml:7:5",
        "images/foo/images.yaml:7:5",
    ]


def test_a_tag_move_is_one_line_however_many_the_mirrors() -> None:
    assert list(blocking_lines(report(plan(*pair_plans("foo", [], setbacks=[MOVE]))))) == [
        "images/foo/images.yaml:7:5: asia.gcr.io/prod/foo:v3 (and in 2 more mirrors): points to another image"
    ]


def test_tag_moves_for_different_reasons_are_different_lines() -> None:
    other = setback("3", "v3", Outcome.TAG_MOVE, "points to a third image")
    pairs = (*pair_plans("foo", [], setbacks=[MOVE], to=[ASIA]), *pair_plans("foo", [], setbacks=[other], to=[EU]))
    assert list(blocking_lines(report(plan(*pairs)))) == [
        "images/foo/images.yaml:7:5: eu.gcr.io/prod/foo:v3: points to a third image",
        "images/foo/images.yaml:7:5: asia.gcr.io/prod/foo:v3: points to another image",
    ]


def test_warnings_name_what_is_odd_and_what_is_lost() -> None:
    made = plan(*pair_plans("foo", [], setbacks=[LOST], to=[ASIA]), warnings=(MISPLACED,))
    assert list(warning_lines(report(made))) == [
        "promoter-manifest.yaml:1:1: warning: is not below manifests/",
        f"images/foo/images.yaml:7:5: warning: asia.gcr.io/prod/foo@{digest('4')}: is nowhere",
    ]


def test_a_lost_source_is_told_once_and_not_for_each_image() -> None:
    told = report(plan(*pair_plans("foo", [], setbacks=[LOST]), lost_sources=(LOST_STAGING,)))
    assert list(blocking_lines(told)) == [
        (
            "images/foo/images.yaml:7:5: not one of the 3 images wanted from gcr.io/staging exists there"
            " or in a mirror: is the name right, and may this account read it?"
        )
    ]
    assert list(warning_lines(told)) == []


def test_a_reason_from_outside_cannot_drive_the_terminal() -> None:
    hostile = setback("3", "v3", Outcome.TAG_MOVE, "\x1b[2J\nall is well")
    (line,) = blocking_lines(report(plan(*pair_plans("foo", [], setbacks=[hostile], to=[ASIA]))))
    assert line.endswith(r": \x1b[2J\nall is well")


def test_many_lines_are_cut_with_their_number() -> None:
    assert list(bounded(["a", "b", "c", "d"], 2, "conflict")) == ["a", "b", "… and 2 more conflicts"]
    assert list(bounded(["a", "b"], 2, "conflict")) == ["a", "b"]
