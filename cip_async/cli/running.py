"""What `cip run` does, once its options are understood: load, promote, tell, report."""

from functools import partial
from pathlib import Path
from typing import Final

import attrs

from cip_async.cli.check_options import CheckOptions, beside
from cip_async.cli.checking import check
from cip_async.cli.counters import Counters
from cip_async.cli.event_log import log_event
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.interrupt import interruptible
from cip_async.cli.loading import load, read_base, to_promote
from cip_async.cli.progress import shown
from cip_async.cli.reach import connected
from cip_async.cli.report_file import check_writable, report_pieces, write_report
from cip_async.cli.run import RunOptions
from cip_async.cli.screen import Screen, result_width
from cip_async.errors import CipError, FileProblem, InvalidSettings
from cip_async.events import Event, Listener
from cip_async.model.outcome import Fate
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.model.report import Report
from cip_async.promoter import Promoter
from cip_async.reporting.counted import counted
from cip_async.reporting.exit_code import ExitCode, exit_code
from cip_async.reporting.findings import finding_lines
from cip_async.reporting.printable import printable
from cip_async.reporting.problems import blocking_lines, bounded, warning_lines
from cip_async.reporting.table import promotion_table
from cip_async.reporting.text import folded, summary
from cip_async.reporting.totals import total
from cip_async.reporting.verification_text import repair_lines

_WARNINGS_SHOWN: Final = 200


@attrs.frozen(kw_only=True)
class Ended:
    """How a promotion ended: what it did, what to exit with, and the error that cut it short, if one did."""

    report: Report
    code: ExitCode
    error: CipError | None = None


def run(options: RunOptions) -> ExitCode:
    """Load, promote and report; return what to exit with.

    Raises:
        CipError: the input or the set-up is wrong, and nothing was written.
    """
    screen = options.telling.screen()
    if options.report is not None:
        check_writable(options.report)
    manifests = load(options)
    base = read_base(options)
    ended = run_in_event_loop(partial(promote, options, manifests, screen, base))
    if options.report is not None:
        ended = _with_report(ended, options, options.report)
    show(ended, screen, options.checks)
    return ended.code


async def promote(
    options: RunOptions, manifests: PromoterManifests, screen: Screen, base: PromoterManifests | None = None
) -> Ended:
    """Promote what `manifests` want, showing the progress, until it is done, its time is over or a signal comes.

    `base` is what they said at the revision that checks and changes are measured from.

    Raises:
        InvalidSettings: the set-up is wrong, and nothing was begun.
    """
    counters = Counters()

    def listener(event: Event, /) -> None:
        counters(event)
        log_event(event)

    error: CipError | None = None
    async with _promoter(options, listener) as promoter:
        async with interruptible(screen) as interruption, shown(counters, options.telling.progress, screen):
            try:
                with promoter.time_limit(options.timeout_s):
                    await _run(promoter, options, manifests, base)
            except InvalidSettings:
                raise
            except CipError as failure:
                error = failure
        report = promoter.report()
    if interruption.received is not None:
        return Ended(report=report, code=ExitCode(128 + interruption.received), error=error)
    if error is not None:
        return Ended(report=report, code=_cut_short(report), error=error)
    return Ended(report=report, code=exit_code(report, strict=options.strict))


async def _run(
    promoter: Promoter, options: RunOptions, manifests: PromoterManifests, base: PromoterManifests | None
) -> None:
    wanted = to_promote(options, manifests, base)
    only, to, quarantine = options.only, options.to, options.quarantine
    if not options.checks.names:
        await promoter.run(
            wanted,
            only=only,
            to=to,
            quarantine=quarantine,
            among=manifests,
            verify=options.verify,
            repair=options.repair,
        )
        return
    plan = await promoter.plan(wanted, only=only, to=to, quarantine=quarantine, among=manifests)
    await check(promoter, plan, options.checks, manifests, base)
    await promoter.promote(plan, verify=options.verify, repair=options.repair)


def show(ended: Ended, screen: Screen, checks: CheckOptions | None = None) -> None:
    """Tell what was, or would be, promoted, what stands in the way, and what to do next."""
    checks = checks or CheckOptions()
    report, told = ended.report, beside(screen, checks)
    if ended.error is not None and ended.code is ExitCode.WRONG:
        screen.note(printable(str(ended.error)))
        return
    if report.dry_run:
        told.results(promotion_table(report, width=result_width()))
    screen.notes(bounded(warning_lines(report), _WARNINGS_SHOWN, "warning"))
    screen.notes(counted(blocking_lines(report), "problem"))
    screen.results(finding_lines(report.findings, checks.form))
    told.results(folded(repair_lines(report), result_width()))
    if ended.error is not None:
        screen.note(printable(str(ended.error)))
    told.results(folded(summary(report, ended.code), result_width()))


def _promoter(options: RunOptions, listener: Listener) -> Promoter:
    return connected(
        options.connection,
        listener,
        confirm=options.confirm,
        use_service_accounts=options.connection.use_service_accounts,
        server_side_only=options.server_side_only,
        inventory=options.inventory,
        trust_inventory_s=options.trust_inventory_s,
        recheck_tags=options.recheck_tags,
    )


def _with_report(ended: Ended, options: RunOptions, path: Path) -> Ended:
    """Write the report; a run whose report is missing is not wholly done."""
    try:
        write_report(path, report_pieces(ended.report, ended.code, all_edges=options.report_all_edges))
    except FileProblem as error:
        return attrs.evolve(ended, error=ended.error or error, code=ended.code or ExitCode.PARTLY)
    return ended


def _cut_short(report: Report) -> ExitCode:
    return ExitCode.PARTLY if total(report).fate(Fate.PROMOTED) else ExitCode.WRONG
