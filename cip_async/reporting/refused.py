"""The report of a run whose promoter manifests cannot be used, so that it never came to a plan."""

from collections.abc import Collection

from cip_async.model.plan import Overlap, Plan
from cip_async.model.promoter_manifest import Problem, Totals
from cip_async.model.report import Ending, Report, Traffic


def refused(
    problems: Collection[object], *, dry_run: bool, quarantine: bool, started_at: float, seconds: float
) -> Report:
    """A report of invalid entries and overlaps, and of nothing else; times are as in `Report`."""
    plan = Plan(
        pairs=(),
        overlaps=tuple(problem for problem in problems if isinstance(problem, Overlap)),
        lost_sources=(),
        invalid=tuple(problem for problem in problems if isinstance(problem, Problem)),
        warnings=(),
        totals=Totals(manifests=0, images=0, digests=0, edges=0),
        quarantine=quarantine,
    )
    return Report(
        plan=plan,
        dry_run=dry_run,
        ending=Ending.CONFLICT,
        failures={},
        ledger=(),
        traffic=Traffic(),
        capabilities={},
        started_at=started_at,
        seconds=seconds,
    )
