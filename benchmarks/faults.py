"""Measure what faults cost a promotion, and what a dead mirror costs the others; prints JSON.

    python -m benchmarks.faults
    python -m benchmarks.faults --quick

Registries are served in a process of their own, at 40 ms latency, and promoted to by `cip run --confirm` processes.

*Faults.* A promotion to three mirrors on hosts of their own is measured without faults. Then it is made again where 5 %
of all requests fail on the server's side and 2 % are cut off, by seeded dice, and where each host grants 85 % of the
reads and of the writes a second that it was sent before, while it was sent any. A client that heeds no quota is slowed
down by what it has to repeat, and would be refused about a tenth of its requests. A lower quota would measure the
quota, since no client is faster than that, and a higher one would not be noticed. As it is, the quota alone allows
1 ÷ 0.85 of the time; what is above that is what the faults cost and what is lost in finding out the quota. Refusals by
dice would measure something else: real ones can be heeded.

*Dead mirrors.* A promotion to three mirrors is measured, and again with a fourth that is dead, once for each way to be
dead: from the first request until the last tag is on the three, by the time that their registries noted. Conflicts are
quarantined, since a run that is to abort for conflicts writes nothing before it knows of every mirror.
"""

import argparse
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs

from benchmarks._clients import Unfinished, cip_arguments
from benchmarks._machine import print_result
from benchmarks._outcome import is_complete
from benchmarks._release import registries, release
from benchmarks._scenario import Places, Scenario, quick
from benchmarks._served import Account, Exchange, watched
from benchmarks._targets import at_most
from benchmarks._usage import Usage, run
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.faults import Dice
from cip_async.fake_registry.host import FakeRegistries
from cip_async.fake_registry.quotas import Bucket, Quotas
from cip_async.reporting.exit_code import ExitCode

WALL: Final = 1.5
"""Time under faults, by that without."""
OTHERS: Final = 1.2
"""Time of the living mirrors beside a dead one, by theirs alone."""
FAULTS: Final = (("500", 0.02), ("502", 0.01), ("503", 0.01), ("504", 0.01), ("reset", 0.02))
DEATHS: Final = ("refuses connections", "never answers", "takes no connections", "fails every request")
_GRANTED: Final = 0.85
_PLENTY: Final = 10_000.0
_THREADS: Final = "12"
"""Requests in flight per host: 300 a second at 40 ms, so that round trips bound the runs, and not the machine's CPU."""
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_TIMEOUT_S: Final = 300.0
_QUICK_S: Final = 8.0
_SCENARIO: Final = Scenario(name="release across hosts", images=80, places=Places.APART, latency_ms=40)

Granted = Mapping[str, tuple[float, float]]
"""Reads and writes a second, by host."""


@attrs.frozen(kw_only=True)
class Course:
    """One run of the promoter, as its registries noted it."""

    usage: Usage
    account: Account

    @property
    def began_at(self) -> float:
        """When the first request arrived."""
        return min(each.at_s for each in self.account.exchanges)

    def finished_s(self, hosts: Sequence[str]) -> float:
        """How long after that the last tag was written to these hosts."""
        tags = (each for each in self.account.exchanges if each.call_class is CallClass.TAG_PUT)
        return max(each.at_s for each in tags if each.host in hosts and each.status == _CREATED) - self.began_at

    @property
    def refused(self) -> int:
        """How many requests were refused for quota."""
        return sum(each.status == _REFUSED for each in self.account.exchanges)


_CREATED: Final = 201
_REFUSED: Final = 429


