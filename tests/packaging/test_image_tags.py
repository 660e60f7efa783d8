"""The tags of container images, and the documented commands that build images with them."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML

from cip_async.reference import parse_tag
from tests.docs.pages import blocks
from tests.packaging.distributions import ROOT

IMAGES: Final = ("cip", "cip-auditor")
MADE: Final = "2026-03-01T23:30:00-05:00"
RECORD_CALL: Final = """#!/bin/sh
for argument in "$0" "$@"; do printf '%s\\n' "$argument"; done >> "$CALLS"
printf -- '---\\n' >> "$CALLS"
"""


def environment() -> dict[str, str]:
    named = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_COMMITTER_DATE": MADE, **named}


def run(folder: Path, *command: str, **more: str) -> str:
    ended = subprocess.run(
        command, cwd=folder, env={**environment(), **more}, capture_output=True, text=True, check=True, timeout=60
    )
    return ended.stdout.strip()


def commit(folder: Path) -> str:
    """Make a commit, and return its hash."""
    run(folder, "git", "commit", "-q", "--allow-empty", "-m", "Change")
    return run(folder, "git", "rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git repository with this project's script in it, and one commit."""
    folder = tmp_path / "checkout"
    (folder / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "image-tag", folder / ".ci")
    run(folder, "git", "init", "-q")
    run(folder, "git", "add", ".")
    commit(folder)
    return folder


def image_tag(checkout: Path) -> str:
    tag = run(checkout.parent, str(checkout / ".ci" / "image-tag"))
    return parse_tag(tag)


def test_a_release_is_tagged_with_its_day_in_utc_and_its_git_tag(checkout: Path) -> None:
    run(checkout, "git", "tag", "v0.2.0")
    assert image_tag(checkout) == "20260302-v0.2.0"


def test_what_follows_a_release_is_told_by_how_far_and_by_its_commit(checkout: Path) -> None:
    run(checkout, "git", "tag", "--annotate", "--message", "release", "v0.2.0")
    commit(checkout)
    newest = commit(checkout)
    assert image_tag(checkout) == f"20260302-v0.2.0-2-g{newest[:7]}"


def test_before_the_first_release_the_commit_is_all_there_is(checkout: Path) -> None:
    assert image_tag(checkout) == f"20260302-{run(checkout, 'git', 'rev-parse', '--short', 'HEAD')}"


def test_changes_that_no_commit_holds_are_told(checkout: Path) -> None:
    with (checkout / ".ci" / "image-tag").open("a", encoding="utf-8") as script:
        script.write("# changed\n")
    assert image_tag(checkout).endswith("-dirty")


def calls(checkout: Path, program: str) -> list[list[str]]:
    """How the commands on the page about releases call a program, each as its arguments."""
    programs = checkout.parent / "programs"
    programs.mkdir()
    (programs / program).write_text(RECORD_CALL, encoding="utf-8")
    (programs / program).chmod(0o755)
    texts = [block.text for block in blocks(ROOT / "docs" / "releasing.md")]
    (shown,) = [text for text in texts if re.search(rf"^ *{program} ", text, re.MULTILINE)]
    log = checkout.parent / "calls"
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    run(checkout, "bash", "-euo", "pipefail", "-c", shown, PATH=path, CALLS=str(log))
    return [call.splitlines()[1:] for call in log.read_text(encoding="utf-8").split("---\n") if call]


def test_the_documented_commands_build_both_images_on_ones_own_machine(checkout: Path) -> None:
    run(checkout, "git", "tag", "v0.2.0")
    assert calls(checkout, "podman") == [
        shlex.split(
            f"build --file Containerfile --target {image} --tag {image}:20260302-v0.2.0"
            f" --build-arg CIP_BUILD_COMMIT={run(checkout, 'git', 'rev-parse', 'HEAD')}"
            f" --build-arg CIP_BUILD_DATE={MADE} ."
        )
        for image in IMAGES
    ]


def cloud_build() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "cloudbuild.yaml")
    return loaded


def test_the_documented_command_gives_cloud_build_what_it_substitutes(checkout: Path) -> None:
    run(checkout, "git", "tag", "v0.2.0")
    ((builds, submit, *arguments),) = calls(checkout, "gcloud")
    assert (builds, submit, arguments[:3]) == ("builds", "submit", ["--config", "cloudbuild.yaml", "--substitutions"])
    given = dict(pair.split("=", 1) for pair in arguments[3].split(","))
    assert given == {
        "_GIT_TAG": "20260302-v0.2.0",
        "_GIT_COMMIT": run(checkout, "git", "rev-parse", "HEAD"),
        "_GIT_DATE": MADE,
    }
    assert given.keys() | {"_REGISTRY"} == cloud_build()["substitutions"].keys()


def substituted(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], text)


def test_cloud_build_builds_and_pushes_both_images_with_that_tag() -> None:
    values = {"_REGISTRY": "r.example/p", "_GIT_TAG": "T", "_GIT_COMMIT": "C", "_GIT_DATE": "D"}
    build = cloud_build()
    assert [substituted(image, values) for image in build["images"]] == [f"r.example/p/{image}:T" for image in IMAGES]
    assert [[substituted(argument, values) for argument in step["args"]] for step in build["steps"]] == [
        shlex.split(
            f"build --file=Containerfile --target={image} --tag=r.example/p/{image}:T"
            " --build-arg=CIP_BUILD_COMMIT=C --build-arg=CIP_BUILD_DATE=D ."
        )
        for image in IMAGES
    ]


def test_without_a_tag_cloud_build_would_push_nothing() -> None:
    (image, _) = cloud_build()["images"]
    assert substituted(image, {"_REGISTRY": "r.example/p", **cloud_build()["substitutions"]}).endswith(":")
