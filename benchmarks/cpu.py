"""Measure where the CPU time of a promotion goes; prints JSON.

    python -m benchmarks.cpu

The promotion is the release to 22 mirrors of `benchmarks.promotion`, which mounts all its blobs. Shares are those of
samples taken within the client, its start included.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks._clients import cip_arguments
from benchmarks._machine import print_result
from benchmarks._release import registries
from benchmarks._scenario import SCENARIOS, Scenario, quick
from benchmarks._served import served
from benchmarks._usage import run

SCENARIO = next(scenario for scenario in SCENARIOS if scenario.name == "release to 22 mirrors")


def main() -> None:
    """Measure once and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="very little of it, to see that all works")
    arguments = parser.parse_args()
    print_result(measured(quick(SCENARIO) if arguments.quick else SCENARIO))


def measured(scenario: Scenario) -> dict[str, Any]:
    """The shares of the parts of the program, the largest first.

    Raises:
        RuntimeError: the promotion failed.
    """
    with tempfile.TemporaryDirectory() as folder, served(registries, scenario) as endpoints:
        result = Path(folder) / "samples.json"
        command = [sys.executable, "-m", "benchmarks._sampled", str(result)]
        usage = run([[*command, *cip_arguments(scenario, endpoints, Path(folder))]], home=Path(folder))
        if usage.failures:
            raise RuntimeError(usage.failures[0])
        met = json.loads(result.read_text(encoding="utf-8"))
    return {"scenario": scenario.name, "samples": sum(met.values()), "share": shares(met)}


def shares(met: Mapping[str, int]) -> dict[str, float]:
    """How much of all samples each part has."""
    return {part: round(met[part] / sum(met.values()), 3) for part in sorted(met, key=met.__getitem__, reverse=True)}


if __name__ == "__main__":
    main()
