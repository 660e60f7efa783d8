"""`cip` itself: help, version, unknown sub-commands, and how errors end it."""

import importlib.metadata
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from cip_async.cli import cip
from cip_async.cli.group import SubCommands
from cip_async.errors import CipError, FileProblem, InvalidManifests, InvalidReference, InvalidSettings, Unavailable
from cip_async.model.promoter_manifest import Gravity, Place, Problem

HEAVY = ("aiohttp", "anyio", "google", "rich", "ruamel", "sqlite3", "tenacity", "uvloop", "yarl")
COMMANDS = cip.list_commands(click.Context(cip))

PROBLEMS = tuple(Problem(Place("f.yaml", line, 1), "is wrong", gravity=Gravity.ENTRY) for line in (3, 7))
SELDOM_NEEDED = (
    "checks.check",
    "gcp.container_analysis",
    "gcp.gcloud",
    "inventory.snapshot",
    "inventory.store",
    "manifests.history",
    "registry.examination",
    "reporting.json_report",
    "verification.walk",
)


def test_help_names_every_sub_command() -> None:
    result = CliRunner().invoke(cip, ["--help"])
    assert result.exit_code == 0
    assert {"run", "snapshot", "demo", "fake-registry", "version"} <= set(COMMANDS)
    for name in COMMANDS:
        assert f"\n  {name} " in result.output
    assert "..." not in result.output.partition("Commands:")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_needs_nothing_that_takes_long_to_import(name: str) -> None:
    program = (
        "import sys; from cip_async.cli import cip; "
        f"cip(['{name}', '--help'], standalone_mode=False); "
        f"print(*sorted(set({HEAVY}) & sys.modules.keys()), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "\n")
    assert result.stdout.startswith("Usage: ")


def test_a_promotion_loads_nothing_that_most_promotions_do_not_need() -> None:
    unneeded = ["sqlite3", "rich", "google.auth", *(f"cip_async.{name}" for name in SELDOM_NEEDED)]
    program = f"import sys, cip_async.cli.running; print(*sorted(set({unneeded}) & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "\n"


def test_version_is_that_of_the_distribution() -> None:
    result = CliRunner().invoke(cip, ["version"])
    assert result.exit_code == 0
    assert result.output.startswith(f"cip {importlib.metadata.version('cip-async')} (Python ")


def test_an_unknown_sub_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(cip, ["promote"])
    assert result.exit_code == 2
    assert "No such command 'promote'" in result.output


def test_the_package_runs_as_a_module() -> None:
    result = subprocess.run([sys.executable, "-m", "cip_async", "version"], capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert result.stdout.startswith("cip ")


def ended_by(error: BaseException) -> tuple[int, str]:
    """How `cip` ends when a sub-command raises `error`."""

    @click.command()
    def failing() -> None:
        raise error

    class Commands(SubCommands):
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
            return failing

    result = CliRunner().invoke(Commands("cip"), ["anything"])
    return result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (InvalidManifests(PROBLEMS), 1, "f.yaml:3:1: is wrong\nf.yaml:7:1: is wrong\n"),
        (FileProblem("\x1b[31m", "cannot be read"), 1, "\\x1b[31m: cannot be read\n"),
        (InvalidSettings("threads", 0, "at least 1"), 2, "threads is 0: expected at least 1\n"),
        (InvalidReference("registry", "x", "a host"), 2, "registry 'x' is malformed: expected a host\n"),
        (Unavailable("gcr.io", "GET /v2/", "status 500"), 3, "gcr.io: GET /v2/: status 500\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_error_becomes_its_sentence_and_a_code(error: CipError | KeyboardInterrupt, code: int, told: str) -> None:
    assert ended_by(error) == (code, told)


def test_many_problems_are_all_told_and_then_counted() -> None:
    _, told = ended_by(InvalidManifests(tuple(f"f.yaml:{line}:1: is wrong" for line in range(1, 1001))))
    assert len(told.splitlines()) == 1001
    assert told.endswith("f.yaml:1000:1: is wrong\n1,000 problems are told above\n")
