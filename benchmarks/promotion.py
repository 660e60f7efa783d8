"""Measure promotions of every kind, beside other tools and beside a bare session; prints JSON.

    python -m benchmarks.promotion
    python -m benchmarks.promotion --only release --only "3 images at 40 ms"

Each client starts on registries of its own, served from memory by another process on loopback. What it spent is what
those registries noted, not what it says of itself; CPU and memory are those of its whole process, start included. The
floor is reckoned from what the promotion consists of.
"""

import argparse
import enum
import shutil
import sys
from collections.abc import Iterable
from typing import Any

import attrs

from benchmarks._clients import run_bare, run_cip, run_peer
from benchmarks._floor import blob_bytes, by_class, floor, in_flight_seconds, quota_seconds, round_trips
from benchmarks._machine import print_result, tool_version
from benchmarks._outcome import Outcome, told
from benchmarks._peers import PEERS, Peer
from benchmarks._release import release
from benchmarks._scenario import SCENARIOS, Scenario, quick
from benchmarks._targets import promotion_targets


def main() -> None:
    """Measure once and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="very little of each, to see that all works")
    parser.add_argument("--only", action="append", metavar="NAME", help="this scenario (repeatable)")
    arguments = parser.parse_args()
    names = [scenario.name for scenario in SCENARIOS]
    if unknown := set(arguments.only or ()).difference(names):
        parser.error(f"no scenario is called {' or '.join(sorted(unknown))}: there are {', '.join(names)}")
    chosen = [scenario for scenario in SCENARIOS if arguments.only is None or scenario.name in arguments.only]
    print_result(measured([quick(scenario) for scenario in chosen] if arguments.quick else chosen))


def measured(scenarios: Iterable[Scenario]) -> dict[str, Any]:
    """Run every client through every scenario that it is meant for."""
    results = [_measured(scenario) for scenario in scenarios]
    targets = promotion_targets(results)
    return {
        "scenarios": results,
        "tools": {program: tool_version(program) for program in _programs() if shutil.which(program)},
        "not_found": [program for program in _programs() if not shutil.which(program)],
        "target": targets,
        "target_is_met": all(target["met"] for target in targets),
    }


def _measured(scenario: Scenario) -> dict[str, Any]:
    made = release(scenario)
    least = floor(made)
    read, sent = blob_bytes(made)
    return {
        "scenario": attrs.asdict(scenario, value_serializer=_plain),
        "floor": {
            "requests": by_class(least),
            "requests_total": least.total(),
            "blob_bytes_read": read,
            "blob_bytes_sent": sent,
            "quota_seconds": round(quota_seconds(made), 3),
            "in_flight_seconds": round(in_flight_seconds(made), 3),
            "round_trips": round_trips(made),
        },
        "clients": [told(outcomes) for outcomes in _outcomes(scenario)],
    }


def _outcomes(scenario: Scenario) -> list[list[Outcome]]:
    """What each client spent, turn by turn; turns of the promoter and the bare session alternate."""
    promoted: list[Outcome] = []
    bare: list[Outcome] = []
    for _ in range(scenario.repeats):
        promoted.append(run_cip(scenario))
        if scenario.with_bare:
            bare.append(run_bare(scenario, promoted[-1]))
    peers = [peer for peer in PEERS if scenario.with_peers and shutil.which(peer.program)]
    return [promoted, *([bare] if bare else []), *([_of_peer(scenario, peer)] for peer in peers)]


def _of_peer(scenario: Scenario, peer: Peer) -> Outcome:
    outcome = run_peer(scenario, peer)
    for failure in outcome.usage.failures[:1]:
        print(f"{scenario.name}: {peer.name}: {failure}", file=sys.stderr)
    return outcome


def _plain(instance: object, attribute: object, value: object) -> object:
    """What JSON can say."""
    del instance, attribute
    return value.value if isinstance(value, enum.Enum) else value


def _programs() -> list[str]:
    return list(dict.fromkeys(peer.program for peer in PEERS))


if __name__ == "__main__":
    main()
