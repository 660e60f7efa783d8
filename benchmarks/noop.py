"""Measure a run with nothing left to do, from promoter manifests to the report; prints JSON.

    python -m benchmarks.noop
    python -m benchmarks.noop --children 5
    python -m benchmarks.noop --listing google

The promoter manifests are the Kubernetes project's of April 2024, corrected, where CIP_REAL_MANIFESTS points to a
folder with `kubernetes-2024-04`, and generated in the same shape elsewhere. Mirrors are served by a process of their
own, without latency and quotas; each holds every wanted digest, and for each so many untagged children. They share one
store, as they all hold the same. The client is a process of its own too, so that its CPU and peak memory are its own.

`--profile` tells where its CPU time goes, function by function, without that of threads, which write an inventory.
Taking the entries of pages is the most of it, about half; loading and pairing what is wanted, and counting what became
of it, take about a tenth each; decoding, with all of HTTP, and planning less. Not in it any more: when an event loop
ends, Python's signal module shows the main task and so each edge of a report that it returns, which took half of the
CPU time and three quarters of the memory. So plans and reports show how much they hold, and not what.
"""

import argparse
import cProfile
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks._memory import peak_bytes
from benchmarks._served import served
from benchmarks._shape import corrected_copy, like_kubernetes, scaled, write
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.garbage import collect_rarely
from cip_async.fake_registry.docker_images import API_HOST
from cip_async.fake_registry.documents import OCI_MANIFEST, Document
from cip_async.fake_registry.host import FakeRegistries
from cip_async.fake_registry.rules import Rules
from cip_async.manifests.tree import load_manifests
from cip_async.model.outcome import Fate
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.model.report import Report
from cip_async.planning.pairs import wanted_pairs
from cip_async.promoter import Promoter
from cip_async.reference import Digest
from cip_async.registry.listing.strategy import Strategy
from cip_async.reporting.totals import total

TARGET: Final = {"seconds": 20.0, "peak_bytes": 250_000_000}
_BODY: Final = b'{"schemaVersion": 2}'


def mirrors(folder: Path, children: int) -> FakeRegistries:
    """The hosts of all destinations with the API beside them; each holds what any of them should."""
    pairs = wanted_pairs(load_manifests(thin_manifest_dir=folder))
    hosts = sorted({pair.destination.host for pair in pairs})
    registries = FakeRegistries(*hosts, API_HOST, rules=Rules.google)
    store = registries[hosts[0]].store
    for pair in pairs:
        if pair.destination.host == hosts[0]:
            for want in pair.image.wants:
                store.add_document(pair.destination.path, _document(want.digest), want.tags)
                for number in range(children):
                    store.add_document(pair.destination.path, _document(_child(want.digest, number)))
    for host in hosts:
        registries[host].store = store
    return registries


