"""What `cip run --parse-only` does: check what promoter manifests want without asking any registry."""

from cip_async.cli.run import RunOptions
from cip_async.cli.screen import Screen
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.planning.draft import Draft
from cip_async.planning.pairs import totals
from cip_async.planning.remainder import remainder
from cip_async.planning.selection import selected
from cip_async.registry.endpoints import Endpoints
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.problems import input_problem_lines, input_warning_lines
from cip_async.reporting.text import wanted_line


def tell_wanted(
    manifests: PromoterManifests, options: RunOptions, screen: Screen, among: PromoterManifests | None = None
) -> ExitCode:
    """Tell how much `manifests` want, and everything that is odd or wrong in them; return what to exit with.

    `among` is all that is wanted, where `manifests` are a part of it. Filters count. Where something is wrong, the
    numbers are told only under quarantine, and are those of what is left.

    Raises:
        InvalidSettings: something is wanted, and the filters leave nothing of it.
    """
    screen.notes(input_warning_lines(manifests.warnings))
    screen.notes(input_problem_lines(manifests.invalid, ()))
    draft = Draft.of(
        manifests,
        only=options.only,
        to=options.to,
        quarantine=options.quarantine,
        among=among,
        place=Endpoints(options.connection.endpoints).place,
    )
    screen.notes(input_problem_lines((), draft.overlaps))
    is_wrong = bool(draft.invalid or draft.overlaps)
    if is_wrong and not options.quarantine:
        return ExitCode.WRONG
    wanted = totals(selected(manifests, only=options.only, to=options.to))
    screen.results([wanted_line(remainder(wanted, draft.pairs, draft.overlaps))])
    return ExitCode.PARTLY if is_wrong else ExitCode.DONE
