"""`cip run`: promote what promoter manifests want, or show what would be promoted."""

from pathlib import Path
from typing import Any

import attrs
import click

from cip_async.checks.names import OFFLINE
from cip_async.cli.check_options import CheckOptions, check_options, check_options_of
from cip_async.cli.duration import age_s
from cip_async.cli.options import (
    FILE,
    Connection,
    Telling,
    accounts_option,
    connection,
    connection_options,
    manifest_options,
    only_option,
    refuse_useless_keys,
    telling,
    telling_options,
    timeout_option,
    to_option,
)


@attrs.frozen(kw_only=True)
class RunOptions:
    """What was asked for on the command line. `only` and `to` are None where there is no filter."""

    manifest: Path | None
    thin_manifest_dir: Path | None
    confirm: bool
    parse_only: bool
    only: tuple[str, ...] | None
    to: tuple[str, ...] | None
    quarantine: bool
    strict: bool
    server_side_only: bool
    inventory: Path | None
    report: Path | None
    report_all_edges: bool
    connection: Connection
    telling: Telling
    checks: CheckOptions = attrs.field(factory=CheckOptions)
    trust_inventory_s: float | None = None
    verify: bool = False
    repair: bool = False
    recheck_tags: bool = False
    timeout_s: float | None = None


@click.command(short_help="Promote images, or show what would be promoted.")
@manifest_options
@click.option("--confirm", is_flag=True, help="Promote. Without this the run is dry: it writes nothing anywhere.")
@click.option("--parse-only", is_flag=True, help="Read and check the promoter manifests, ask no registry, and end.")
@only_option
@to_option
@click.option(
    "--on-conflict",
    type=click.Choice(["abort", "quarantine"]),
    default="abort",
    show_default=True,
    help="With conflicts or invalid entries: write nothing at all, or leave exactly those out and promote the rest.",
)
@click.option("--strict", is_flag=True, help="Warnings about promoter manifests, and lost images, are errors.")
@click.option("--verify", is_flag=True, help="List once more what was written to; what is not as wanted has failed.")
@click.option("--repair", is_flag=True, help="Look for damaged images in mirrors too, and place again what they lack.")
@click.option(
    "--recheck-tags",
    is_flag=True,
    help="Ask for every tag right before it is written, not only where its listing is older than a minute.",
)
@timeout_option
@click.option("--server-side-only", is_flag=True, help="Fail rather than copy image bytes through this machine.")
@click.option(
    "--inventory",
    type=FILE,
    metavar="FILE",
    help="Keep what the registries hold, and image manifests, in this file (SQLite) for later runs.",
)
@click.option(
    "--trust-inventory",
    "trust_inventory_s",
    callback=age_s,
    metavar="AGE",
    help="List no mirror again that by the inventory had all that is wanted, not longer ago than AGE, such as 12h.",
)
@click.option("--report", type=FILE, metavar="FILE", help="Write what became of every edge to this file, as JSON.")
@click.option(
    "--report-edges",
    type=click.Choice(["changed", "all"]),
    default="changed",
    show_default=True,
    help="Edges in the report: those not promoted before, or all of them, as JSON Lines.",
)
@check_options
@connection_options
@accounts_option
@telling_options
def run(**options: Any) -> None:
    """Promote images from staging registries to their mirrors, as promoter manifests want it.

    Without --confirm this is a dry run: it shows what would be promoted, and writes nothing.

    \b
    Exit codes:
      0    done, or nothing to do
      1    the promoter manifests or the plan are wrong; nothing was written
      2    the command line is wrong
      3    partly done: some edges failed or were left out, or time was up; run again
      130  interrupted (143: terminated); run again
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    checks = check_options_of(options)
    _check(options, checks)
    wanted = RunOptions(
        checks=checks,
        only=options.pop("only") or None,
        to=options.pop("to") or None,
        quarantine=options.pop("on_conflict") == "quarantine",
        report_all_edges=options.pop("report_edges") == "all",
        connection=connection(options),
        telling=telling(options),
        **options,
    )
    raise click.exceptions.Exit(_carry_out(wanted))


def _carry_out(options: RunOptions) -> int:
    """Do what was asked for. The engine takes long to import, and neither --help nor --parse-only need it."""
    if options.parse_only:
        from cip_async.cli.parse_only import parse_only  # noqa: PLC0415

        return parse_only(options)
    from cip_async.cli.running import run as promote  # noqa: PLC0415

    return promote(options)


def _check(options: dict[str, Any], checks: CheckOptions) -> None:
    """Refuse combinations of options that contradict each other or mean nothing."""
    if (options["manifest"] is None) == (options["thin_manifest_dir"] is None):
        raise click.UsageError("Name either --manifest FILE or --thin-manifest-dir DIR.")
    if options["trust_inventory_s"] is not None and options["inventory"] is None:
        raise click.UsageError("--trust-inventory needs --inventory FILE: there is nothing else to trust.")
    if options["verify"] and not options["confirm"]:
        raise click.UsageError("--verify needs --confirm: a dry run writes nothing that could be verified.")
    if options["repair"] and options["trust_inventory_s"] is not None:
        raise click.UsageError("--repair looks at the mirrors themselves: it cannot be used with --trust-inventory.")
    if options["report_edges"] == "all" and options["report"] is None:
        raise click.UsageError("--report-edges all needs --report FILE.")
    refuse_useless_keys(options)
    if options["recheck_tags"] and not options["confirm"]:
        raise click.UsageError("--recheck-tags needs --confirm: a dry run writes no tag.")
    if options["parse_only"]:
        asking = [name for name in checks.names if name not in OFFLINE]
        if asking:
            raise click.UsageError(f"--parse-only asks no registry, and --check {asking[0]} does.")
        for name in ("confirm", "report", "inventory", "server_side_only", "repair", "timeout_s"):
            if options[name]:
                option = name.removesuffix("_s").replace("_", "-")
                raise click.UsageError(f"--parse-only asks no registry: it cannot be used with --{option}.")
