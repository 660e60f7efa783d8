"""Options about checks, and about what changed since a git revision."""

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

import attrs
import click

from cip_async.checks.names import EVERYWHERE, NAMES, USUAL_LIMIT_MIB, USUAL_THRESHOLD
from cip_async.cli.screen import Aside, Screen
from cip_async.reporting.findings import FindingsFormat

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

_ALL: Final = "all"
_PROW_BASE: Final = "PULL_BASE_SHA"
"""Where Prow tells the commit that a pull request is compared with:
https://docs.prow.k8s.io/docs/jobs/#job-environment-variables."""


@attrs.frozen(kw_only=True)
class CheckOptions:
    """Which checks to make; none unless asked for.

    `base` is the git revision to compare with, and `changed_only` limits the run to what is new since then.
    """

    names: tuple[str, ...] = ()
    max_image_size_mib: int = USUAL_LIMIT_MIB
    severity_threshold: int = USUAL_THRESHOLD
    form: FindingsFormat = FindingsFormat.TEXT
    base: str | None = None
    changed_only: bool = False


def beside(screen: Screen, options: CheckOptions) -> Screen:
    """Where everything but findings goes: beside them, if a program is to read those."""
    return Aside() if options.form is FindingsFormat.JSON else screen


def check_options_of(options: dict[str, Any]) -> CheckOptions:
    """Take these options out of `options`.

    Raises:
        click.UsageError: they contradict each other.
    """
    named = options.pop("checks")
    base, since = options.pop("base"), options.pop("changed_since")
    if options.pop("use_prow_manifest_diff"):
        if since is not None:
            raise click.UsageError("--use-prow-manifest-diff and --changed-since both name a revision.")
        since = os.environ.get(_PROW_BASE)
        if not since:
            raise click.UsageError(f"--use-prow-manifest-diff needs {_PROW_BASE} in the environment, as Prow sets it.")
    size, severity = options.pop("max_image_size"), options.pop("vuln_severity_threshold")
    implied = (*(["image-size"] if size is not None else []), *(["vulnerabilities"] if severity is not None else []))
    chosen = CheckOptions(
        names=_chosen((*named, *implied)),
        max_image_size_mib=USUAL_LIMIT_MIB if size is None else size,
        severity_threshold=USUAL_THRESHOLD if severity is None else severity,
        form=FindingsFormat(options.pop("findings")),
        base=base or since,
        changed_only=since is not None,
    )
    needing = [name for name in ("removal", "tag-moves") if name in chosen.names]
    if needing and chosen.base is None:
        raise click.UsageError(f"--check {needing[0]} needs a revision to compare with: --base or --changed-since.")
    return chosen


def check_options(command: _Decorated) -> _Decorated:
    """Add the options of which `check_options_of` makes `CheckOptions`."""
    decorators = (
        click.option(
            "--changed-since",
            "--manifest-diff-since",
            "changed_since",
            metavar="REV",
            help="Only what the promoter manifests want since this git revision.",
        ),
        click.option(
            "--use-prow-manifest-diff",
            is_flag=True,
            help=f"Only what they want since the commit that Prow names in {_PROW_BASE}.",
        ),
        click.option(
            "--check",
            "checks",
            multiple=True,
            type=click.Choice([*NAMES, _ALL]),
            help="Check the plan before anything is written. Repeatable; all are all but vulnerabilities.",
        ),
        click.option(
            "--base",
            metavar="REV",
            help="The git revision that checks compare with; without it that of --changed-since.",
        ),
        click.option(
            "--max-image-size",
            type=click.IntRange(min=1),
            metavar="MIB",
            help=f"The limit of the check image-size, which it asks for; without it {USUAL_LIMIT_MIB}.",
        ),
        click.option(
            "--vuln-severity-threshold",
            type=click.IntRange(0, 5),
            metavar="0-5",
            help="The least severity for the check vulnerabilities: 2 low, 3 medium, 4 high, 5 critical. Asks for it.",
        ),
        click.option(
            "--findings",
            type=click.Choice([each.value for each in FindingsFormat]),
            default=FindingsFormat.TEXT.value,
            show_default=True,
            help="What checks find: as text, as JSON lines, or as annotations of GitHub Actions.",
        ),
    )
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def _chosen(named: tuple[str, ...]) -> tuple[str, ...]:
    every = EVERYWHERE if _ALL in named else ()
    return tuple(dict.fromkeys(name for name in (*every, *named) if name != _ALL))
