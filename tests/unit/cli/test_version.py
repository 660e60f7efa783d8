"""`cip version`: as much as is known."""

import importlib.metadata
import json
import platform
from pathlib import Path

import pytest
from click.testing import CliRunner

from cip_async.cli import cip

FIRST = f"cip {importlib.metadata.version('cip-async')} (Python {platform.python_version()})"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the package is, for once: outside of any checkout."""
    monkeypatch.setattr("cip_async.cli.origin.PACKAGE", tmp_path / "cip_async")
    (tmp_path / "cip_async").mkdir()
    return tmp_path / "cip_async"


def told() -> list[str]:
    result = CliRunner().invoke(cip, ["version"])
    assert result.exit_code == 0
    return result.stdout.splitlines()


def test_without_an_origin_the_versions_are_told(package: Path) -> None:
    assert told() == [FIRST]


def test_the_commit_and_its_date_follow(package: Path) -> None:
    record = {"commit": "a" * 40, "date": "2026-03-02T04:30:00Z"}
    (package / "origin.json").write_text(json.dumps(record), encoding="utf-8")
    assert told() == [FIRST, f"commit {'a' * 40}", "date 2026-03-02T04:30:00Z"]


def test_a_commit_without_a_date_stands_alone(package: Path) -> None:
    (package / "origin.json").write_text(json.dumps({"commit": "a" * 40, "date": None}), encoding="utf-8")
    assert told() == [FIRST, f"commit {'a' * 40}"]
