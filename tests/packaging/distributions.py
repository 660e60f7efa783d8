"""Building this project, and installing what was built where nothing of this checkout is at hand."""

import os
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
VERSION: Final = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
COMMIT: Final = "0123456789abcdef0123456789abcdef01234567"
DATE: Final = "2026-03-02T04:30:00Z"
TOLD: Final = {"CIP_BUILD_COMMIT": COMMIT, "CIP_BUILD_DATE": DATE}
"""What the environment of a build may say of its commit."""


def project() -> dict[str, Any]:
    """The `[project]` table of `pyproject.toml`."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def built(target: str, source: Path, into: Path, *, told: Mapping[str, str]) -> Path:
    """A distribution of `source`: an `sdist` or a `wheel`."""
    env = {name: value for name, value in os.environ.items() if name not in TOLD}
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    ended = subprocess.run(
        command, cwd=source, env={**env, **told}, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    (path,) = into.iterdir()
    return path


def unpacked(sdist: Path, into: Path) -> Path:
    """The folder that a source archive holds."""
    with tarfile.open(sdist) as archive:
        if hasattr(tarfile, "data_filter"):  # from Python 3.11.4 on
            archive.extraction_filter = staticmethod(tarfile.data_filter)
        archive.extractall(into)
    (folder,) = into.iterdir()
    return folder


def content(wheel: Path) -> dict[str, bytes]:
    """The files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def installed(wheel: Path, into: Path) -> Path:
    """The folder of programs of a new virtual environment with this wheel in it.

    What the wheel depends on is borrowed from the environment that runs the tests, so nothing is downloaded. Its
    folders come last on the path, and their own `.pth` files, one of which may lead to this checkout, are not read.
    """
    pytest.importorskip("pip", reason="this environment has no pip")
    venv.create(into, symlinks=True)
    python = into / "bin" / "python"
    packages = Path(printed(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)],
        check=True,
        timeout=60,
    )
    borrowed = [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    (packages / "borrowed.pth").write_text("\n".join(borrowed) + "\n", encoding="utf-8")
    return python.parent


def printed(program: Path, *arguments: str) -> str:
    """What an installed program prints when it is run far from this checkout; it must end with 0."""
    ended = subprocess.run(
        [str(program), *arguments],
        cwd=program.parent,
        env=_plain_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@contextmanager
def started(program: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """An installed program while it runs, with all that it says on `stdout`; killed if it does not end by itself."""
    with subprocess.Popen(
        [str(program), *arguments],
        cwd=program.parent,
        env=_plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CIP_"))}
