"""Measure the auditor's index of wanted images: its memory, how long it takes to build, and to look into; prints JSON.

    python -m benchmarks.auditor

The promoter manifests have the shape of the Kubernetes project's of April 2024; see `_shape`. Memory is what is left of
all that reading them took, as Python counts it. Every image is then looked up in every mirror, as one event each.
"""

import argparse
import gc
import json
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks._shape import like_kubernetes, scaled, write
from cip_async.audit.decide import Finding, Verdict, decide
from cip_async.audit.folder_source import read_wanted
from cip_async.audit.messages import Action, RegistryEvent
from cip_async.audit.wanted import Wanted
from cip_async.manifests.tree import load_manifests
from cip_async.planning.pairs import wanted_pairs

TARGET: Final = {"index_bytes": 10_000_000, "cpu_seconds": 3.0}


def main() -> None:
    """Measure once and print the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="the fraction of digests to generate (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="what digests follow from (default 0)")
    arguments = parser.parse_args()
    json.dump(measured(arguments.scale, arguments.seed), sys.stdout, indent=2)
    print()


def measured(scale: float = 1.0, seed: int = 0) -> dict[str, Any]:
    """Make promoter manifests, build the index of them, and look up every edge."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(scaled(like_kubernetes(seed=seed), scale), folder)
        before = time.process_time()
        wanted = read_wanted(folder)
        cpu_seconds = time.process_time() - before
        index_bytes = _index_bytes(folder)
        before = time.process_time()
        events = sum(1 for event in _events(folder) if _is_verified(event, wanted))
        event_seconds = time.process_time() - before
    return {
        "destinations": wanted.destinations,
        "digests": wanted.digests,
        "events_verified": events,
        "events_per_cpu_second": round(events / event_seconds),
        "cpu_seconds": round(cpu_seconds, 3),
        "index_bytes": index_bytes,
        "target": TARGET,
        "target_is_met": cpu_seconds < TARGET["cpu_seconds"] and index_bytes < TARGET["index_bytes"],
    }


def _index_bytes(folder: Path) -> int:
    tracemalloc.start()
    try:
        wanted = read_wanted(folder)
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
        del wanted
    finally:
        tracemalloc.stop()
    return used


def _events(folder: Path) -> Iterator[RegistryEvent]:
    """An event for each edge that promoter manifests want."""
    for pair in wanted_pairs(load_manifests(thin_manifest_dir=folder)):
        for want in pair.image.wants:
            for tag in want.tags or (None,):
                yield RegistryEvent(action=Action.INSERT, repository=pair.destination, digest=want.digest, tag=tag)


def _is_verified(event: RegistryEvent, wanted: Wanted) -> bool:
    verdict = decide(event, wanted)
    return isinstance(verdict, Verdict) and verdict.finding is Finding.VERIFIED


if __name__ == "__main__":
    main()
