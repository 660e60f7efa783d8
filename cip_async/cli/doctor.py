"""`cip doctor`: can a run read each source and write each destination?"""

from pathlib import Path
from typing import Any

import attrs
import click

from cip_async.cli.options import (
    Connection,
    Telling,
    accounts_option,
    connection,
    connection_options,
    manifest_options,
    refuse_useless_keys,
    telling,
    telling_options,
    to_option,
)


@attrs.frozen(kw_only=True)
class DoctorOptions:
    """What was asked for on the command line. `to` is None where there is no filter."""

    manifest: Path | None
    thin_manifest_dir: Path | None
    to: tuple[str, ...] | None
    json: bool
    connection: Connection
    telling: Telling


@click.command(short_help="Try whether each registry can be read and written.")
@manifest_options
@to_option
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="A table, or JSON."
)
@connection_options
@accounts_option
@telling_options
def doctor(**options: Any) -> None:
    """Try whether each source of the promoter manifests can be read, and each destination written.

    Of each registry entry one repository is read. For a destination, an upload is begun too, and cancelled: nothing is
    left behind. The exit code is 1 if anything would not work.
    """
    if (options["manifest"] is None) == (options["thin_manifest_dir"] is None):
        raise click.UsageError("Name either --manifest FILE or --thin-manifest-dir DIR.")
    refuse_useless_keys(options)
    wanted = DoctorOptions(
        manifest=options["manifest"],
        thin_manifest_dir=options["thin_manifest_dir"],
        to=options["to"] or None,
        json=options["output"] == "json",
        connection=connection(options),
        telling=telling(options),
    )
    from cip_async.cli import doctoring  # noqa: PLC0415 - the client takes long to import; --help does not need it

    raise click.exceptions.Exit(doctoring.doctor(wanted))
