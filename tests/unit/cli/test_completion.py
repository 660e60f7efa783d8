"""`cip completion`: the scripts for shells, and what bash makes of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cip_async.cli import cip

REGISTERS = {"bash": "complete -o nosort -F _cip_completion cip", "zsh": "#compdef cip", "fish": "--command cip"}

ASK_BASH = """
eval "$(cip completion bash)"
complete -p cip >/dev/null
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_cip_completion cip
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize("shell", REGISTERS)
def test_a_script_registers_cip_with_its_shell(shell: str) -> None:
    result = CliRunner().invoke(cip, ["completion", shell])
    assert result.exit_code == 0
    assert REGISTERS[shell] in result.stdout
    assert f"_CIP_COMPLETE={shell}_complete" in result.stdout


def test_another_shell_is_a_usage_error_that_names_those_there_are() -> None:
    result = CliRunner().invoke(cip, ["completion", "tcsh"])
    assert result.exit_code == 2
    for shell in REGISTERS:
        assert shell in result.output


def completed_by_bash(*words: str) -> list[str]:
    """What bash offers when tab is pressed behind these words."""
    bash = shutil.which("bash")
    if bash is None or subprocess.run([bash, "-c", "(( BASH_VERSINFO[0] > 4 ))"], check=False).returncode:
        pytest.skip("bash is not installed, or older than 5")
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        [bash, "--norc", "-euc", ASK_BASH, "bash", *words], env=env, capture_output=True, text=True, check=True
    )
    assert ended.stderr == ""
    return ended.stdout.split()


def test_bash_completes_sub_commands() -> None:
    assert completed_by_bash("cip", "") == cip.list_commands(click.Context(cip))


def test_bash_completes_options_of_a_sub_command() -> None:
    assert completed_by_bash("cip", "run", "--thin") == ["--thin-manifest-dir"]


def test_bash_completes_what_an_option_may_be() -> None:
    assert completed_by_bash("cip", "run", "--on-conflict", "q") == ["quarantine"]
