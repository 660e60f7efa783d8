"""`cip manifest`: add to promoter manifests, format them, and find what is odd in them."""

from pathlib import Path
from typing import Any, Final

import attrs
import click

from cip_async.cli.options import (
    EXISTING_DIRECTORY,
    Connection,
    Telling,
    account_option,
    connection,
    connection_options,
    refuse_useless_keys,
    telling,
    telling_options,
)
from cip_async.errors import InvalidReference
from cip_async.reference import Digest, RegistryPath, parse_digest, parse_registry_path

_PATHS: Final = click.Path(exists=True, path_type=Path)
_LATEST: Final = "latest"


@attrs.frozen(kw_only=True)
class AddOptions:
    """What was asked for on the command line; None filters nothing."""

    base_dir: Path
    staging: RegistryPath
    image: str | None
    digest: Digest | None
    tag: str | None
    children: bool
    dry_run: bool
    service_account: str | None
    connection: Connection
    telling: Telling


def _registry(context: click.Context, parameter: click.Parameter, value: str) -> RegistryPath:
    del context
    try:
        return parse_registry_path(value)
    except InvalidReference as error:
        raise click.BadParameter(str(error), param=parameter) from error


def _digest(context: click.Context, parameter: click.Parameter, value: str | None) -> Digest | None:
    del context
    if value is None:
        return None
    try:
        digest = parse_digest(value)
    except InvalidReference as error:
        raise click.BadParameter(str(error), param=parameter) from error
    if not digest.startswith("sha256:"):
        raise click.BadParameter("promoter manifests have sha256 digests", param=parameter)
    return digest


def _tag(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    del context
    if value == _LATEST:
        raise click.BadParameter("the tag latest moves, and is never added", param=parameter)
    return value


@click.group()
def manifest() -> None:
    """Add to promoter manifests, format and lint them."""


@manifest.command(
    short_help="Add images of a staging registry.",
    context_settings={"token_normalize_func": lambda name: name.replace("_", "-")},
)
@click.option(
    "--base-dir",
    type=EXISTING_DIRECTORY,
    required=True,
    metavar="DIR",
    help="The folder of thin promoter manifests.",
)
@click.option(
    "--staging-repo",
    "staging",
    callback=_registry,
    required=True,
    metavar="REGISTRY",
    help="The staging registry, as the promoter manifest names its source.",
)
@click.option("--filter-image", "image", metavar="GLOB", help="Only images whose name matches.")
@click.option("--filter-digest", "digest", callback=_digest, metavar="DIGEST", help="Only this digest, tagged or not.")
@click.option("--filter-tag", "tag", callback=_tag, metavar="GLOB", help="Only tags that match, and images with them.")
@click.option("--children", is_flag=True, help="Add tagged images too that an index of their repository refers to.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@account_option
@connection_options
@telling_options
def add(**options: Any) -> None:
    """Add the tagged images of a staging registry to the promoter manifest that promotes from it.

    Everything goes to its sorted place, and the rest of the file stays as it is, comments included. What changes is
    shown as a diff. The tag latest is never added, and a tag that is there with another digest is refused.

    \b
    Exit codes:
      0    added, or everything was there already
      1    nothing matches, a manifest is wrong, or a tag would move: nothing was changed
      2    the command line is wrong
      3    the registry could not be read
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    refuse_useless_keys(options)
    wanted = AddOptions(
        base_dir=options["base_dir"],
        staging=options["staging"],
        image=options["image"],
        digest=options["digest"],
        tag=options["tag"],
        children=options["children"],
        dry_run=options["dry_run"],
        service_account=options["service_account"],
        connection=connection(options),
        telling=telling(options),
    )
    from cip_async.cli import manifest_adding  # noqa: PLC0415 - the client takes long to import; --help has no use of it

    raise click.exceptions.Exit(manifest_adding.add(wanted))


@manifest.command()
@click.argument("paths", nargs=-1, required=True, type=_PATHS, metavar="PATH…")
@click.option(
    "--check", is_flag=True, help="Only name the files that are not in canonical form; exit 1 if there are any."
)
def fmt(paths: tuple[Path, ...], *, check: bool) -> None:
    """Bring promoter manifests into canonical form: sorted, quoted alike, with all comments.

    A PATH is a file, plain or thin, or a folder of thin promoter manifests. The files that change are named.
    """
    from cip_async.cli import manifest_looking  # noqa: PLC0415 - reading YAML takes long to import

    raise click.exceptions.Exit(manifest_looking.format_all(paths, check=check))


@manifest.command()
@click.argument("paths", nargs=-1, required=True, type=_PATHS, metavar="PATH…")
def lint(paths: tuple[Path, ...]) -> None:
    """Tell what is wrong or odd in promoter manifests, a line each, and exit 1 if anything is.

    A PATH is a file, plain or thin, or a folder of thin promoter manifests.
    """
    from cip_async.cli import manifest_looking  # noqa: PLC0415 - reading YAML takes long to import

    raise click.exceptions.Exit(manifest_looking.lint_all(paths))
