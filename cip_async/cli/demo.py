"""`cip demo`: a whole promotion on this machine, with nothing to set up."""

import click

from cip_async.cli.progress_mode import ProgressMode


@click.command(short_help="Show a promotion on registries inside this process.")
@click.option(
    "--latency",
    type=click.FloatRange(min=0, max=1000),
    default=80.0,
    show_default=True,
    metavar="MS",
    help="How far away the registries seem to be, in milliseconds.",
)
@click.option(
    "--progress",
    type=click.Choice([each.value for each in ProgressMode]),
    default=ProgressMode.AUTO.value,
    show_default=True,
    help="When to show progress bars.",
)
def demo(latency: float, progress: str) -> None:
    """Show a promotion on registries that run inside this process.

    A staging registry and three mirrors are started and staging is filled with images. They are promoted: a dry run,
    the promotion, and the same again, which has nothing left to do. Then the cost is compared with the least that is
    possible. The exit code is 1 if anything was not as promised.
    """
    from cip_async.cli import demonstrating  # noqa: PLC0415 - the engine takes long to import; --help does not need it

    raise click.exceptions.Exit(demonstrating.demonstrate(latency_ms=latency, progress=ProgressMode(progress)))
