"""`cip` itself: help, version, unknown sub-commands."""

import importlib.metadata
import subprocess
import sys

from click.testing import CliRunner

from cip_async.cli import cip


def test_help_names_every_sub_command() -> None:
    result = CliRunner().invoke(cip, ["--help"])
    assert result.exit_code == 0
    assert "version" in result.output


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
