"""What `cip doctor` does, once its options are understood: try every registry, then tell."""

from functools import partial
from typing import Final

from cip_async.cli.counters import Counters
from cip_async.cli.doctor import DoctorOptions
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.interrupt import interruptible
from cip_async.cli.reach import connected
from cip_async.cli.screen import Screen
from cip_async.manifests.tree import load_manifests
from cip_async.model.examination import Examination
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.promoter import Promoter
from cip_async.reporting.examinations import examination_json, examination_table, examination_verdict
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.problems import input_warning_lines
from cip_async.settings import Retries

_IMPATIENT: Final = Retries(request_s=20.0, host_failures=3, host_silence_s=10.0)
"""Somebody is waiting, and a registry that fails for 20 seconds has failed its examination."""


def doctor(options: DoctorOptions) -> ExitCode:
    """Examine and tell; return what to exit with.

    Raises:
        CipError: the input or the set-up is wrong.
    """
    screen = options.telling.screen()
    manifests = load_manifests(manifest=options.manifest, thin_manifest_dir=options.thin_manifest_dir)
    screen.notes(input_warning_lines(manifests.warnings))
    return run_in_event_loop(partial(_doctor, options, manifests, screen))


async def _doctor(options: DoctorOptions, manifests: PromoterManifests, screen: Screen) -> ExitCode:
    examinations: tuple[Examination, ...] = ()
    async with interruptible(screen) as interruption, _promoter(options) as promoter:
        examinations = await promoter.examine(manifests, to=options.to)
    if interruption.received is not None:
        return ExitCode(128 + interruption.received)
    if options.json:
        screen.result(examination_json(examinations))
    else:
        screen.results(examination_table(examinations))
        screen.note(examination_verdict(examinations))
    return ExitCode.DONE if all(each.passed for each in examinations) else ExitCode.WRONG


def _promoter(options: DoctorOptions) -> Promoter:
    connection = options.connection
    return connected(
        connection,
        Counters(),
        retries=_IMPATIENT,
        confirm=True,
        use_service_accounts=connection.use_service_accounts,
    )
