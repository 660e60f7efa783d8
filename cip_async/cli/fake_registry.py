"""`cip fake-registry`: serve embedded registries, to try promotions on or to test other tools with."""

from typing import Any, Literal

import attrs
import click

_A_RATE = click.FloatRange(min=0, min_open=True)


@attrs.frozen(kw_only=True)
class FakeRegistryOptions:
    """What was asked for on the command line; `faults` are `KIND[=PROBABILITY][@REQUESTS]`."""

    hosts: tuple[str, ...]
    address: str
    port: int
    listing: Literal["oci", "google"]
    images: tuple[str, ...]
    latency_ms: float
    reads_per_second: float | None
    writes_per_second: float | None
    window_s: int | None
    users: tuple[str, ...]
    auth: Literal["token", "basic"]
    anonymous_pull: bool
    faults: tuple[str, ...]
    seed: int
    drop_uploads: bool


@click.command("fake-registry")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="What clients call the registry, such as gcr.io. Repeatable: each one gets the next port."
    "  [default: localhost:PORT]",
)
@click.option("--address", default="127.0.0.1", show_default=True, metavar="IP", help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(min=0, max=65535),
    default=5000,
    show_default=True,
    metavar="PORT",
    help="The first port to listen on; 0 takes ports that are free.",
)
@click.option(
    "--listing",
    type=click.Choice(["oci", "google"]),
    default="oci",
    show_default=True,
    help="Behave as the OCI distribution specification has it, or list tags and the like as Google's registries do.",
)
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="REPOSITORY:TAG",
    help="Put a small multi-arch image there on the first host. Repeatable.",
)
@click.option(
    "--latency",
    "latency_ms",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="MS",
    help="How long each request takes, in milliseconds.",
)
@click.option(
    "--reads", "reads_per_second", type=_A_RATE, metavar="N", help="Reads a second that each host grants; more are 429."
)
@click.option("--writes", "writes_per_second", type=_A_RATE, metavar="N", help="Writes a second that each host grants.")
@click.option(
    "--window",
    "window_s",
    type=click.IntRange(min=1),
    metavar="SECONDS",
    help="Count reads and writes over so many seconds, as Google does over 60, and grant them as fast as they come.",
)
@click.option(
    "--user", "users", multiple=True, metavar="NAME:PASSWORD", help="Ask for credentials, and accept these. Repeatable."
)
@click.option(
    "--auth",
    type=click.Choice(["token", "basic"]),
    default="token",
    show_default=True,
    help="How users show who they are: with a token for each purpose, or with their password.",
)
@click.option("--anonymous-pull", is_flag=True, help="Let everybody read without credentials.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="What goes wrong: 429, 500, reset, mount-refused and the like; how often, 429=0.1; to which requests,"
    " 500=0.1@blob-get. Repeatable.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="N", help="Decides which requests faults strike."
)
@click.option("--drop-uploads", is_flag=True, help="Check the bytes of uploaded blobs and forget them, to save memory.")
def fake_registry(**options: Any) -> None:
    """Serve container registries from memory until interrupted.

    What is printed are the options that lead cip to them: paste it behind `cip run`.
    """
    from cip_async.cli import serving  # noqa: PLC0415 - a server takes long to import, and --help does not need it

    serving.serve_until_interrupted(FakeRegistryOptions(**options))
