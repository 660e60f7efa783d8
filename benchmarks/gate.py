"""Measure how near requests come to quotas that nobody told, and how many are refused; prints JSON.

    python -m benchmarks.gate --requests 20000

Registries with quotas of several shapes are served in a process of their own, and the client's own transport reads
manifests from all of them at the same time, as fast as it may. A share of 1 is the quota times the time that was taken;
what a bucket holds in the beginning, and the rest of a window, come on top. `ramp_up_seconds` is when the quota was
first used up to 95 % over `RAMP_OVER_S`. A bucket of a tenth of a second refuses what a busy machine is late with and
sends at once, so it is measured and not aimed at.
"""

import argparse
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import anyio
import attrs

from benchmarks._machine import print_result
from benchmarks._served import served
from benchmarks._targets import Result, at_least, at_most
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.garbage import collect_rarely
from cip_async.events import Event, Listener, RequestDone
from cip_async.fake_registry import images
from cip_async.fake_registry.host import FakeRegistries, Latency
from cip_async.fake_registry.quotas import Bucket, Quotas, Window
from cip_async.reference import Digest, Host, Repository
from cip_async.registry.client import RegistryClient
from cip_async.registry.credentials.provider import Chain
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.gate import Gates
from cip_async.registry.guard import Guard
from cip_async.registry.session import HttpSession
from cip_async.registry.transport import Transport
from cip_async.settings import ARTIFACT_REGISTRY_RATE, Rate, Settings

_SHARE_OF_QUOTA: Final = 0.95
_SHARE_REFUSED: Final = 0.01
RAMP_OVER_S: Final = 5.0
_A_SHORT_RUN: Final = 1_000
_IMAGE: Final = images.single(seed="gate")
_PATH: Final = "app"


@attrs.frozen
class _Shape:
    """A kind of quota, and what the client knows of it beforehand."""

    kind: str
    known: Rate = attrs.field(factory=Rate)
    names_pause: bool = True
    is_aimed_at: bool = True
    """Whether it counts for the target."""


SHAPES: Final = {
    "bucket.example": _Shape("bucket of a second"),
    "silent.example": _Shape("bucket of a second, no Retry-After", names_pause=False),
    "strict.example": _Shape("bucket of a tenth of a second, no Retry-After", names_pause=False, is_aimed_at=False),
    "minute.example": _Shape("minute", known=ARTIFACT_REGISTRY_RATE, names_pause=False),
}


@attrs.define
class Course:
    """When requests to one host were granted and refused, in seconds since the run began."""

    began: float
    granted: list[float] = attrs.field(factory=list)
    refused: list[float] = attrs.field(factory=list)

    def note(self, status: int) -> None:
        """Take note of an answer."""
        (self.refused if status == 429 else self.granted).append(time.perf_counter() - self.began)


def main() -> None:
    """Measure once and print the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=5_000, help="to each host (default 5000, which take a minute)")
    parser.add_argument("--quota", type=float, default=83.0, help="requests a second that are granted (default 83)")
    parser.add_argument("--latency", type=float, default=40.0, metavar="MS", help="of each request (default 40)")
    arguments = parser.parse_args()
    print_result(measured(arguments.requests, arguments.quota, arguments.latency))


def measured(requests: int, quota: float, latency_ms: float) -> dict[str, Any]:
    """Send so many requests to each kind of host at the same time."""
    with served(registries, quota, latency_ms) as endpoints:
        cpu = time.process_time()
        collect_rarely()  # as a command does
        courses = run_in_event_loop(lambda: _run(endpoints, requests))
        cpu_seconds = time.process_time() - cpu
    hosts = {host: _told(SHAPES[host], course, quota) for host, course in courses.items()}
    sent = sum(len(course.granted) + len(course.refused) for course in courses.values())
    targets = [target for name, told in hosts.items() if SHAPES[name].is_aimed_at for target in _targets(told)]
    return {
        "requests": requests,
        "quota_per_second": quota,
        "latency_ms": latency_ms,
        "hosts": hosts,
        "client_cpu_ms_per_request": round(1000 * cpu_seconds / sent, 3),
        "target": targets,
        "target_is_met": all(target["met"] for target in targets),
    }


def _targets(told: Mapping[str, Any]) -> Iterator[Result]:
    yield at_least(f"{told['quota']}: share of the quota", _SHARE_OF_QUOTA, told["share_of_quota"])
    yield at_most(f"{told['quota']}: share of requests refused", _SHARE_REFUSED, told["share_refused"])


async def _run(endpoints: dict[str, str], requests: int) -> dict[str, Course]:
    began = time.perf_counter()
    courses = {host: Course(began) for host in SHAPES}

    def listener(event: Event, /) -> None:
        if isinstance(event, RequestDone):
            courses[event.host].note(event.status)

    async with _transport(endpoints, listener) as transport, anyio.create_task_group() as tasks:
        client = RegistryClient(transport, Settings().bodies)
        for host in SHAPES:
            to_do = iter(range(requests))
            for _ in range(Settings().threads):
                tasks.start_soon(_read, client, Repository(Host(host), _PATH), to_do)
    return courses


def registries(quota: float, latency_ms: float) -> FakeRegistries:
    """The hosts to serve."""
    made = FakeRegistries(*SHAPES)
    quotas: dict[str, Bucket | Window] = {
        "bucket.example": Bucket(quota, quota),
        "silent.example": Bucket(quota, quota),
        "strict.example": Bucket(quota, max(1.0, quota / 10)),
        "minute.example": Window(round(60 * quota)),
    }
    for name, host in made.items():
        images.push(host.store, _PATH, _IMAGE)
        host.latency = Latency(ms=latency_ms)
        host.quotas = Quotas(reads=quotas[name], retry_after="seconds" if SHAPES[name].names_pause else "no")
    return made


def _transport(endpoints: dict[str, str], listener: Listener) -> Transport:
    settings = Settings()
    return Transport(
        session=HttpSession(timeouts=settings.timeouts),
        endpoints=Endpoints(endpoints),
        provider=Chain([]),
        guard=Guard(writable=False),
        gates=Gates({}, lambda host: SHAPES[host].known, settings.threads),
        settings=settings,
        listener=listener,
    )


async def _read(client: RegistryClient, repository: Repository, to_do: Iterator[int]) -> None:
    for _ in to_do:
        await client.head_manifest(repository, Digest(_IMAGE.digest))


def _told(shape: _Shape, course: Course, quota: float) -> dict[str, Any]:
    granted, seconds = course.granted, course.granted[-1]
    first = granted[:_A_SHORT_RUN]
    return {
        "quota": shape.kind,
        "seconds": round(seconds, 1),
        "share_of_quota": round(len(granted) / seconds / quota, 3),
        "share_of_quota_in_the_second_half": round(sum(at > seconds / 2 for at in granted) / (seconds / 2) / quota, 3),
        "refused": len(course.refused),
        "share_refused": round(len(course.refused) / (len(granted) + len(course.refused)), 4),
        "ramp_up_seconds": _ramp_up(granted, quota),
        f"first_{len(first)}": {
            "seconds": round(first[-1], 1),
            "refused": sum(at <= first[-1] for at in course.refused),
        },
    }


def _ramp_up(granted: list[float], quota: float) -> float | None:
    """When so many requests were granted within `RAMP_OVER_S` for the first time that the quota was all but used up."""
    enough = round(_SHARE_OF_QUOTA * quota * RAMP_OVER_S)
    spans = zip(granted, granted[enough - 1 :], strict=False)
    return next((round(end, 1) for begin, end in spans if end - begin <= RAMP_OVER_S), None)


if __name__ == "__main__":
    main()
