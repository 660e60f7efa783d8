"""Measure planning when nothing is left to do: promoter manifests in, a complete plan out; prints JSON.

    python -m benchmarks.planning

The promoter manifests are the Kubernetes project's of April 2024, corrected, where CIP_REAL_MANIFESTS points to a
folder with `kubernetes-2024-04`, and generated in the same shape elsewhere. They are read and planned by a process of
its own, so that its peak memory is that of the interpreter, this package and the plan.

CPU seconds are those of loading, pairing, looking for overlaps and planning each pair. What mirrors hold is made up
pair by pair and let go, as a crawl does, and the time that takes is not counted.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks._memory import peak_bytes
from benchmarks._shape import corrected_copy, like_kubernetes, scaled, write
from cip_async.manifests.tree import load_manifests
from cip_async.model.listing import Listing
from cip_async.model.plan import Pair, PairPlan
from cip_async.planning.conflicts import lost_sources
from cip_async.planning.overlaps import overlaps
from cip_async.planning.pairs import totals, wanted_pairs
from cip_async.planning.planner import Planner
from cip_async.reference import Digest, Tag

TARGET: Final = {"cpu_seconds": 3.0, "peak_bytes": 150_000_000}


def main() -> None:
    """Measure once and print the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="the fraction of digests to generate (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="what generated digests follow from (default 0)")
    parser.add_argument("--folder", type=Path, help="measure these thin promoter manifests in this very process")
    arguments = parser.parse_args()
    result = measured(arguments.folder) if arguments.folder else in_a_fresh_process(arguments.scale, arguments.seed)
    json.dump(result, sys.stdout, indent=2)
    print()


def in_a_fresh_process(scale: float, seed: int) -> dict[str, Any]:
    """Lay out the promoter manifests, and have another process measure."""
    real = Path(os.environ.get("CIP_REAL_MANIFESTS", "")) / "kubernetes-2024-04"
    is_real = "CIP_REAL_MANIFESTS" in os.environ and real.is_dir() and scale == 1
    with tempfile.TemporaryDirectory() as folder:
        if is_real:
            corrected_copy(real, Path(folder))
        else:
            write(scaled(like_kubernetes(seed=seed), scale), Path(folder))
        output = subprocess.check_output([sys.executable, "-m", "benchmarks.planning", "--folder", folder])
    return {"set": "kubernetes-2024-04, corrected" if is_real else f"generated, seed {seed}", **json.loads(output)}


def measured(folder: Path) -> dict[str, Any]:
    """Load and plan the promoter manifests in `folder`; every mirror has everything."""
    clock = _Clock()
    with clock.stage("load"):
        manifests = load_manifests(thin_manifest_dir=folder)
    with clock.stage("pair"):
        pairs = wanted_pairs(manifests)
        wanted = totals(manifests)
    with clock.stage("overlaps"):
        planner = Planner(overlaps(pairs))
    plans = [_plan(planner, pair, clock) for pair in pairs]
    with clock.stage("lost sources"):
        lost = lost_sources(plans)
    cpu_seconds = sum(clock.seconds.values())
    peak = peak_bytes()
    already_promoted = sum(plan.already_promoted for plan in plans)
    if already_promoted != wanted.edges or lost:
        raise AssertionError(f"{already_promoted} of {wanted.edges} edges are promoted already, lost sources: {lost}")
    return {
        "manifests": wanted.manifests,
        "images": wanted.images,
        "digests": wanted.digests,
        "pairs": len(pairs),
        "edges_already_promoted": already_promoted,
        "cpu_seconds": round(cpu_seconds, 3),
        "cpu_seconds_by_stage": {stage: round(seconds, 3) for stage, seconds in clock.seconds.items()},
        "peak_bytes": peak,
        "target": TARGET,
        "target_is_met": cpu_seconds < TARGET["cpu_seconds"] and peak < TARGET["peak_bytes"],
    }


class _Clock:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        before = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - before


def _plan(planner: Planner, pair: Pair, clock: _Clock) -> PairPlan:
    listing = _complete(pair)
    with clock.stage("plan"):
        if planner.needed(pair, listing):
            raise AssertionError(f"{pair.source} is needed for {pair.destination}, which holds everything")
        return planner.pair_plan(pair, listing, None)


def _complete(pair: Pair) -> Listing:
    """A listing with all that is wanted, in strings of its own, as an answer from a registry has."""
    tags = {Tag(_copied(tag)): Digest(_copied(digest)) for tag, digest in pair.image.by_tag.items()}
    untagged = {Digest(_copied(digest)) for digest in pair.image.tagless}
    return Listing(repository=pair.destination, tags=tags, digests=untagged.union(tags.values()))


def _copied(text: str) -> str:
    return text.encode().decode()


if __name__ == "__main__":
    main()
