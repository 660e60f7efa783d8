"""A verification in words."""

from itertools import chain

import attrs
import pytest

from cip_async.model.damage import Damage, Flaw, Piece, PieceKind, Repair, RepairFate
from cip_async.model.outcome import Outcome
from cip_async.model.plan import Plan
from cip_async.model.report import Ending
from cip_async.reporting.verification_text import FINDINGS_SHOWN, finding_lines, repair_lines, verification_summary
from tests.unit.reporting.samples import ASIA, EU, digest, pair_plans, plan, promotion, report, setback, want
from tests.unit.reporting.verifications import DRIFTED, damage, verification

WELL = plan(*pair_plans("foo", [want("1", "a")], already=1))


def summary(made: Plan, *damages: Damage) -> list[str]:
    return list(verification_summary(verification(made, *damages)))


def test_each_finding_is_a_line_however_many_mirrors_it_concerns() -> None:
    lines = list(finding_lines(verification()))
    place = "images/foo/images.yaml:7:5: asia.gcr.io/prod/foo"
    assert lines == [
        f"{place}:b (and in 1 more mirror) is wanted with {digest('1')}: the image is there, and the tag is not",
        f"{place}@{digest('2')} (and in 1 more mirror): the image is not there",
        f"{place}:d (and in 1 more mirror): the tag points to sha256:8",
        f"{place}:e (and in 1 more mirror): the tag is wanted twice",
        f"{place}:f: asia.gcr.io: \\x1b[31mteapot",
        f"{place}:g (and in 1 more mirror) is wanted with {digest('7')}: the image is not there",
        "images/foo/images.yaml:7:5: eu.gcr.io/prod/foo:f: asia.gcr.io: \\x1b[31mteapot",
    ]


def test_damages_are_told_by_repository_with_who_has_them_and_who_needs_them() -> None:
    other = damage(piece=Piece(kind=PieceKind.MANIFEST, digest=digest("d")), paths=((digest("d"),),))
    assert list(finding_lines(verification(WELL, damage(), other))) == [
        "Damaged in asia.gcr.io/prod/foo:",
        f"  blob {digest('b')} is missing; gcr.io/staging/foo has it",
        f"    needed by {digest('1')} > {digest('c')} (and 1 more image)",
        f"  manifest {digest('d')} is missing; gcr.io/staging/foo has it",
    ]


def test_a_damage_that_nothing_can_mend_says_why() -> None:
    hopeless = damage(Flaw.CONTENT_WRONG, origin=None, hopeless="nobody has it", reason="is \x1b wrong")
    assert f"  blob {digest('b')} is \\x1b wrong; nobody has it" in finding_lines(verification(WELL, hopeless))


def test_what_is_unknown_in_a_repository_is_one_line() -> None:
    unknown = damage(Flaw.UNKNOWN, origin=None, reason="asia.gcr.io: status 500")
    lines = list(finding_lines(verification(WELL, unknown, unknown)))
    assert lines[1:] == [f"  unknown: blob {digest('b')}: asia.gcr.io: status 500 (and 1 more piece)"]


def test_many_damages_are_cut_and_counted() -> None:
    lines = list(finding_lines(verification(WELL, *[damage()] * (FINDINGS_SHOWN + 2))))
    assert lines[-1] == "… and 2 more damages"
    assert len(lines) == 2 * FINDINGS_SHOWN + 2


def test_many_findings_are_cut_and_counted() -> None:
    names = [f"t{number}" for number in range(FINDINGS_SHOWN + 3)]
    lacking = plan(*pair_plans("foo", [want("1", *names)], promotions=[promotion("1", *names)]))
    lines = list(finding_lines(verification(lacking)))
    assert len(lines) == FINDINGS_SHOWN + 1
    assert lines[-1] == "… and 3 more findings"


def test_where_all_is_well_one_line_says_so() -> None:
    assert summary(WELL) == ["Verified 3 edges in 12 s: all is as it is wanted"]


