"""What lanes promise: hosts apart, bounds kept, failures told."""

from collections.abc import Callable

import anyio
import pytest

from cip_async.errors import InvalidSettings
from cip_async.reference import Host
from cip_async.registry.lanes import Job, Lanes

pytestmark = pytest.mark.anyio

A, B, C = Host("a.example"), Host("b.example"), Host("c.example")


def noting(done: list[str], name: str) -> Job:
    async def job() -> None:
        await anyio.lowlevel.checkpoint()
        done.append(name)

    return job


async def test_a_host_that_hangs_delays_no_other() -> None:
    hanging = anyio.Event()
    done: list[str] = []

    async def last() -> None:
        done.append("b last")
        hanging.set()

    jobs = [(A, hanging.wait)] * 5 + [(B, noting(done, "b"))] * 5 + [(B, last)]
    await Lanes(per_host=1, hosts_at_once=2).run(jobs)
    assert done == ["b"] * 5 + ["b last"]


async def test_at_most_so_many_jobs_of_a_host_run_at_once() -> None:
    most = await most_at_once(lambda job: [(A, job)] * 50, per_host=4, hosts_at_once=9)
    assert most == 4


async def test_at_most_so_many_hosts_are_busy_at_once() -> None:
    most = await most_at_once(
        lambda job: [(host, job) for host in (A, B, C) for _ in range(9)], per_host=1, hosts_at_once=2
    )
    assert most == 2


async def test_a_job_may_add_jobs_for_other_hosts() -> None:
    done: list[str] = []
    lanes = Lanes(per_host=2, hosts_at_once=1)

    async def root() -> None:
        for host in (B, A, C):
            lanes.add(host, noting(done, host))

    await lanes.run([(A, root)])
    assert sorted(done) == [A, B, C]


async def test_an_urgent_job_overtakes_those_that_wait() -> None:
    done: list[str] = []
    lanes = Lanes(per_host=1, hosts_at_once=1)

    async def root() -> None:
        lanes.add(A, noting(done, "urgent"), first=True)

    await lanes.run([(A, root), (A, noting(done, "patient"))])
    assert done == ["urgent", "patient"]


async def test_a_failure_ends_all_jobs_and_is_raised_by_itself() -> None:
    hanging = anyio.Event()
    failure = InvalidSettings("colour", "blue", "red")

    async def fail() -> None:
        await anyio.wait_all_tasks_blocked()
        raise failure

    with pytest.raises(InvalidSettings) as raised:
        await Lanes(per_host=2, hosts_at_once=2).run([(A, hanging.wait), (B, fail)])
    assert raised.value is failure


async def test_nothing_runs_on_after_a_cancellation() -> None:
    started = anyio.Event()
    ended: list[str] = []

    async def hang() -> None:
        try:
            started.set()
            await anyio.sleep_forever()
        finally:
            ended.append("hang")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Lanes(per_host=1, hosts_at_once=1).run, [(A, hang), (A, noting(ended, "next"))])
        await started.wait()
        tasks.cancel_scope.cancel()
    assert ended == ["hang"]


async def most_at_once(jobs: Callable[[Job], list[tuple[Host, Job]]], *, per_host: int, hosts_at_once: int) -> int:
    """The most jobs that ran at once; each ends when all that can run do."""
    running, most = 0, 0

    async def job() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        running -= 1

    await Lanes(per_host=per_host, hosts_at_once=hosts_at_once).run(jobs(job))
    return most
