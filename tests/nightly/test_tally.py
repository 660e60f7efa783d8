"""What tests did is noted as they end, whether they pass or fail, by one process alone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT

TESTS = """
import pytest

@pytest.fixture
def broken():
    yield
    raise ValueError

@pytest.mark.parametrize("number", [1, 2])
def test_that_tells(number, record_property):
    record_property("faults", number)
    assert number == 1

def test_that_fails_at_its_end(broken, record_property):
    record_property("faults", 4)

def test_that_is_skipped():
    pytest.skip()
"""


def pytest_run(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CIP_", "PYTEST_"))}
    (folder / "test_some.py").write_text(TESTS)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.nightly.tally", *options, folder],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=inherited | environment,
    )


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["one process", "several"])
def test_what_a_test_told_is_noted_though_it_failed(tmp_path: Path, options: list[str]) -> None:
    lines = tmp_path / "lines"
    assert pytest_run(tmp_path, *options, CIP_TALLY=str(lines), CIP_KILLS="7").returncode == 1

    *noted, run = [json.loads(text) for text in lines.read_text().splitlines()]
    assert sorted(map(told, noted)) == [
        ("test_that_fails_at_its_end", "call", "passed", {"faults": 4}),
        ("test_that_fails_at_its_end", "teardown", "failed", {"faults": 4}),
        ("test_that_is_skipped", "call", "skipped", {}),
        ("test_that_tells[1]", "call", "passed", {"faults": 1}),
        ("test_that_tells[2]", "call", "failed", {"faults": 2}),
    ]
    assert run["variables"] == {"CIP_KILLS": "7"}
    assert run["workers"] == (2 if options else 1)
    assert run["took_s"] > 0
    assert run["machine"]["cpus"] >= 1


def told(line: dict[str, Any]) -> tuple[str, str, str, dict[str, int]]:
    return line["test"].rpartition("::")[2], line["when"], line["outcome"], line["told"]


def test_without_a_file_for_them_no_test_runs(tmp_path: Path) -> None:
    ended = pytest_run(tmp_path)
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert "tests.nightly.tally notes what tests did: CIP_TALLY must name a file for that" in ended.stderr
    assert "Traceback" not in ended.stderr
