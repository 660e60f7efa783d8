"""The checks of the project: `nox` runs what every change must pass, `nox -l` lists all sessions."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "layers", "docs", "package", "tests"]
nox.options.error_on_missing_interpreters = True

PARALLEL = ["-n", "auto"]
OLDEST_MINOR = 11
NEWEST_MINOR = 19

SCHEMA_IS_THERE = """
import importlib.resources, json
json.loads(importlib.resources.files("cip_async.reporting").joinpath("report.schema.json").read_text())
"""

NIGHTLY_TESTS = "from tests.nightly.suites import selection; print(*selection(), sep='\\n')"
TARGET_NAMES = "from tests.fuzz.targets import TARGETS; print(*(target.name for target in TARGETS))"


def offer_pyenv_versions() -> None:
    """Let the `python3.N` shims of pyenv work, which refuse to unless their version is selected."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    minors = range(OLDEST_MINOR, NEWEST_MINOR + 1)
    found = [path.name for minor in minors for path in sorted((root / "versions").glob(f"3.{minor}.*"))]
    if found:
        os.environ.setdefault("PYENV_VERSION", ":".join(found))


def runs(python: str) -> bool:
    """Whether `python` is on the path and starts: a shim may exist for a Python that does not."""
    if shutil.which(python) is None:
        return False
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def pythons() -> Iterator[str]:
    """Every supported Python of this machine, oldest first."""
    for minor in range(OLDEST_MINOR, NEWEST_MINOR + 1):
        if runs(f"python3.{minor}"):
            yield f"3.{minor}"


def lowest_versions() -> Iterator[str]:
    """The dependencies of the package, each pinned to its lower bound."""
    project = nox.project.load_toml("pyproject.toml")["project"]
    for dependency in project["dependencies"]:
        requirement, _, marker = dependency.partition(";")
        name, bound, version = requirement.strip().partition(">=")
        if not bound or "," in version:
            raise ValueError(f"{dependency!r} has no lower bound alone")
        yield f"{name}=={version}" + (f" ; {marker.strip()}" if marker else "")


offer_pyenv_versions()
PYTHONS = list(pythons()) or [f"3.{sys.version_info.minor}"]


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install("ruff>=0.9")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    session.install("-e", ".[dev]")
    session.run("mypy", *session.posargs)


@nox.session
def layers(session: nox.Session) -> None:
    """Check that imports go one way, and that what decides does no I/O."""
    session.install("-e", ".", "import-linter>=2.5")
    session.run("lint-imports", "--no-cache")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests on every Python of this machine; the newest runs them on uvloop."""
    session.install("-e", ".[test]")
    env = {"CIP_TEST_LOOP": "uvloop"} if session.python == PYTHONS[-1] else {}
    session.run("pytest", *(session.posargs or PARALLEL), env=env)


@nox.session
def mutants(session: nox.Session) -> None:
    """Remove one guard after the other, in a copy, and show that a test notices each."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.mutants", *session.posargs)


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """Run the tests with the lowest version of each dependency that pyproject.toml allows."""
    constraints = session.cache_dir.resolve() / "lowest.txt"
    constraints.write_text("\n".join(lowest_versions()) + "\n", encoding="utf-8")
    session.install("-e", ".[test]", "-c", str(constraints))
    folders = ["tests/unit", "tests/service", "tests/properties", "tests/hostile"]
    session.run("pytest", *(session.posargs or [*PARALLEL, *folders]))


@nox.session
def audit(session: nox.Session) -> None:
    """Ask an advisory service whether known vulnerabilities concern what the package installs. Needs the network."""
    session.install("pip-audit>=2.7")
    session.run("pip-audit", "--strict", *session.posargs, ".")


@nox.session
def nightly(session: nox.Session) -> None:
    """Run the long forms of what is tested with faults, kills, hostile registries and bad input; print one table.

    `-- --write-docs` also puts the table into the documentation; other arguments are for pytest, which runs them alone.
    """
    session.install("-e", ".[test]")
    lines = session.cache_dir.resolve() / "nightly.jsonl"
    lines.unlink(missing_ok=True)
    long = {
        "CIP_FAULT_MATRIX": "whole",
        "CIP_FAULT_IMAGES": "1000",
        "CIP_KILLS": "100",
        "CIP_FUZZ_INPUTS": "200000",
        "CIP_TALLY": str(lines),
    }
    write = [argument for argument in session.posargs if argument == "--write-docs"]
    wanted = [argument for argument in session.posargs if argument not in write]
    if not wanted:
        wanted = str(session.run("python", "-c", NIGHTLY_TESTS, silent=True)).split("\n")[:-1]
    try:
        session.run("python", "-m", "pytest", "-p", "tests.nightly.tally", *PARALLEL, *wanted, env=long)
    finally:
        session.run("python", "-m", "tests.nightly", str(lines), *write)


@nox.session
def docs(session: nox.Session) -> None:
    """Check the links of the documentation, and run the code it shows."""
    session.install("-e", ".[test]")
    session.run("pytest", "tests/docs", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz where bytes enter, guided by coverage: `-- INPUTS` for each target (1000), `-- INPUTS TARGET` for one."""
    session.install("-e", ".[test]")
    said = session.run("pip", "install", "--only-binary", ":all:", "atheris", success_codes=[0, 1], silent=True)
    if session.run("python", "-c", "import atheris", success_codes=[0, 1], silent=True):
        session.skip(f"atheris has no wheel for this Python and platform: {str(said).strip().splitlines()[-1]}")
    inputs, *named = session.posargs or ["1000"]
    listed = session.run("python", "-c", TARGET_NAMES, silent=True)
    folder = Path(session.create_tmp()).resolve()
    for name in named or str(listed).split():
        session.run("python", "-m", "tests.fuzz.guided", name, str(folder / name), inputs)


@nox.session(reuse_venv=False)
def package(session: nox.Session) -> None:
    """Build the wheel, and use it where nothing of this folder is at hand."""
    wheels = Path(session.create_tmp()).resolve()
    for old in wheels.glob("*.whl"):
        old.unlink()
    session.run("python", "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(wheels), ".")
    session.install(*map(str, wheels.glob("*.whl")))
    session.chdir(wheels)
    session.run("cip", "version")
    session.run("cip", "demo", "--latency", "0", silent=True)
    session.run("python", "-c", SCHEMA_IS_THERE)


@nox.session
def bench(session: nox.Session) -> None:
    """Run all benchmarks; `-- --write-docs` also writes the page of the documentation from their results."""
    session.install("-e", ".")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """Show a promotion on the embedded registry."""
    session.install("-e", ".")
    session.run("cip", "demo", *session.posargs)
