"""`cip snapshot`: what a registry holds at and below a path."""

from typing import Any

import attrs
import click

from cip_async.cli.options import (
    Connection,
    Telling,
    connection,
    connection_options,
    telling,
    telling_options,
)
from cip_async.errors import InvalidReference
from cip_async.inventory.text import Output
from cip_async.reference import parse_registry_path


@attrs.frozen(kw_only=True)
class SnapshotOptions:
    """What was asked for on the command line."""

    registry: str
    output: Output
    connection: Connection
    telling: Telling


def _registry(context: click.Context, parameter: click.Parameter, value: str) -> str:
    del context
    try:
        return str(parse_registry_path(value))
    except InvalidReference as error:
        raise click.BadParameter(str(error), param=parameter) from error


@click.command(short_help="List all images below a path of a registry.")
@click.argument("registry", callback=_registry)
@click.option(
    "--output",
    type=click.Choice([each.value for each in Output]),
    default=Output.YAML.value,
    show_default=True,
    help="As images.yaml of a thin promoter manifest, or a line per tag: image@digest,image:tag.",
)
@connection_options
@telling_options
def snapshot(**options: Any) -> None:
    """List all images at and below REGISTRY, such as us.gcr.io/my-project.

    They come sorted by name, digest and tag. Nothing is printed unless everything could be listed: then the exit code
    is 3, and what is wrong is said.
    """
    wanted = SnapshotOptions(
        registry=options["registry"],
        output=Output(options["output"]),
        connection=connection(options),
        telling=telling(options),
    )
    from cip_async.cli import snapshotting  # noqa: PLC0415 - the client takes long to import; --help does not need it

    raise click.exceptions.Exit(snapshotting.snapshot(wanted))
