"""Measure how CPU grows with the size of a promotion: with images, mirrors and tags, each doubled; prints JSON.

    python -m benchmarks.scaling

What is fitted is the exponent of CPU seconds by size over all sizes, by least squares of their logarithms: 1 is
linear, 2 quadratic. CPU is that of promoting alone, without the start of the interpreter, which would hide what grows.
Each size is promoted by a process of its own, and the least of its turns counts.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from benchmarks._machine import print_result
from benchmarks._release import promoter_manifests, registries, release
from benchmarks._scenario import Scenario
from benchmarks._served import served
from benchmarks._shape import write
from benchmarks._targets import Result, at_most
from benchmarks._usage import run
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.garbage import collect_rarely
from cip_async.manifests.tree import load_manifests
from cip_async.model.outcome import Fate
from cip_async.promoter import Promoter
from cip_async.reporting.totals import total

TARGET: Final = 1.1
_DOUBLING: Final = round(2**TARGET, 2)
_ONE: Final = Scenario(name="scaling", images=25, platforms=2, layers=3, tags=1, mirrors=2)
_PLAIN: Final = attrs.evolve(_ONE, images=10, platforms=1, layers=1)
SERIES: Final[Mapping[str, tuple[Scenario, ...]]] = {
    "images": tuple(attrs.evolve(_ONE, images=images) for images in (50, 100, 200, 400)),
    "images of one name": tuple(attrs.evolve(_ONE, images=images, names=1) for images in (50, 100, 200, 400)),
    "mirrors": tuple(attrs.evolve(_ONE, mirrors=mirrors) for mirrors in (4, 8, 16, 32)),
    "tags": tuple(attrs.evolve(_PLAIN, tags=tags) for tags in (32, 64, 128, 256)),
}
QUICK: Final[Mapping[str, tuple[Scenario, ...]]] = {
    "images": tuple(attrs.evolve(_ONE, images=images) for images in (1, 2)),
}
_SIZES: Final = {"images of one name": "images"}
_TURNS: Final = 2


def main() -> None:
    """Measure once and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="very little, to see that all works")
    parser.add_argument("--folder", type=Path, help="promote these thin promoter manifests, in this very process")
    parser.add_argument("endpoints", nargs="*", metavar="HOST=URL", help="where their hosts are")
    arguments = parser.parse_args()
    if arguments.folder:
        json.dump(promoted(arguments.folder, dict(each.split("=", 1) for each in arguments.endpoints)), sys.stdout)
    else:
        print_result(measured(QUICK, turns=1) if arguments.quick else measured(SERIES, turns=_TURNS))


def measured(series: Mapping[str, Sequence[Scenario]], *, turns: int) -> dict[str, Any]:
    """Promote at every size, and fit."""
    results = {grown: [_least(grown, scenario, turns) for scenario in sizes] for grown, sizes in series.items()}
    targets = [target for grown, sizes in results.items() for target in _targets(grown, sizes)]
    return {"series": results, "target": targets, "target_is_met": all(target["met"] for target in targets)}


def exponent(points: Iterable[tuple[float, float]]) -> float:
    """The slope of the straight line that fits the logarithms of sizes and costs best."""
    logarithms = [(math.log(size), math.log(cost)) for size, cost in points]
    mean_x = sum(x for x, _ in logarithms) / len(logarithms)
    mean_y = sum(y for _, y in logarithms) / len(logarithms)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in logarithms)
    return covariance / sum((x - mean_x) ** 2 for x, _ in logarithms)


def _targets(grown: str, sizes: Sequence[Mapping[str, float]]) -> Iterator[Result]:
    """The fit, and the last doubling alone, where what does not grow counts the least."""
    *_, half, whole = (each["cpu_seconds"] for each in sizes)
    yield at_most(f"{grown}: exponent of CPU", TARGET, exponent((each["size"], each["cpu_seconds"]) for each in sizes))
    yield at_most(f"{grown}: CPU of the last doubling", _DOUBLING, whole / half)


def promoted(folder: Path, endpoints: Mapping[str, str]) -> dict[str, float]:
    """Load and promote, and tell the CPU seconds of that."""
    before = time.process_time()
    collect_rarely()  # as a command does
    edges = run_in_event_loop(lambda: _promote(folder, endpoints))
    return {"edges_promoted": edges, "cpu_seconds": time.process_time() - before}


async def _promote(folder: Path, endpoints: Mapping[str, str]) -> int:
    manifests = load_manifests(thin_manifest_dir=folder)
    async with Promoter(endpoints=endpoints, confirm=True) as promoter:
        report = await promoter.run(manifests)
    return total(report).fate(Fate.PROMOTED)


def _least(grown: str, scenario: Scenario, turns: int) -> dict[str, Any]:
    """The turn that took the least CPU."""
    size = getattr(scenario, _SIZES.get(grown, grown))
    return {"size": size, **min((_turn(scenario) for _ in range(turns)), key=lambda turn: turn["cpu_seconds"])}


def _turn(scenario: Scenario) -> dict[str, Any]:
    made = release(scenario)
    with tempfile.TemporaryDirectory() as name, served(registries, scenario) as endpoints:
        folder = Path(name)
        write(promoter_manifests(made), folder)
        places = [f"{host}={url}" for host, url in endpoints.items()]
        command = [sys.executable, "-m", "benchmarks.scaling", "--folder", name, *places]
        usage = run([command], home=folder)
    if usage.failures:
        raise RuntimeError(usage.failures[0])
    result: dict[str, Any] = json.loads(usage.output[0])
    edges = scenario.images * scenario.tags * scenario.mirrors
    if result["edges_promoted"] != edges:
        raise RuntimeError(f"{result['edges_promoted']} of {edges} edges were promoted")
    return {**result, "cpu_seconds": round(result["cpu_seconds"], 3)}


if __name__ == "__main__":
    main()
