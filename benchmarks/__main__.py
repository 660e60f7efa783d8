"""Run all benchmarks, keep their results, and write the page of the documentation from them.

    python -m benchmarks
    python -m benchmarks --quick --results /tmp/results
    python -m benchmarks --write-docs
    python -m benchmarks --only startup --write-docs

Each benchmark is a module of this folder and runs in a process of its own. Its JSON goes into a file of its name.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks._machine import machine
from benchmarks._page import page

FOLDER: Final = Path(__file__).parent
RESULTS: Final = FOLDER / "results"
PAGE: Final = FOLDER.parent / "docs" / "performance.md"
_SMALL: Final = {
    "auditor": ["--scale", "0.01"],
    "gate": ["--requests", "50"],
    "inventory": ["--digests", "1000", "--repositories", "10"],
    "noop": ["--scale", "0.01"],
    "planning": ["--scale", "0.01"],
    "relay": ["--layer-mib", "4", "--rounds", "1"],
    "snapshot": ["--digests", "1000", "--repositories", "10"],
}
"""How benchmarks do very little that have no `--quick`."""
_LONGEST_S: Final = 900


def main() -> None:
    """Run what is asked for; fail if a benchmark did."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", choices=names(), help="this benchmark (repeatable)")
    parser.add_argument("--quick", action="store_true", help="very little of each, to see that all works")
    parser.add_argument("--results", type=Path, metavar="FOLDER", help="where results go (default benchmarks/results)")
    parser.add_argument("--write-docs", action="store_true", help="write docs/performance.md from the results there")
    parser.add_argument("--no-run", action="store_true", help="measure nothing, and take the results that are there")
    arguments = parser.parse_args()
    if arguments.quick and arguments.write_docs:
        parser.error("figures of --quick mean nothing: they are not for the documentation")
    if arguments.quick and arguments.results is None:
        parser.error("figures of --quick mean nothing: name a --results folder for them")
    results = arguments.results or RESULTS
    failed = [] if arguments.no_run else run_all(arguments.only or names(), results, quick=arguments.quick)
    if arguments.write_docs:
        PAGE.write_text(page(read(results)), encoding="utf-8")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def names() -> list[str]:
    """All benchmarks: the modules here whose names do not begin with an underscore."""
    return sorted(path.stem for path in FOLDER.glob("[!_]*.py"))


def run_all(benchmarks: list[str], results: Path, *, quick: bool) -> list[str]:
    """Run them one after the other, and return which failed; a result that is there stays then."""
    results.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in benchmarks:
        started = time.perf_counter()
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        result = _result(name, quick=quick)
        if result is None:
            failed.append(name)
        else:
            text = json.dumps(result, indent=2, ensure_ascii=False)
            (results / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
        print(f"{'failed after ' * (result is None)}{time.perf_counter() - started:.0f} s", file=sys.stderr)
    return failed


def read(results: Path) -> dict[str, dict[str, Any]]:
    """The results in a folder, by the names of their benchmarks."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(results.glob("*.json"))}


def _result(name: str, *, quick: bool) -> dict[str, Any] | None:
    """What a benchmark printed, with the machine it is from; None if it failed."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *(_SMALL.get(name, ["--quick"]) if quick else [])]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=_LONGEST_S, check=True, cwd=FOLDER.parent)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    return {**json.loads(done.stdout), "machine": machine()}


if __name__ == "__main__":
    main()
