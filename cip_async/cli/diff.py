"""`cip diff`: what two registries, snapshots or sets of promoter manifests differ in."""

from typing import Any

import attrs
import click

from cip_async.cli.options import (
    Connection,
    Telling,
    account_option,
    connection,
    connection_options,
    refuse_useless_keys,
    telling,
    telling_options,
)
from cip_async.cli.snapshot import registry_path


@attrs.frozen(kw_only=True)
class DiffOptions:
    """What was asked for on the command line. `of` is the registry in which promoter manifests are looked at."""

    here: str
    there: str
    of: str | None
    json: bool
    service_account: str | None
    connection: Connection
    telling: Telling


@click.command()
@click.argument("here", metavar="A")
@click.argument("there", metavar="B")
@click.option(
    "--of",
    callback=registry_path,
    metavar="REGISTRY",
    help="What promoter manifests want in this registry. If the other side is a registry, it is that one.",
)
@click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="A line per difference, as text or as JSON.",
)
@account_option
@connection_options
@telling_options
def diff(**options: Any) -> None:
    """Tell what A and B differ in.

    Each is a registry (us.gcr.io/my-project), a snapshot in a file, or promoter manifests: the file of a plain one or
    the folder of thin ones. Images are compared by their names below the registry.

    \b
    - image:tag digest          only A has this tag
    + image:tag digest          only B has it
    ! image:tag digest digest   both have it, with different digests
    - image@digest              only A has this untagged image (+: only B)

    \b
    Exit codes:
      0    no difference
      1    there are differences, or a file is wrong
      2    the command line is wrong
      3    a registry could not be read
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    refuse_useless_keys(options)
    wanted = DiffOptions(
        here=options["here"],
        there=options["there"],
        of=options["of"],
        json=options["output"] == "json",
        service_account=options["service_account"],
        connection=connection(options),
        telling=telling(options),
    )
    from cip_async.cli import comparing  # noqa: PLC0415 - the client takes long to import; --help does not need it

    raise click.exceptions.Exit(comparing.compare(wanted))
