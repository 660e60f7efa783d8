"""`cip verify`: do the mirrors have what promoter manifests want, and is it whole?"""

from pathlib import Path
from typing import Any

import attrs
import click

from cip_async.cli.options import (
    FILE,
    Connection,
    Telling,
    accounts_option,
    connection,
    connection_options,
    manifest_options,
    only_option,
    telling,
    telling_options,
    timeout_option,
    to_option,
)


@attrs.frozen(kw_only=True)
class VerifyOptions:
    """What was asked for on the command line. `only` and `to` are None where there is no filter."""

    manifest: Path | None
    thin_manifest_dir: Path | None
    only: tuple[str, ...] | None
    to: tuple[str, ...] | None
    deep: bool
    report: Path | None
    timeout_s: float | None
    connection: Connection
    telling: Telling


@click.command(short_help="Compare mirrors with what is wanted there.")
@manifest_options
@only_option
@to_option
@click.option("--deep", is_flag=True, help="Read every index and image manifest, and ask for every blob.")
@timeout_option
@click.option("--report", type=FILE, metavar="FILE", help="Write what was found to this file, as JSON.")
@connection_options
@accounts_option
@telling_options
def verify(**options: Any) -> None:
    """Tell whether mirrors have what promoter manifests want there, with every tag where it should be.

    With --deep, whether the images are whole too: every index, image manifest and blob. Nothing is written anywhere;
    `cip run --confirm` promotes what is missing, and with --repair places again what is damaged.

    \b
    Exit codes:
      0    all is as it is wanted
      1    something is missing, elsewhere or damaged, or the promoter manifests are wrong
      2    the command line is wrong
      3    nothing is known to be wrong, and a registry did not tell everything, or time was up; verify again
      130  interrupted (143: terminated)
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    if (options["manifest"] is None) == (options["thin_manifest_dir"] is None):
        raise click.UsageError("Name either --manifest FILE or --thin-manifest-dir DIR.")
    wanted = VerifyOptions(
        manifest=options["manifest"],
        thin_manifest_dir=options["thin_manifest_dir"],
        only=options["only"] or None,
        to=options["to"] or None,
        deep=options["deep"],
        report=options["report"],
        timeout_s=options["timeout_s"],
        connection=connection(options),
        telling=telling(options),
    )
    from cip_async.cli import verifying  # noqa: PLC0415 - the client takes long to import; --help does not need it

    raise click.exceptions.Exit(verifying.verify(wanted))
