"""`cip snapshot`: what a registry holds at and below a path, or would hold if promoter manifests had their way."""

from pathlib import Path
from typing import Any

import attrs
import click

from cip_async.cli.options import (
    Connection,
    Telling,
    account_option,
    connection,
    connection_options,
    manifest_options,
    refuse_useless_keys,
    telling,
    telling_options,
)
from cip_async.errors import InvalidReference
from cip_async.inventory.text import Output
from cip_async.reference import Tag, parse_registry_path, parse_tag


@attrs.frozen(kw_only=True)
class SnapshotOptions:
    """What was asked for on the command line. With a `manifest` or `thin_manifest_dir`, no registry is asked."""

    registry: str
    manifest: Path | None
    thin_manifest_dir: Path | None
    minimal: bool
    tag: Tag | None
    count: bool
    output: Output
    service_account: str | None
    connection: Connection
    telling: Telling


def registry_path(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Check a registry on the command line."""
    del context
    try:
        return None if value is None else str(parse_registry_path(value))
    except InvalidReference as error:
        raise click.BadParameter(str(error), param=parameter) from error


def _tag(context: click.Context, parameter: click.Parameter, value: str | None) -> Tag | None:
    del context
    try:
        return None if value is None else parse_tag(value)
    except InvalidReference as error:
        raise click.BadParameter(str(error), param=parameter) from error


@click.command(short_help="List all images below a path of a registry.")
@click.argument("registry", callback=registry_path, required=False)
@click.option(
    "--output",
    type=click.Choice([each.value for each in Output]),
    default=Output.YAML.value,
    show_default=True,
    help="As images.yaml of a thin promoter manifest, a line per tag (image@digest,image:tag), or JSON.",
)
@click.option("--minimal", is_flag=True, help="Leave out untagged images that an index in the snapshot refers to.")
@click.option("--tag", callback=_tag, metavar="TAG", help="Only images with this tag, and of their tags only this.")
@account_option
@click.option("--count", is_flag=True, help="Say instead how many names, digests, tags and rows of CSV there are.")
@click.option(
    "--from-manifests",
    is_flag=True,
    help="What promoter manifests want in a registry, from files alone. Needs --of, and manifests.",
)
@click.option("--of", callback=registry_path, metavar="REGISTRY", help="The registry, with --from-manifests.")
@manifest_options
@connection_options
@telling_options
def snapshot(**options: Any) -> None:
    """List all images at and below REGISTRY, such as us.gcr.io/my-project.

    They come sorted by name, digest and tag. Nothing is printed unless everything could be listed: then the exit code
    is 3, and what is wrong is said.
    """
    _check(options)
    wanted = SnapshotOptions(
        registry=options["of"] or options["registry"],
        manifest=options["manifest"],
        thin_manifest_dir=options["thin_manifest_dir"],
        minimal=options["minimal"],
        tag=options["tag"],
        count=options["count"],
        output=Output(options["output"]),
        service_account=options["service_account"],
        connection=connection(options),
        telling=telling(options),
    )
    from cip_async.cli import snapshotting  # noqa: PLC0415 - the client takes long to import; --help does not need it

    raise click.exceptions.Exit(snapshotting.snapshot(wanted))


def _check(options: dict[str, Any]) -> None:
    """Refuse combinations of options that contradict each other or mean nothing."""
    manifests = [name for name in ("manifest", "thin_manifest_dir") if options[name] is not None]
    refuse_useless_keys(options)
    if not options["from_manifests"]:
        if options["registry"] is None:
            raise click.UsageError("Name a registry, such as us.gcr.io/my-project.")
        if options["of"] is not None or manifests:
            raise click.UsageError("--of, --manifest and --thin-manifest-dir need --from-manifests.")
        return
    if options["registry"] is not None:
        raise click.UsageError("With --from-manifests the registry is named with --of.")
    if options["of"] is None:
        raise click.UsageError("--from-manifests needs --of REGISTRY.")
    if len(manifests) != 1:
        raise click.UsageError("--from-manifests needs either --manifest FILE or --thin-manifest-dir DIR.")
    for name in ("minimal", "tag", "service_account"):
        if options[name]:
            option = name.replace("_", "-")
            raise click.UsageError(f"--{option} looks into a registry: it cannot be used with --from-manifests.")
