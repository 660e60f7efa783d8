"""What `cip verify` does, once its options are understood: compare, tell, report."""

from functools import partial

from cip_async.cli.counters import Counters
from cip_async.cli.event_log import log_event
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.interrupt import interruptible
from cip_async.cli.progress import shown
from cip_async.cli.reach import connected
from cip_async.cli.report_file import check_writable, verification_pieces, write_report
from cip_async.cli.screen import Screen, result_width
from cip_async.cli.verify import VerifyOptions
from cip_async.events import Event
from cip_async.manifests.tree import read_manifests
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.model.verification import Verification
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.text import folded
from cip_async.reporting.verification import verification_exit_code
from cip_async.reporting.verification_text import finding_lines, input_lines, verification_summary


def verify(options: VerifyOptions) -> ExitCode:
    """Load, compare and tell; return what to exit with.

    Raises:
        CipError: the input or the set-up is wrong.
    """
    screen = options.telling.screen()
    if options.report is not None:
        check_writable(options.report)
    manifests = read_manifests(manifest=options.manifest, thin_manifest_dir=options.thin_manifest_dir)
    found, signal = run_in_event_loop(partial(_verify, options, manifests, screen))
    code = verification_exit_code(found) if signal is None else ExitCode(128 + signal)
    if options.report is not None:
        write_report(options.report, verification_pieces(found, code))
    screen.notes(input_lines(found))
    screen.results(folded(finding_lines(found), result_width()))
    screen.results(folded(verification_summary(found), result_width()))
    return code


async def _verify(
    options: VerifyOptions, manifests: PromoterManifests, screen: Screen
) -> tuple[Verification, int | None]:
    """What was found until it was done or its time was over, and the signal that ended it before that, if one did."""
    counters = Counters()

    def listener(event: Event, /) -> None:
        counters(event)
        log_event(event)

    use_service_accounts = options.connection.use_service_accounts
    async with connected(options.connection, listener, use_service_accounts=use_service_accounts) as promoter:
        async with interruptible(screen) as interruption, shown(counters, options.telling.progress, screen):
            with promoter.time_limit(options.timeout_s):
                await promoter.verify(manifests, only=options.only, to=options.to, deep=options.deep)
        return promoter.verification(), interruption.received
