"""Loads what a command line wants promoted; the engine, which takes long to import, is not needed for that."""

import time
from pathlib import Path
from typing import Protocol

from cip_async.cli.check_options import CheckOptions
from cip_async.cli.report_file import report_pieces, write_report
from cip_async.cli.run import RunOptions
from cip_async.errors import InvalidManifests
from cip_async.manifests.tree import read_manifests, read_manifests_at
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.planning.changes import added
from cip_async.planning.overlaps import overlaps
from cip_async.planning.pairs import wanted_pairs
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.refused import refused


class _Options(Protocol):
    """The part of a command's options that is needed here."""

    @property
    def manifest(self) -> Path | None: ...
    @property
    def thin_manifest_dir(self) -> Path | None: ...
    @property
    def checks(self) -> CheckOptions: ...


def load(options: RunOptions) -> PromoterManifests:
    """The promoter manifests; those with invalid entries too, whose plan then tells them along with all conflicts.

    Raises:
        InvalidManifests: a file could not be understood; the report, if one is asked for, says so too.
        FileProblem: the report cannot be written.
    """
    started_at = time.time()
    manifests = read_manifests(
        manifest=options.manifest, thin_manifest_dir=options.thin_manifest_dir, strict=options.strict
    )
    if not manifests.has_spoilt_files:
        return manifests
    problems = (*manifests.invalid, *overlaps(wanted_pairs(manifests, only=options.only, to=options.to)))
    if options.report is not None:
        report = refused(
            problems,
            dry_run=not options.confirm,
            quarantine=options.quarantine,
            started_at=started_at,
            seconds=time.time() - started_at,
        )
        write_report(options.report, report_pieces(report, ExitCode.WRONG, all_edges=options.report_all_edges))
    raise InvalidManifests(problems)


def read_base(options: _Options) -> PromoterManifests | None:
    """What the promoter manifests said at the base revision; None where none was named.

    Raises:
        InvalidSettings: there is no such revision.
    """
    if options.checks.base is None:
        return None
    return read_manifests_at(
        options.checks.base, manifest=options.manifest, thin_manifest_dir=options.thin_manifest_dir
    )


def to_promote(options: _Options, manifests: PromoterManifests, base: PromoterManifests | None) -> PromoterManifests:
    """What of `manifests` the run is about: all of it, or what is new since the base."""
    return added(base, manifests) if base is not None and options.checks.changed_only else manifests