def test_what_differs_is_counted_and_each_kind_has_its_remedy() -> None:
    nobody = damage(Flaw.CONTENT_WRONG, origin=None, hopeless="nobody has it")
    assert summary(DRIFTED, damage(), nobody) == [
        "Verified 16 edges and all of 4 images in 12 s: 4 of 16 edges as wanted, 2 images damaged",
        "  4 edges  missing: the image is not there",
        "  2 edges  without their tag: the image is there",
        "  2 edges  elsewhere: the tag points to another digest",
        "  2 edges  in conflict: the tag is wanted with two digests",
        "  2 edges  unknown: the mirror did not say",
        "  1 piece  of images missing",
        "  1 piece  of images wrong: the bytes, the size or the media type",
        "Next: mend the promoter manifests, as told above",
        "Next: cip run --confirm promotes what is missing",
        "Next: find out who moved the tags: cip never does, and what they point to now stays as it is",
        "Next: cip run --confirm --repair places again what is damaged",
        "Next: restore in the source what nobody has any more, or build those images anew",
        "Next: verify again what is unknown, when the registries answer",
    ]


def test_what_a_run_mended_or_would_is_told_and_what_it_did_not_is_left_to_its_images() -> None:
    repairs = [Repair(damage=damage(), fate=fate) for fate in RepairFate]
    lines = list(repair_lines(report(WELL, repairs=tuple(repairs))))
    assert [line[:-1] for line in lines if line.endswith(":")] == [
        "Repaired in asia.gcr.io/prod/foo",
        "Would be repaired in asia.gcr.io/prod/foo",
    ]


@pytest.mark.parametrize(("ending", "how"), [(Ending.INTERRUPTED, "Interrupted"), (Ending.TIMED_OUT, "Out of time")])
def test_one_that_did_not_come_to_its_end_does_not_say_that_all_is_well(ending: Ending, how: str) -> None:
    lines = list(verification_summary(verification(WELL, deep=True, images=2, ending=ending)))
    assert lines == [
        f"{how} after 12 s: looked at 3 of 3 edges and all of 2 images, and not at everything",
        "Next: verify again; this one did not come to its end",
    ]


def test_edges_of_mirrors_that_nobody_asked_were_not_looked_at() -> None:
    asked = pair_plans("foo", [want("1", "a")], setbacks=[setback("1", "a", Outcome.UNKNOWN, "teapot")], to=[ASIA])
    rest = [
        setback("1", "a", Outcome.UNKNOWN, "the run ended"),
        setback("2", None, Outcome.UNKNOWN, "the run ended"),
        setback("3", "b", Outcome.OVERLAP, "the tag is wanted twice"),
    ]
    never = pair_plans("bar", [want("1", "a"), want("2"), want("3", "b")], setbacks=rest, to=[EU])
    made = plan(*asked, *[attrs.evolve(each, is_planned=False) for each in never])
    assert list(verification_summary(verification(made, ending=Ending.TIMED_OUT))) == [
        "Out of time after 12 s: looked at 1 of 4 edges, and not at everything",
        "  1 edge   in conflict: the tag is wanted with two digests",
        "  1 edge   unknown: the mirror did not say",
        "  2 edges  not looked at: the end came first",
        "Next: verify again; this one did not come to its end",
        "Next: mend the promoter manifests, as told above",
        "Next: verify again what is unknown, when the registries answer",
    ]


@pytest.mark.parametrize("edges", [(True,), (False,), (True, False), ()])
@pytest.mark.parametrize("pieces", [(True,), (False,), ()])
def test_what_is_unknown_for_want_of_access_is_not_merely_to_be_verified_again(
    edges: tuple[bool, ...], pieces: tuple[bool, ...]
) -> None:
    made = [
        pair_plans("foo", [want("1", "a")], setbacks=[setback("1", "a", Outcome.UNKNOWN, "no", needs_access=each)])
        for each in edges
    ]
    damages = [damage(Flaw.UNKNOWN, origin=None, needs_access=each) for each in pieces]
    told = [line for line in summary(plan(*chain.from_iterable(made)), *damages) if line.startswith("Next")]
    mend = "Next: mend the credentials or permissions named above, which cip doctor tries, and verify again"
    again = "Next: verify again what is unknown, when the registries answer"
    assert told == [mend] * (True in edges + pieces) + [again] * (False in edges + pieces)