def main() -> None:
    """Measure once and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="the fraction of digests to generate (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="what generated digests follow from (default 0)")
    parser.add_argument("--children", type=int, default=0, help="untagged children of each digest (default 0)")
    parser.add_argument(
        "--listing",
        choices=[Strategy.GOOGLE.value, Strategy.ARTIFACT_REGISTRY.value],
        default=Strategy.ARTIFACT_REGISTRY.value,
        help="how mirrors are listed (default artifact-registry)",
    )
    parser.add_argument("--profile", type=Path, metavar="FILE", help="write what cProfile saw of the client here")
    parser.add_argument("--inventory", type=Path, metavar="FILE", help="keep an inventory of all mirrors here")
    parser.add_argument("--client", nargs=2, metavar=("FOLDER", "ENDPOINTS"), help="be the client: used by itself")
    arguments = parser.parse_args()
    if arguments.client:
        folder, endpoints = arguments.client
        with profiled(arguments.profile) as profile:
            result = measured(Path(folder), json.loads(endpoints), arguments.listing, arguments.inventory)
        if profile:
            result["profile"] = busiest(profile)
    else:
        result = in_fresh_processes(arguments)
    json.dump(result, sys.stdout, indent=2)
    print()


def in_fresh_processes(arguments: argparse.Namespace) -> dict[str, Any]:
    """Lay out the promoter manifests, start the mirrors, and have another process measure."""
    real = Path(os.environ.get("CIP_REAL_MANIFESTS", "")) / "kubernetes-2024-04"
    is_real = "CIP_REAL_MANIFESTS" in os.environ and real.is_dir() and arguments.scale == 1
    with tempfile.TemporaryDirectory() as folder:
        if is_real:
            corrected_copy(real, Path(folder))
        else:
            write(scaled(like_kubernetes(seed=arguments.seed), arguments.scale), Path(folder))
        command = [sys.executable, "-m", "benchmarks.noop", "--listing", arguments.listing]
        command += ["--profile", str(arguments.profile)] if arguments.profile else []
        command += ["--inventory", str(arguments.inventory)] if arguments.inventory else []
        with served(mirrors, Path(folder), arguments.children) as endpoints:
            output = subprocess.check_output([*command, "--client", folder, json.dumps(endpoints)])
    return {
        "set": "kubernetes-2024-04, corrected" if is_real else f"generated, seed {arguments.seed}",
        "children_of_each_digest": arguments.children,
        **json.loads(output),
    }


@contextmanager
def profiled(path: Path | None) -> Iterator[cProfile.Profile | None]:
    """Write what is done within to a file, function by function, in CPU seconds; without a path do nothing."""
    if path is None:
        yield None
        return
    profile = cProfile.Profile(time.process_time)
    with profile:
        yield profile
    profile.dump_stats(path)


def busiest(profile: cProfile.Profile, number: int = 20) -> dict[str, float]:
    """The functions with the most CPU time of their own, and which part of all it is."""
    profile.create_stats()
    own_s = {f"{Path(file).name}:{line} {name}": own for (file, line, name), (_, _, own, *_) in profile.stats.items()}
    total_s = sum(own_s.values())
    return {
        name: round(own_s[name] / total_s, 3) for name in sorted(own_s, key=own_s.__getitem__, reverse=True)[:number]
    }


def measured(folder: Path, endpoints: dict[str, str], listing: str, inventory: Path | None) -> dict[str, Any]:
    """Load the promoter manifests in `folder`, and find out that the mirrors have everything."""
    before, began = time.process_time(), time.perf_counter()
    manifests = load_manifests(thin_manifest_dir=folder)
    loaded_cpu, loaded = time.process_time(), time.perf_counter()
    collect_rarely()  # as a command does
    report = run_in_event_loop(lambda: _run(manifests, endpoints, listing, inventory))
    ended_cpu, ended = time.process_time(), time.perf_counter()
    edges = sum(each.already_promoted for each in report.plan.pairs)
    if dict(total(report).fates) != {Fate.ALREADY_PROMOTED: report.plan.totals.edges}:
        raise AssertionError(f"only {edges} of {report.plan.totals.edges} edges are promoted already")
    seconds, peak = ended - began, peak_bytes()
    return {
        "listing": listing,
        "destination_repositories": len({each.pair.destination for each in report.plan.pairs}),
        "edges_already_promoted": edges,
        "requests": _requests(report),
        "received_bytes": sum(line.received_bytes for line in report.ledger),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(ended_cpu - before, 2),
        "seconds_by_stage": {"load": round(loaded - began, 2), "list and plan": round(ended - loaded, 2)},
        "cpu_seconds_by_stage": {
            "load": round(loaded_cpu - before, 2),
            "list and plan": round(ended_cpu - loaded_cpu, 2),
        },
        "peak_bytes": peak,
        "inventory_bytes": inventory.stat().st_size if inventory else 0,
        "target": TARGET,
        "target_is_met": seconds < TARGET["seconds"] and peak < TARGET["peak_bytes"],
    }


async def _run(manifests: PromoterManifests, endpoints: dict[str, str], listing: str, inventory: Path | None) -> Report:
    strategies = {host: listing for host in endpoints if host != API_HOST}
    async with Promoter(
        endpoints=endpoints, strategies=strategies, use_service_accounts=False, inventory=inventory
    ) as promoter:
        return await promoter.run(manifests)


def _requests(report: Report) -> dict[str, int]:
    """By class; listings by the Artifact Registry API apart from those of repositories by themselves."""
    found: Counter[str] = Counter()
    for line in report.ledger:
        found[f"{line.request_class} by the API" if line.host == API_HOST else line.request_class] += line.requests
    return dict(sorted(found.items()))


def _document(digest: Digest) -> Document:
    return Document(digest=digest, media_type=OCI_MANIFEST, body=_BODY)


def _child(digest: Digest, number: int) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(f'{digest}/{number}'.encode()).hexdigest()}")


if __name__ == "__main__":
    main()
