"""Which commit a build was made from: told by git, by whoever builds, or by a file in the package."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from cip_async.cli.origin import Origin, given, of_checkout, recorded

MADE = "2026-03-01T23:30:00-05:00"
MADE_UTC = "2026-03-02T04:30:00Z"


def git(folder: Path, *arguments: str) -> str:
    env = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_COMMITTER_DATE": MADE,
        **{f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    ended = subprocess.run(["git", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=True)
    return ended.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("1\n", encoding="utf-8")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-q", "-m", "One")
    return tmp_path


def test_a_checkout_tells_its_commit_and_when_it_was_made_in_utc(checkout: Path) -> None:
    assert of_checkout(checkout) == Origin(commit=git(checkout, "rev-parse", "HEAD"), date=MADE_UTC)


def test_a_git_tag_does_not_hide_the_commit(checkout: Path) -> None:
    git(checkout, "tag", "-a", "-m", "first", "v1.0.0")
    origin = of_checkout(checkout)
    assert origin is not None
    assert re.fullmatch("[0-9a-f]{40}", origin.commit)


def test_a_changed_file_makes_the_commit_dirty(checkout: Path) -> None:
    (checkout / "file").write_text("2\n", encoding="utf-8")
    origin = of_checkout(checkout)
    assert origin is not None
    assert origin.commit == git(checkout, "rev-parse", "HEAD") + "-dirty"


def test_variables_of_a_git_hook_do_not_lead_to_another_repository(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = of_checkout(checkout)
    monkeypatch.setenv("GIT_DIR", str(checkout / "elsewhere"))
    assert expected is not None
    assert of_checkout(checkout) == expected


def test_a_folder_inside_of_a_checkout_is_not_taken_for_it(checkout: Path) -> None:
    inside = checkout / "site-packages"
    inside.mkdir()
    assert of_checkout(inside) is None


def test_a_repository_without_commits_tells_nothing(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert of_checkout(tmp_path) is None


def test_without_git_a_checkout_tells_nothing(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert of_checkout(checkout) is None


def test_what_a_build_recorded_is_read_back(tmp_path: Path) -> None:
    origin = Origin(commit="a" * 40, date=MADE_UTC)
    (tmp_path / "origin.json").write_text(json.dumps(origin._asdict()), encoding="utf-8")
    assert recorded(tmp_path) == origin


def test_a_package_without_a_record_tells_nothing(tmp_path: Path) -> None:
    assert recorded(tmp_path) is None


def test_a_given_date_is_told_in_utc() -> None:
    assert given("a" * 40, MADE) == Origin(commit="a" * 40, date=MADE_UTC)


def test_a_commit_may_be_given_without_its_date() -> None:
    assert given("a" * 40, "") == Origin(commit="a" * 40, date=None)


def test_nothing_given_is_no_origin() -> None:
    assert given("", MADE) is None


def test_a_given_date_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        given("a" * 40, "yesterday")
