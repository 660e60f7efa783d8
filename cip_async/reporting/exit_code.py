"""The exit code of a run: what a script may conclude without reading anything."""

import enum

from cip_async.model.outcome import Fate
from cip_async.model.report import Ending, Report
from cip_async.reporting.totals import met_while_copying, total


class ExitCode(enum.IntEnum):
    """What the exit codes of `cip` mean."""

    DONE = 0
    """Done, or nothing to do."""
    WRONG = 1
    """The input or the plan is wrong, and nothing was written."""
    USAGE = 2
    """The command line is wrong."""
    PARTLY = 3
    """Some edges were not promoted, and everything else was: run again."""
    INTERRUPTED = 130
    """SIGINT ended the run: run again."""
    TERMINATED = 143
    """SIGTERM ended the run: run again."""


def exit_code(report: Report, *, strict: bool = False) -> ExitCode:
    """What `cip run` exits with after this run; `strict` makes a lost image an error.

    A run that was interrupted counts as interrupted by SIGINT: the report does not know the signal.
    """
    tally = total(report)
    conflicts_of_the_plan = tally.fate(Fate.CONFLICT) - met_while_copying(report)
    if report.ending in (Ending.CONFLICT, Ending.CHECK_FAILED) or conflicts_of_the_plan:
        return ExitCode.WRONG
    if report.ending is Ending.INTERRUPTED:
        return ExitCode.INTERRUPTED
    left_undone = any(tally.fate(fate) for fate in (Fate.FAILED, Fate.NOT_STARTED, Fate.QUARANTINED, Fate.CONFLICT))
    if left_undone or report.plan.invalid or report.ending is Ending.TIMED_OUT:
        return ExitCode.PARTLY
    if strict and tally.fate(Fate.LOST):
        return ExitCode.PARTLY if tally.fate(Fate.PROMOTED) else ExitCode.WRONG
    return ExitCode.DONE
