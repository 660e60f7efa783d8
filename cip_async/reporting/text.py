"""The end of a run in words: what was promoted, what was not and why, what it cost, what to do next."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from cip_async.model.damage import RepairFate
from cip_async.model.finding import Severity
from cip_async.model.outcome import Fate, Outcome
from cip_async.model.promoter_manifest import Totals
from cip_async.model.report import EdgeReport, Ending, Report
from cip_async.reporting.amounts import count, duration, size
from cip_async.reporting.costs import cost_line, requests_to_promote
from cip_async.reporting.edges import edges
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.printable import printable
from cip_async.reporting.problems import bounded
from cip_async.reporting.totals import Tally, met_while_copying, total

REASONS_SHOWN: Final = 20
_NARROWEST: Final = 20

_FATES: Final = {
    Fate.PROMOTED: "promoted",
    Fate.WOULD_PROMOTE: "would be promoted",
    Fate.ALREADY_PROMOTED: "promoted already",
    Fate.LOST: "lost: neither the source nor the mirror has the image",
    Fate.FAILED: "failed",
    Fate.CONFLICT: "in conflict",
    Fate.QUARANTINED: "left out (quarantined)",
    Fate.NOT_STARTED: "not started",
}


_REPAIRS: Final = {
    RepairFate.REPAIRED: "placed again",
    RepairFate.WOULD_REPAIR: "would be placed again",
    RepairFate.FAILED: "could not be mended",
    RepairFate.NOT_STARTED: "not placed again",
}


_REMEDIES: Final = {
    RepairFate.WOULD_REPAIR: "Next: run again with --confirm --repair to place again what is damaged",
    RepairFate.FAILED: "Next: mend in the registry, or restore in the source, what could not be mended",
}


def wanted_line(totals: Totals) -> str:
    """How much promoter manifests want, in one line: `47 manifests, 153 images, 869 digests, 4,014 edges`."""
    return ", ".join(
        (
            count(totals.manifests, "manifest"),
            count(totals.images, "image"),
            count(totals.digests, "digest"),
            count(totals.edges, "edge"),
        )
    )


def summary(report: Report, code: ExitCode) -> Iterator[str]:
    """The end of a run, line by line; `code` is what the program will exit with."""
    tally = total(report)
    yield _headline(report, tally)
    yield from _counts(tally)
    if report.trusted_listings:
        yield f"Not asked, as the inventory was trusted: {count(report.trusted_listings, 'repository')}"
    yield from _repaired(report)
    if report.verified_listings is not None:
        yield f"Listed again after the run: {count(report.verified_listings, 'repository')}"
    if tally.fate(Fate.FAILED) or met_while_copying(report):
        yield from bounded(_failures(report), REASONS_SHOWN, "reason")
    yield from _cost(report)
    yield from _next(report, tally, code)


def folded(lines: Iterable[str], width: int | None) -> Iterator[str]:
    """`lines`, each folded between words to fit `width` if there is one; what goes on is further in."""
    for line in lines:
        if width is None or len(line) <= width:
            yield line
        else:
            indent = line[: len(line) - len(line.lstrip())]
            yield from textwrap.wrap(
                line,
                max(width, _NARROWEST),
                subsequent_indent=f"{indent}  ",
                break_long_words=False,
                break_on_hyphens=False,
            )


def _headline(report: Report, tally: Tally) -> str:
    took = duration(report.seconds)
    promoted = _promoted(tally, Fate.PROMOTED)
    if report.ending is Ending.CONFLICT:
        return f"Nothing was written: there are {_obstacles(report, tally)} ({took})"
    if report.ending is Ending.CHECK_FAILED:
        errors = sum(finding.severity is Severity.ERROR for finding in report.findings)
        return f"Nothing was written: checks found {count(errors, 'error')} ({took})"
    if report.ending is Ending.INTERRUPTED:
        return f"Interrupted after {took}: " + ("the run was dry" if report.dry_run else f"promoted {promoted}")
    if report.ending is Ending.TIMED_OUT:
        return f"Out of time after {took}: promoted {promoted}"
    if tally.edges == tally.fate(Fate.ALREADY_PROMOTED) and not report.repairs:
        return f"Nothing to do: {count(tally.edges, 'edge')} promoted already ({took})"
    if report.dry_run:
        return f"Dry run, nothing was written: {_promoted(tally, Fate.WOULD_PROMOTE)} would be promoted ({took})"
    return f"Promoted {promoted} in {took}"


def _obstacles(report: Report, tally: Tally) -> str:
    invalid = len(report.plan.invalid)
    has_conflicts = tally.fate(Fate.CONFLICT) or report.plan.overlaps or report.plan.lost_sources
    return " and ".join((*(["invalid entries"] if invalid else []), *(["conflicts"] if has_conflicts else [])))


def _promoted(tally: Tally, fate: Fate) -> str:
    return f"{count(tally.fate(fate), 'edge')} ({count(tally.images_done, 'image')})" if tally.fate(fate) else "nothing"


def _counts(tally: Tally) -> Iterator[str]:
    shown = [(f"{tally.fate(fate):,}", text) for fate, text in _FATES.items() if tally.fate(fate)]
    width = max((len(number) for number, _ in shown), default=0)
    for number, text in shown:
        yield f"  {number:>{width}}  {text}"


def _repaired(report: Report) -> Iterator[str]:
    fates = Counter(repair.fate for repair in report.repairs)
    for fate, text in _REPAIRS.items():
        if fates[fate]:
            yield f"Damaged content: {count(fates[fate], 'piece')} {text}"


def _failures(report: Report) -> Iterator[str]:
    """Each reason once for a host, the most frequent first, with the first edge that met it.

    Conflicts of the plan are told elsewhere.
    """
    numbers: dict[tuple[str, str], int] = {}
    firsts: dict[tuple[str, str], EdgeReport] = {}
    for edge in edges(report):
        if edge.fate is Fate.FAILED or (edge.fate is Fate.CONFLICT and edge.outcome is Outcome.PROMOTE):
            key = str(edge.destination.host), _general(edge)
            numbers[key] = numbers.get(key, 0) + 1
            firsts.setdefault(key, edge)
    for key in sorted(numbers, key=lambda key: (-numbers[key], key)):
        first, others = firsts[key], numbers[key] - 1
        name = f"{first.destination}:{first.tag}" if first.tag else f"{first.destination}@{first.digest}"
        more = f" (and {count(others, 'more edge')})" if others else ""
        what = "Failed" if first.fate is Fate.FAILED else "Conflict"
        yield printable(f"{what}: {name}{more}: {first.reason}")


def _general(edge: EdgeReport) -> str:
    """The reason without what belongs to this edge alone, so that a mirror that is down is one reason."""
    reason = edge.reason
    for own in (edge.destination.path, edge.source.path, edge.digest):
        reason = reason.replace(own, "…")
    return re.sub(rf"(?:(?<=/manifests/)|(?<=:)){re.escape(edge.tag)}(?![\w.-])", "…", reason) if edge.tag else reason


def _cost(report: Report) -> Iterator[str]:
    if not report.ledger:
        return
    yield f"Cost: {cost_line(report)}"
    for host, rate in sorted(report.settled_rates.items()):
        kinds = (rate.reads_per_minute, "reads"), (rate.writes_per_minute, "writes")
        settled = (f"{per_minute:,.0f} {kind}" for per_minute, kind in kinds if per_minute is not None)
        yield f"Throttled: {host}, which settled at {' and '.join(settled)} a minute"
    traffic = report.traffic
    if traffic.blobs_mounted or traffic.blobs_relayed or traffic.blobs_read:
        yield (
            f"Blobs: {traffic.blobs_mounted:,} mounted ({size(traffic.bytes_mounted)}),"
            f" {traffic.blobs_relayed:,} relayed ({size(traffic.bytes_relayed)}),"
            f" {traffic.blobs_read:,} read ({size(traffic.bytes_read)})"
        )


def _next(report: Report, tally: Tally, code: ExitCode) -> Iterator[str]:
    fates = {repair.fate for repair in report.repairs}
    yield from (text for fate, text in _REMEDIES.items() if fate in fates)
    match code:
        case ExitCode.DONE if tally.fate(Fate.WOULD_PROMOTE):
            least = requests_to_promote(report)
            takes = f", which takes {count(least, 'request')} or more" if least else ""
            yield f"Next: run again with --confirm to promote them{takes}"
        case ExitCode.WRONG if report.ending is Ending.CONFLICT:
            yield "Next: mend what is named above, or promote all the rest with --on-conflict=quarantine"
        case ExitCode.WRONG if report.ending is Ending.CHECK_FAILED:
            yield "Next: mend what the checks found, named above"
        case ExitCode.WRONG:
            yield "Next: restore the lost images, or take them out of the manifests (--strict makes them an error)"
        case ExitCode.INTERRUPTED | ExitCode.TERMINATED:
            yield "Next: run again; what is done is not done twice"
        case ExitCode.PARTLY:
            yield from _next_of_the_rest(report, tally)
        case ExitCode.DONE | ExitCode.USAGE:
            return


def _next_of_the_rest(report: Report, tally: Tally) -> Iterator[str]:
    if report.plan.invalid or tally.fate(Fate.QUARANTINED):
        yield "Next: mend what was left out, named above"
    if tally.fate(Fate.CONFLICT):
        yield "Next: find out who writes the tags that are in conflict, and which digest they are to have"
    need_access = _need_access(report)
    if True in need_access:
        yield "Next: mend the credentials or permissions named above, which cip doctor tries, and run again"
    if False in need_access or tally.fate(Fate.NOT_STARTED) or report.ending is Ending.TIMED_OUT:
        yield "Next: run again; what is done is not done twice"
    if tally.fate(Fate.LOST) and not tally.fate(Fate.FAILED):
        yield "Next: restore the lost images, or take them out of the manifests"


def _need_access(report: Report) -> set[bool]:
    """Whether edges that failed need somebody to be let in: yes, no, or of some the one and of some the other."""
    setbacks = (setback for pair_plan in report.plan.pairs for setback in pair_plan.setbacks)
    unknown = (setback.needs_access for setback in setbacks if setback.outcome is Outcome.UNKNOWN)
    failed = (failure.needs_access for failure in report.failures.values() if failure.fate is Fate.FAILED)
    return {*unknown, *failed}
