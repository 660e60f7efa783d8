"""The part of `cip run` that makes checks."""

from functools import partial
from typing import TYPE_CHECKING, NoReturn

from cip_async.checks.names import OFFLINE
from cip_async.cli.check_options import CheckOptions
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.errors import InvalidSettings
from cip_async.model.finding import Finding
from cip_async.model.plan import Plan
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.planning.draft import Draft
from cip_async.reference import Digest, Repository

if TYPE_CHECKING:
    from cip_async.checks.check import Check
    from cip_async.checks.vulnerabilities import ScanOf
    from cip_async.promoter import Promoter  # it takes long to import, and checks of files alone need none


async def check(
    promoter: "Promoter",
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


def find_offline(
    options: CheckOptions, manifests: PromoterManifests, base: PromoterManifests | None
) -> tuple[Finding, ...]:
    """What those checks find that need no registry; this runs an event loop of its own."""
    from cip_async.checks.check import Subject, run_checks  # noqa: PLC0415 - most runs make no checks

    async def read_nothing(repository: Repository, digest: Digest) -> NoReturn:
        raise InvalidSettings("the check", f"{repository}@{digest}", f"one of {', '.join(sorted(OFFLINE))}")

    plan = Draft.of(manifests, quarantine=True).plan()
    subject = Subject(plan=plan, manifests=manifests, base=base, read_tree=read_nothing)
    return run_in_event_loop(partial(run_checks, _chosen(options, read_nothing), subject))


def _chosen(options: CheckOptions, scan_of: "ScanOf") -> "list[Check]":
    from cip_async.checks.catalog import catalog  # noqa: PLC0415 - most runs make no checks

    limits = {"max_image_size_mib": options.max_image_size_mib, "severity_threshold": options.severity_threshold}
    known = catalog(scan_of, **limits)
    return [known[name] for name in options.names]
