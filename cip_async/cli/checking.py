"""The part of `cip run` that is about changes and checks."""

from pathlib import Path
from typing import NoReturn, Protocol

from cip_async.checks.catalog import catalog
from cip_async.checks.check import Check, Subject, run_checks
from cip_async.checks.names import OFFLINE
from cip_async.checks.vulnerabilities import ScanOf
from cip_async.cli.check_options import CheckOptions
from cip_async.errors import InvalidSettings
from cip_async.manifests.tree import read_manifests_at
from cip_async.model.finding import Finding
from cip_async.model.plan import Plan
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.planning.changes import added
from cip_async.planning.draft import Draft
from cip_async.promoter import Promoter
from cip_async.reference import Digest, Repository


class _Options(Protocol):
    """The part of a command's options that is needed here."""

    @property
    def manifest(self) -> Path | None: ...
    @property
    def thin_manifest_dir(self) -> Path | None: ...
    @property
    def checks(self) -> CheckOptions: ...


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


async def check(
    promoter: Promoter,
    plan: Plan,
    options: CheckOptions,
    manifests: PromoterManifests,
    base: PromoterManifests | None,
) -> None:
    """Make the checks that were asked for; if one finds an error, the promoter will not carry out the plan.

    Raises:
        RegistryError, CredentialError: a check could not be made.
    """
    await promoter.check(plan, _chosen(options, promoter.scan), manifests=manifests, base=base)


async def find_offline(
    options: CheckOptions, manifests: PromoterManifests, base: PromoterManifests | None
) -> tuple[Finding, ...]:
    """What those checks find that need no registry."""

    async def read_nothing(repository: Repository, digest: Digest) -> NoReturn:
        raise InvalidSettings("the check", f"{repository}@{digest}", f"one of {', '.join(sorted(OFFLINE))}")

    plan = Draft.of(manifests, quarantine=True).plan()
    subject = Subject(plan=plan, manifests=manifests, base=base, read_tree=read_nothing)
    return await run_checks(_chosen(options, read_nothing), subject)


def _chosen(options: CheckOptions, scan_of: ScanOf) -> list[Check]:
    limits = {"max_image_size_mib": options.max_image_size_mib, "severity_threshold": options.severity_threshold}
    known = catalog(scan_of, **limits)
    return [known[name] for name in options.names]
