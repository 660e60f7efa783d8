"""What is aimed at, and whether it was reached: JSON results to verdicts; pure."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

FLOOR: Final = 1.02
"""Requests, by the fewest possible."""
CPU: Final = 1.8
"""CPU of the client for a request, by that of a bare session."""
WALL: Final = 1.25
"""Time, by the longer of what round trips and the CPU of a client allow."""
QUOTA: Final = 1.1
"""Time, by the fewest requests at the quota."""
FASTER: Final = 10.0
"""Time of other tools, by ours."""
_AT_MS: Final = 40
"""The latency at which times are compared."""
CIP: Final = "cip"
BARE: Final = "bare session"

Result = dict[str, Any]


def promotion_targets(results: Sequence[Result]) -> list[Result]:
    """Every aim that these scenarios allow to check."""
    return [target for result in results for target in _of_scenario(result)]


def client(result: Result, name: str) -> Result | None:
    """What the client of that name spent in a scenario, if it took part."""
    return next((each for each in result["clients"] if each["client"] == name), None)


def others(result: Result) -> list[Result]:
    """What other tools spent in a scenario."""
    return [each for each in result["clients"] if each["client"] not in (CIP, BARE)]


def at_most(what: str, limit: float, measured: float) -> Result:
    """An aim that is met by little."""
    return {"what": what, "at_most": limit, "measured": round(measured, 3), "met": measured <= limit}


def at_least(what: str, limit: float, measured: float) -> Result:
    """An aim that is met by much."""
    return {"what": what, "at_least": limit, "measured": round(measured, 3), "met": measured >= limit}


def _of_scenario(result: Result) -> Iterator[Result]:
    scenario, floor, cip = result["scenario"], result["floor"], client(result, CIP)
    if cip is None:
        return
    name, seconds = scenario["name"], cip["wall_seconds"]
    yield at_most(f"{name}: requests ÷ floor", FLOOR, cip["requests_total"] / floor["requests_total"])
    bare = client(result, BARE)
    if bare:
        yield at_most(f"{name}: CPU a request ÷ bare session", CPU, _cpu(cip) / _cpu(bare))
    if scenario["per_second"]:
        yield at_most(f"{name}: time ÷ (floor ÷ quota)", QUOTA, seconds / floor["quota_seconds"])
    if not _has_compared_times(result):
        return
    if others(result):
        for other in others(result):
            if other["complete"] and other["at_once"] == 1:
                yield at_least(f"{name}: time of {other['client']} ÷ ours", FASTER, other["wall_seconds"] / seconds)
    elif bare:
        yield at_most(f"{name}: time ÷ what is possible", WALL, seconds / _possible_s(result, bare))


def _has_compared_times(result: Result) -> bool:
    """Whether blobs are mounted, nothing but latency holds the promotion up, and it is that of the comparison."""
    scenario, floor = result["scenario"], result["floor"]
    return scenario["latency_ms"] == _AT_MS and not scenario["per_second"] and not floor["blob_bytes_read"]


def _possible_s(result: Result, bare: Result) -> float:
    """The longer of what bounds a promotion: round trips, and `CPU` times what a bare session takes.

    The session sends the same requests under the same latency, with as many in flight, and needs to wait for none of
    their answers. Where latency alone holds it up, that is a wide bound; the page also has the plain ratio.
    """
    floor = result["floor"]
    trips_s = floor["round_trips"] * result["scenario"]["latency_ms"] / 1000
    return float(max(trips_s, CPU * floor["requests_total"] / bare["requests_per_second"]))


def _cpu(one: Result) -> float:
    """CPU seconds a request."""
    return float(one["cpu_seconds"]) / float(one["requests_total"])
