"""What stands in the way, one line each: `path:line:column: message`, however many mirrors it concerns."""

from collections.abc import Iterable, Iterator
from itertools import islice

import attrs

from cip_async.model.outcome import Fate, Outcome
from cip_async.model.plan import Overlap, Setback
from cip_async.model.promoter_manifest import Problem
from cip_async.model.report import Report
from cip_async.reference import Repository
from cip_async.reporting.amounts import count
from cip_async.reporting.edges import setback_fate
from cip_async.reporting.printable import printable


def blocking_lines(report: Report) -> Iterator[str]:
    """Invalid entries and conflicts: what stops a run, or is left out of it under quarantine."""
    plan = report.plan
    yield from input_problem_lines(plan.invalid, plan.overlaps)
    for lost in plan.lost_sources:
        yield printable(str(lost))
    yield from _setback_lines(report, Outcome.TAG_MOVE, (Fate.CONFLICT, Fate.QUARANTINED), "")


def warning_lines(report: Report) -> Iterator[str]:
    """What was odd in the input, and the images that are lost."""
    yield from input_warning_lines(report.plan.warnings)
    yield from _setback_lines(report, Outcome.LOST, (Fate.LOST,), "warning: ")


def input_problem_lines(invalid: Iterable[Problem], overlaps: Iterable[Overlap]) -> Iterator[str]:
    """What is wrong in the promoter manifests: entries that are invalid, and tags that are wanted twice."""
    for problem in invalid:
        yield printable(str(problem))
    for overlap in overlaps:
        yield printable(str(overlap))


def input_warning_lines(warnings: Iterable[Problem]) -> Iterator[str]:
    """What was odd in the promoter manifests."""
    for warning in warnings:
        yield printable(f"{warning.place}: warning: {warning.message}")


def bounded(lines: Iterable[str], limit: int, noun: str) -> Iterator[str]:
    """The first `limit` lines, and how many more there are of what `noun` names."""
    rest = iter(lines)
    yield from islice(rest, limit)
    more = sum(1 for _ in rest)
    if more:
        yield f"… and {count(more, f'more {noun}')}"


def _setback_lines(report: Report, outcome: Outcome, fates: tuple[Fate, ...], prefix: str) -> Iterator[str]:
    where: dict[Setback, list[Repository]] = {}
    for pair_plan in report.plan.pairs:
        for setback in pair_plan.setbacks:
            if setback.outcome is outcome and setback_fate(report, pair_plan, setback) in fates:
                where.setdefault(setback, []).append(pair_plan.pair.destination)
    for setback in sorted(where, key=_order):
        yield printable(f"{setback.place}: {prefix}{_name(setback, sorted(where[setback]))}: {setback.reason}")


def _order(setback: Setback) -> tuple[object, ...]:
    return attrs.astuple(setback.place), setback.digest, setback.tag or "", setback.reason


def _name(setback: Setback, destinations: list[Repository]) -> str:
    first = destinations[0]
    name = f"{first}@{setback.digest}" if setback.tag is None else f"{first}:{setback.tag}"
    more = len(destinations) - 1
    return f"{name} (and in {count(more, 'more mirror')})" if more else name
