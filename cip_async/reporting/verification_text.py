"""A verification in words: what is not as it is wanted, grouped, what is damaged, and what to do next."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from cip_async.model.damage import Damage, Flaw, RepairFate
from cip_async.model.report import Ending, Report
from cip_async.model.verification import Drift, Verification
from cip_async.reference import Repository
from cip_async.reporting.amounts import count, duration
from cip_async.reporting.counted import counted
from cip_async.reporting.printable import printable
from cip_async.reporting.problems import bounded, input_problem_lines, input_warning_lines
from cip_async.reporting.verification import VerificationTally, drifted, unknown_for_access, verification_tally

FINDINGS_SHOWN: Final = 100

_EDGES: Final = {
    Flaw.IMAGE_MISSING: "missing: the image is not there",
    Flaw.TAG_MISSING: "without their tag: the image is there",
    Flaw.TAG_MOVED: "elsewhere: the tag points to another digest",
    Flaw.CONFLICT: "in conflict: the tag is wanted with two digests",
    Flaw.UNKNOWN: "unknown: the mirror did not say",
}
_NOT_LOOKED_AT: Final = "not looked at: the end came first"
_DAMAGES: Final = {
    Flaw.CONTENT_MISSING: "of images missing",
    Flaw.CONTENT_WRONG: "of images wrong: the bytes, the size or the media type",
    Flaw.UNKNOWN: "of images unknown: the mirror did not say",
}


def input_lines(verification: Verification) -> Iterator[str]:
    """What is odd or wrong in the promoter manifests."""
    yield from input_warning_lines(verification.plan.warnings)
    yield from counted(input_problem_lines(verification.plan.invalid, verification.plan.overlaps), "problem")


def finding_lines(verification: Verification) -> Iterator[str]:
    """What is not as it should be: a line for each edge, however many mirrors it concerns, then what is damaged."""
    yield from bounded(_drift_lines(verification), FINDINGS_SHOWN, "finding")
    yield from _damage_lines("Damaged", verification.damages)


def verification_summary(verification: Verification) -> Iterator[str]:
    """What it comes to, line by line, and what to do next."""
    tally = verification_tally(verification)
    yield _headline(verification, tally)
    yield from _counted(_edges(tally), "edge")
    yield from _counted({text: tally.damages.get(flaw, 0) for flaw, text in _DAMAGES.items()}, "piece")
    requests = sum(line.requests for line in verification.ledger)
    if requests:
        yield f"Cost: {count(requests, 'request')}"
    yield from _next(verification, tally)


def repair_lines(report: Report) -> Iterator[str]:
    """What of damaged content was mended in a run, or would be; what was not is told with its images."""
    for fate, heading in _REPAIRS.items():
        yield from _damage_lines(heading, [each.damage for each in report.repairs if each.fate is fate])


_REPAIRS: Final = {RepairFate.REPAIRED: "Repaired", RepairFate.WOULD_REPAIR: "Would be repaired"}


def _damage_lines(heading: str, damages: Sequence[Damage]) -> Iterator[str]:
    """Damages by their repository: each with who has the piece as it should be, and below that who needs it."""
    for repository, found in groupby(damages[:FINDINGS_SHOWN], key=lambda damage: damage.repository):
        yield printable(f"{heading} in {repository}:")
        unknown: list[Damage] = []
        for damage in found:
            if damage.flaw is Flaw.UNKNOWN:
                unknown.append(damage)
            else:
                yield from _damage(damage)
        if unknown:
            more = f" (and {count(len(unknown) - 1, 'more piece')})" if len(unknown) > 1 else ""
            yield printable(f"  unknown: {unknown[0]}{more}")
    if len(damages) > FINDINGS_SHOWN:
        yield f"… and {count(len(damages) - FINDINGS_SHOWN, 'more damage')}"


def _damage(damage: Damage) -> Iterator[str]:
    remedy = damage.hopeless if damage.origin is None else f"{damage.origin} has it"
    yield printable(f"  {damage}; {remedy}")
    *path, _ = damage.paths[0]
    images = len(damage.paths)
    if path:
        more = f" (and {count(images - 1, 'more image')})" if images > 1 else ""
        yield f"    needed by {' > '.join(path)}{more}"


def _drift_lines(verification: Verification) -> Iterator[str]:
    """Edges that differ in their mirror alone are one line, and so are all that fail for one reason."""
    where: dict[tuple[object, ...], list[Repository]] = {}
    firsts: dict[tuple[object, ...], Drift] = {}
    for each in drifted(verification):
        if each.flaw is Flaw.UNKNOWN:
            key: tuple[object, ...] = each.destination.host, each.reason
        else:
            key = each.place, each.digest, each.tag or "", each.flaw, each.reason
        where.setdefault(key, []).append(each.destination)
        firsts.setdefault(key, each)
    for key, first in firsts.items():
        yield _drift_line(first, len(where[key]) - 1)


def _drift_line(first: Drift, more: int) -> str:
    name = f"{first.destination}:{first.tag}" if first.tag else f"{first.destination}@{first.digest}"
    told = count(more, "more edge") if first.flaw is Flaw.UNKNOWN else f"in {count(more, 'more mirror')}"
    others = f" (and {told})" if more else ""
    wanted = f" is wanted with {first.digest}" if first.tag and first.flaw in _TELLS_NO_DIGEST else ""
    return printable(f"{first.place}: {name}{others}{wanted}: {first.reason}")


_TELLS_NO_DIGEST: Final = frozenset({Flaw.IMAGE_MISSING, Flaw.TAG_MISSING})


def _headline(verification: Verification, tally: VerificationTally) -> str:
    edges = count(tally.edges, "edge")
    images = f" and all of {count(tally.images, 'image')}" if verification.images else ""
    took = duration(verification.seconds)
    if verification.ending is not Ending.COMPLETE:
        how = "Out of time" if verification.ending is Ending.TIMED_OUT else "Interrupted"
        return f"{how} after {took}: looked at {tally.looked_at:,} of {edges}{images}, and not at everything"
    if not tally.proven and not tally.unknown:
        return f"Verified {edges}{images} in {took}: all is as it is wanted"
    return f"Verified {edges}{images} in {took}: {tally.as_wanted:,} of {edges} as wanted" + (
        f", {count(tally.damaged_images, 'image')} damaged" if tally.damaged_images else ""
    )


def _edges(tally: VerificationTally) -> dict[str, int]:
    """How many edges are not as they are wanted, by what is told; who was not asked kept nothing back."""
    edges = {text: tally.drift.get(flaw, 0) for flaw, text in _EDGES.items()}
    edges[_EDGES[Flaw.UNKNOWN]] -= tally.not_looked_at
    return {**edges, _NOT_LOOKED_AT: tally.not_looked_at}


def _counted(counts: Mapping[str, int], noun: str) -> Iterator[str]:
    shown = [(count(number, noun), text) for text, number in counts.items() if number]
    width = max((len(number) for number, _ in shown), default=0)
    for number, text in shown:
        yield f"  {number:<{width}}  {text}"


def _next(verification: Verification, tally: VerificationTally) -> Iterator[str]:
    drift = tally.drift
    if verification.ending is not Ending.COMPLETE:
        yield "Next: verify again; this one did not come to its end"
    if drift.get(Flaw.CONFLICT) or verification.plan.invalid:
        yield "Next: mend the promoter manifests, as told above"
    if drift.get(Flaw.IMAGE_MISSING) or drift.get(Flaw.TAG_MISSING):
        yield "Next: cip run --confirm promotes what is missing"
    if drift.get(Flaw.TAG_MOVED):
        yield "Next: find out who moved the tags: cip never does, and what they point to now stays as it is"
    proven = [damage for damage in verification.damages if damage.flaw is not Flaw.UNKNOWN]
    if any(damage.origin for damage in proven):
        yield "Next: cip run --confirm --repair places again what is damaged"
    if any(not damage.origin for damage in proven):
        yield "Next: restore in the source what nobody has any more, or build those images anew"
    for_access = unknown_for_access(verification)
    if True in for_access:
        yield "Next: mend the credentials or permissions named above, which cip doctor tries, and verify again"
    if False in for_access:
        yield "Next: verify again what is unknown, when the registries answer"
