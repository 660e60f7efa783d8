"""The code that the documentation shows does what it says.

All `python` blocks of a page are one program. In `console` blocks, lines after `$ ` are commands; what is shown below
one is what it prints, where `…` stands for anything. Both run in a folder that holds the page's `yaml` blocks under the
path that their first line, a comment, names.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks

DOCS = sorted((ROOT / "docs").rglob("*.md"))
FILE_NAME = re.compile(r"# ([\w./-]+\.yaml)\n")


def pages_with(language: str) -> list[object]:
    return [
        pytest.param(page, id=page.name) for page in DOCS if any(block.language == language for block in blocks(page))
    ]


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONWARNINGS": "error", "NO_COLOR": "1", "COLUMNS": "100"}


@pytest.mark.parametrize("page", pages_with("python"))
def test_programs_run(page: Path, tmp_path: Path) -> None:
    program = "\n".join(block.text for block in blocks(page) if block.language == "python")
    for block in blocks(page):
        write_named(block, tmp_path)
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("page", pages_with("console"))
def test_commands_print_what_is_shown(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        write_named(block, tmp_path)
        if block.language == "console":
            for command, shown in commands(block.text):
                printed = subprocess.run(
                    ["bash", "-c", command],
                    cwd=tmp_path,
                    env=environment(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    check=False,
                ).stdout
                assert re.fullmatch(pattern(shown), printed, re.DOTALL), f"$ {command}\n{printed}"


def write_named(block: Block, folder: Path) -> None:
    """Write a `yaml` block that begins with the name of a file."""
    name = FILE_NAME.match(block.text)
    if block.language == "yaml" and name:
        path = folder / name[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command with the output that is shown for it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def pattern(shown: str) -> str:
    """A regular expression for what is shown, `…` standing for anything."""
    return re.escape(shown).replace("…", ".*")
