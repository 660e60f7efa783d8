"""What `cip run --parse-only` does: check what promoter manifests want without asking any registry."""

from cip_async.cli.check_options import beside
from cip_async.cli.loading import load, read_base, to_promote
from cip_async.cli.run import RunOptions
from cip_async.cli.screen import Screen
from cip_async.model.finding import Finding, Severity
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.planning.draft import Draft
from cip_async.planning.pairs import totals
from cip_async.planning.remainder import remainder
from cip_async.planning.selection import selected
from cip_async.registry.endpoints import Endpoints
from cip_async.reporting.counted import count_above
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.findings import finding_lines
from cip_async.reporting.problems import input_problem_lines, input_warning_lines
from cip_async.reporting.text import wanted_line


def parse_only(options: RunOptions) -> ExitCode:
    """Load, check and tell; return what to exit with.

    Raises:
        CipError: the input is wrong, or a filter matches nothing.
    """
    screen = options.telling.screen()
    manifests = load(options)
    base = read_base(options)
    code = _tell_wanted(to_promote(options, manifests, base), options, beside(screen, options.checks), among=manifests)
    findings = _findings(options, manifests, base)
    screen.results(finding_lines(findings, options.checks.form))
    return ExitCode.WRONG if any(finding.severity is Severity.ERROR for finding in findings) else code


def _findings(options: RunOptions, manifests: PromoterManifests, base: PromoterManifests | None) -> tuple[Finding, ...]:
    if not options.checks.names:
        return ()
    from cip_async.cli.checking import find_offline  # noqa: PLC0415 - most of the time there is nothing to check

    return find_offline(options.checks, manifests, base)


def _tell_wanted(
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
    screen.notes(count_above(len(manifests.invalid) + len(draft.overlaps), "problem"))
    is_wrong = bool(draft.invalid or draft.overlaps)
    if is_wrong and not options.quarantine:
        return ExitCode.WRONG
    wanted = totals(selected(manifests, only=options.only, to=options.to))
    screen.results([wanted_line(remainder(wanted, draft.pairs, draft.overlaps))])
    return ExitCode.PARTLY if is_wrong else ExitCode.DONE
