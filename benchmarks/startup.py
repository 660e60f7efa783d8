"""Measure how long commands take to begin: `cip --help`, and `cip run --parse-only` on a whole project; prints JSON.

    python -m benchmarks.startup

The promoter manifests have the shape of the Kubernetes project's of August 2020: 47 thin ones, 153 images, 869
digests. Where CIP_REAL_MANIFESTS points to a folder with `kubernetes-2020-08`, the project's own are read too. The best
of several turns counts, since whatever else the machine does can only make one longer.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks._machine import print_result
from benchmarks._shape import like_kubernetes_of_2020, write
from benchmarks._targets import at_most
from benchmarks._usage import Usage, run

HELP_S: Final = 0.25
PARSE_ONLY_S: Final = 0.6
_TURNS: Final = 10


def main() -> None:
    """Measure once and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one turn, to see that all works")
    parser.add_argument("--seed", type=int, default=0, help="what generated digests follow from (default 0)")
    arguments = parser.parse_args()
    print_result(measured(1 if arguments.quick else _TURNS, arguments.seed))


def measured(turns: int, seed: int = 0) -> dict[str, Any]:
    """Run each command so many times."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        made = home / "made"
        write(like_kubernetes_of_2020(seed=seed), made)
        sets = {"run --parse-only (generated manifests)": made}
        real = Path(os.environ.get("CIP_REAL_MANIFESTS", "")) / "kubernetes-2020-08"
        if "CIP_REAL_MANIFESTS" in os.environ and real.is_dir():
            sets["run --parse-only (the project's own)"] = real
        commands = {"--help": (["--help"], HELP_S)} | {
            what: (["run", "--parse-only", "--thin-manifest-dir", str(folder)], PARSE_ONLY_S)
            for what, folder in sets.items()
        }
        results = {what: _turns(words, turns, home) for what, (words, _) in commands.items()}
    targets = [
        at_most(f"{what}: seconds", limit, results[what]["wall_seconds"]) for what, (_, limit) in commands.items()
    ]
    return {"commands": results, "target": targets, "target_is_met": all(target["met"] for target in targets)}


def _turns(words: list[str], turns: int, home: Path) -> dict[str, Any]:
    """The best of so many turns of `cip` with these arguments."""
    usages = [_turn(words, home) for _ in range(turns)]
    return {
        "wall_seconds": round(min(usage.wall_seconds for usage in usages), 3),
        "cpu_seconds": round(min(usage.cpu_seconds for usage in usages), 3),
        "peak_bytes": max(usage.peak_bytes for usage in usages),
        "turns": turns,
    }


def _turn(words: list[str], home: Path) -> Usage:
    usage = run([[sys.executable, "-m", "cip_async", *words]], home=home)
    if usage.failures:
        raise RuntimeError(usage.failures[0])
    return usage


if __name__ == "__main__":
    main()
