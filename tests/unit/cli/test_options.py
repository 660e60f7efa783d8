"""The options that several sub-commands share."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from cip_async.cli.logs import LogFormat
from cip_async.cli.options import (
    Connection,
    Telling,
    connection,
    connection_options,
    telling,
    telling_options,
)
from cip_async.cli.progress_mode import ProgressMode
from cip_async.settings import Rate


@click.command()
@connection_options
@telling_options
def command(**options: Any) -> None:
    """Show what the options came to."""
    click.echo(repr((connection(options), telling(options), options)))


def output_of(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    return result.output.rstrip()


def complaint_about(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    return " ".join(result.output.split())


@pytest.fixture
def _loggers_as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("cip_async")
    before = root.level, root.handlers[:], ours.level
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    ours.setLevel(before[2])
    logging.captureWarnings(capture=False)


def test_every_option_has_a_default() -> None:
    expected: tuple[object, ...] = (
        Connection(threads=64, endpoints={}, strategies={}, ca_cert=None, docker_config=None),
        Telling(log_format=LogFormat.TEXT, progress=ProgressMode.AUTO, verbosity=0),
        {},
    )
    assert output_of() == repr(expected)


def test_options_are_understood(tmp_path: Path) -> None:
    ca_cert = tmp_path / "ca.pem"
    keys = [tmp_path / f"{name}.json" for name in "abc"]
    for path in (ca_cert, *keys):
        path.touch()
    expected: tuple[object, ...] = (
        Connection(
            threads=8,
            endpoints={"gcr.io": "http://localhost:5000", "eu.gcr.io": "http://localhost:5001?a=b"},
            strategies={"registry.example": "google", "us-docker.pkg.dev": "artifact-registry"},
            ca_cert=ca_cert,
            docker_config=None,
            key_files=(tmp_path / "a.json", tmp_path / "b.json", tmp_path / "c.json"),
            rates={
                "gcr.io": Rate(reads_per_minute=5000.0, writes_per_minute=1000.0),
                "eu.gcr.io": Rate(writes_per_minute=1000.5),
                "localhost:5000": Rate(reads_per_minute=60.0),
            },
        ),
        Telling(log_format=LogFormat.JSON, progress=ProgressMode.NEVER, verbosity=2),
        {},
    )
    arguments = (
        "--rate gcr.io=5000/1000 --rate eu.gcr.io=/1000.5 --rate localhost:5000=60/"
        " --threads 8 --endpoint gcr.io=http://localhost:5000 --endpoint eu.gcr.io=http://localhost:5001?a=b"
        f" --listing registry.example=google --listing us-docker.pkg.dev=artifact-registry"
        f" --ca-cert {ca_cert} --key-files {keys[0]},{keys[1]} --key-files {keys[2]}"
        " --log-format json --progress never -vv"
    )
    assert output_of(*arguments.split()) == repr(expected)


@pytest.mark.parametrize("value", ["gcr.io", "=http://localhost:5000", "gcr.io="])
def test_an_endpoint_that_is_none_is_explained(value: str) -> None:
    expected = f"'{value}' is not HOST=URL, such as gcr.io=http://localhost:5000"
    assert expected in complaint_about("--endpoint", value)


def test_a_password_in_an_endpoint_that_is_none_is_not_shown() -> None:
    said = complaint_about("--endpoint", "http://me:secret@cache.example")
    assert "what has a user name is not HOST=URL, such as gcr.io=http://localhost:5000" in said
    assert "secret" not in said


def test_a_host_has_one_endpoint() -> None:
    said = complaint_about("--endpoint", "gcr.io=http://a", "--endpoint", "gcr.io=http://b")
    assert "gcr.io has two endpoints" in said


def test_a_way_of_listing_that_is_unknown_is_explained() -> None:
    assert "'gcr.io=ftp' is not HOST=oci or HOST=google" in complaint_about("--listing", "gcr.io=ftp")


@pytest.mark.parametrize(
    "value",
    [
        *("gcr.io", "gcr.io=", "gcr.io=5000", "gcr.io=/", "gcr.io=0/1000", "gcr.io=-1/", "gcr.io=nan/", "gcr.io=/inf"),
        *("gcr.io=1/2/3", "gcr.io=5k/", "=5000/1000", "gcr.io/prod=5000/1000", "https://gcr.io=5000/1000"),
    ],
)
def test_a_rate_that_is_none_is_explained(value: str) -> None:
    expected = f"'{value}' is not HOST=READS/WRITES in requests a minute, such as gcr.io=5000/1000 or gcr.io=5000/"
    assert expected in complaint_about("--rate", value)


def test_a_host_has_one_rate() -> None:
    assert "gcr.io has two rates" in complaint_about("--rate", "gcr.io=5000/", "--rate", "gcr.io=/1000")


def test_a_key_file_that_is_not_there_is_explained(tmp_path: Path) -> None:
    there = tmp_path / "a.json"
    there.touch()
    assert "b.json' does not exist" in complaint_about("--key-files", f"{there},b.json")


@pytest.mark.usefixtures("_loggers_as_before")
@pytest.mark.parametrize(
    ("progress", "verbosity", "level"),
    [
        (ProgressMode.NEVER, 0, logging.INFO),
        (ProgressMode.NEVER, 1, logging.DEBUG),
        (ProgressMode.ALWAYS, 0, logging.WARNING),
        (ProgressMode.ALWAYS, 1, logging.INFO),
        (ProgressMode.ALWAYS, 5, logging.DEBUG),
    ],
)
def test_bars_leave_only_warnings_to_the_log(progress: ProgressMode, verbosity: int, level: int) -> None:
    Telling(log_format=LogFormat.TEXT, progress=progress, verbosity=verbosity).screen()
    assert logging.getLogger("cip_async").getEffectiveLevel() == level
