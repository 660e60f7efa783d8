"""Removes one guard at a time, in a copy of the project, and shows that a test notices: `nox -s mutants`."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.mutants.applying import applied
from tests.mutants.guards import MUTATIONS, Mutation

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("cip_async", "tests", "pyproject.toml")
SOME_FAILED: Final = 1
"""What pytest exits with where tests ran and failed; any other code says that something else went wrong."""


def main(wanted: Sequence[str]) -> int:
    """Try the mutations whose guard has one of the words `wanted`, or all; 1 if a mutant survives."""
    chosen = [mutation for mutation in MUTATIONS if not wanted or any(word in mutation.guard for word in wanted)]
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        nodes = sorted({node for mutation in chosen for node in mutation.tests})
        unchanged = _pytest(copy, nodes)
        if unchanged.returncode != 0:
            sys.stdout.write(f"{unchanged.stdout}\nThe tests fail already without any mutation.\n")
            return 2
        sys.stdout.write(f"{'GUARD THAT IS REMOVED':<72}  {'MUTANT':<9}  SECONDS\n")
        for mutation in chosen:
            begun = time.monotonic()
            verdict = _verdict(copy, mutation)
            survivors += verdict != "killed"
            sys.stdout.write(f"{mutation.guard:<72}  {verdict:<9}  {time.monotonic() - begun:7.1f}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen)} mutants, {survivors} survived\n")
    return 1 if survivors or not chosen else 0


def _verdict(copy: Path, mutation: Mutation) -> str:
    path = copy / mutation.file
    sound = path.read_text(encoding="utf-8")
    path.write_text(applied(mutation, sound), encoding="utf-8")
    try:
        ended = _pytest(copy, mutation.tests)
    finally:
        path.write_text(sound, encoding="utf-8")
    if ended.returncode == SOME_FAILED and "error" not in ended.stdout.rpartition("\n")[2]:
        return "killed"
    return "SURVIVED" if ended.returncode == 0 else "BROKEN"


def _pytest(copy: Path, nodes: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *nodes]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