def main() -> None:
    """Measure once and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="very little, to see that all works")
    arguments = parser.parse_args()
    scenario = quick(_SCENARIO) if arguments.quick else _SCENARIO
    print_result(measured(scenario, longest_s=_QUICK_S if arguments.quick else _TIMEOUT_S))


def measured(scenario: Scenario, longest_s: float = _TIMEOUT_S) -> dict[str, Any]:
    """Promote without faults, with them, and beside mirrors that are dead in each way, for so long at most."""
    calm = _run(scenario)
    granted = granted_to(calm.account.exchanges)
    disturbed = _run(scenario, granted=granted)
    alone_s = _run(scenario, "--on-conflict", "quarantine").finished_s(_mirrors(scenario))
    beside = {death: _beside(scenario, death, longest_s) for death in DEATHS}
    ratio = disturbed.usage.wall_seconds / calm.usage.wall_seconds
    targets = [
        at_most("faults and a quota: time ÷ time without", WALL, ratio),
        *(
            at_most(
                f"a mirror that {death}: time of the others ÷ alone",
                OTHERS,
                course.finished_s(_mirrors(scenario)) / alone_s,
            )
            for death, course in beside.items()
        ),
    ]
    return {
        "images": scenario.images,
        "latency_ms": scenario.latency_ms,
        "without_faults": _told(calm),
        "with_faults": _told(disturbed),
        "alone_seconds": round(alone_s, 3),
        "beside_a_mirror_that": {
            death: {
                "others_seconds": round(course.finished_s(_mirrors(scenario)), 3),
                "until_the_end_seconds": round(course.usage.wall_seconds, 3),
            }
            for death, course in beside.items()
        },
        "target": targets,
        "target_is_met": all(target["met"] for target in targets),
    }


def troubled(scenario: Scenario, granted: Granted | None, dead: str | None) -> FakeRegistries:
    """The hosts of `scenario`, with faults and quotas, and one that fails every request."""
    made = registries(scenario)
    for name, (reads, writes) in (granted or {}).items():
        host = made[name]
        host.quotas = Quotas(reads=_bucket(reads), writes=_bucket(writes))
        host.faults.dice = Dice(scenario.seed)
        for kind, probability in FAULTS:
            host.faults.add(kind, probability=probability)
    if dead is not None:
        made[dead].faults.add("503")
    return made


def granted_to(exchanges: Sequence[Exchange]) -> Granted:
    """The part of what each host was sent a second, from the first such request to the last, that it will grant."""
    times: dict[tuple[str, bool], list[float]] = {}
    for each in exchanges:
        times.setdefault((each.host, each.method in _WRITES), []).append(each.at_s)
    hosts = {each.host for each in exchanges}
    return {host: (_a_second(times.get((host, False), ())), _a_second(times.get((host, True), ()))) for host in hosts}


@contextmanager
def nobody(death: str) -> Iterator[str]:
    """Where a mirror is that is dead in one of the first three `DEATHS`: the kernel alone takes connections."""
    with socket.socket() as taken, socket.socket() as first:
        taken.bind(("127.0.0.1", 0))
        if death != DEATHS[0]:
            taken.listen(0 if death == DEATHS[2] else 1_000)
        if death == DEATHS[2]:
            first.connect(taken.getsockname())  # this takes the one place in the queue
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def _beside(scenario: Scenario, death: str, longest_s: float) -> Course:
    """Promote with a fourth mirror that is dead."""
    options = ("--on-conflict", "quarantine", "--timeout", f"{longest_s:g}s")
    four = attrs.evolve(scenario, mirrors=scenario.mirrors + 1)
    dead = _mirrors(four)[-1]
    if death == DEATHS[3]:
        return _run(four, *options, dead=dead)
    with nobody(death) as address:
        return _run(four, *options, "--endpoint", f"{dead}={address}", dead=dead)


def _run(scenario: Scenario, *options: str, granted: Granted | None = None, dead: str | None = None) -> Course:
    """Promote on registries of its own.

    Raises:
        Unfinished: not everything is where it is wanted, or the exit code says something else.
    """
    overridden = dead is not None and "--endpoint" in options
    alive = attrs.evolve(scenario, mirrors=scenario.mirrors - (dead is not None))
    with tempfile.TemporaryDirectory() as folder, watched(troubled, scenario, granted, dead) as servers:
        endpoints = {host: url for host, url in servers.endpoints.items() if not (overridden and host == dead)}
        arguments = [*cip_arguments(scenario, endpoints, Path(folder)), "--threads", _THREADS, *options]
        command = [sys.executable, "-m", "cip_async", *arguments]
        usage = run([command], home=Path(folder), timeout_s=2 * _TIMEOUT_S)
        account = servers.account()
    expected = (f"exit code {ExitCode.PARTLY.value}",) if dead else ()
    if tuple(failure.partition(":")[0] for failure in usage.failures) != expected or not is_complete(
        release(alive), account
    ):
        raise Unfinished(" ".join(usage.failures) or "tags are missing")
    return Course(usage=usage, account=account)


def _a_second(times: Sequence[float]) -> float:
    """The quota for requests that arrived at these times; of few, they need not be refused any."""
    span_s = max(times, default=0.0) - min(times, default=0.0)
    return _GRANTED * len(times) / span_s if span_s else _PLENTY


def _bucket(per_second: float) -> Bucket:
    return Bucket(per_second=per_second, burst=max(1.0, per_second))


def _mirrors(scenario: Scenario) -> list[str]:
    return [mirror.host for mirror in release(scenario).mirrors]


def _told(course: Course) -> dict[str, Any]:
    return {
        "seconds": round(course.usage.wall_seconds, 3),
        "requests": len(course.account.exchanges),
        "refused_for_quota": course.refused,
        "failed_or_cut_off": sum(each.status == 0 or each.status >= 500 for each in course.account.exchanges),
        "cpu_seconds": round(course.usage.cpu_seconds, 3),
    }


if __name__ == "__main__":
    main()
