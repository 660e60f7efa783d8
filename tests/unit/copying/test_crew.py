"""A few workers, many jobs."""

from functools import partial

import anyio
import pytest

from cip_async.copying.crew import Crew

pytestmark = pytest.mark.anyio


class Work:
    """Jobs that tell when they begin, and end when they are let."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.may_end = anyio.Event()

    async def job(self, name: str) -> None:
        self.begun.append(name)
        await self.may_end.wait()
        self.ended.append(name)


async def test_no_more_jobs_are_done_at_a_time_than_allowed() -> None:
    work = Work()
    async with anyio.create_task_group() as tasks:
        crew = Crew(tasks, 2)
        for number in range(5):
            crew.add(partial(work.job, str(number)))
        await anyio.wait_all_tasks_blocked()
        assert work.begun == ["0", "1"]
        work.may_end.set()
    assert work.ended == ["0", "1", "2", "3", "4"]


async def test_what_finishes_is_done_before_what_begins() -> None:
    work = Work()
    async with anyio.create_task_group() as tasks:
        crew = Crew(tasks, 1)
        crew.add(partial(work.job, "running"))
        await anyio.wait_all_tasks_blocked()
        crew.add(partial(work.job, "begins 1"))
        crew.add(partial(work.job, "begins 2"))
        crew.add(partial(work.job, "finishes 1"), finishes=True)
        crew.add(partial(work.job, "finishes 2"), finishes=True)
        work.may_end.set()
    assert work.begun == ["running", "finishes 1", "finishes 2", "begins 1", "begins 2"]


async def test_a_job_may_add_jobs() -> None:
    done: list[int] = []
    async with anyio.create_task_group() as tasks:
        crew = Crew(tasks, 1)

        async def count_down(number: int) -> None:
            done.append(number)
            if number:
                crew.add(partial(count_down, number - 1))

        crew.add(partial(count_down, 3))
    assert done == [3, 2, 1, 0]


async def test_workers_that_ran_out_of_work_are_replaced() -> None:
    work = Work()
    work.may_end.set()
    async with anyio.create_task_group() as tasks:
        crew = Crew(tasks, 1)
        crew.add(partial(work.job, "first"))
        await anyio.wait_all_tasks_blocked()
        assert work.ended == ["first"]
        crew.add(partial(work.job, "second"))
    assert work.ended == ["first", "second"]


async def test_a_defect_in_a_job_ends_everything() -> None:
    work = Work()

    async def fail() -> None:
        raise ZeroDivisionError

    async def run() -> None:
        async with anyio.create_task_group() as tasks:
            crew = Crew(tasks, 2)
            crew.add(partial(work.job, "waits for ever"))
            crew.add(fail)

    with pytest.raises(ExceptionGroup) as caught:
        await run()
    assert caught.group_contains(ZeroDivisionError)
    assert work.ended == []


async def test_a_cancelled_crew_does_no_more() -> None:
    work = Work()
    async with anyio.create_task_group() as tasks:
        crew = Crew(tasks, 1)
        crew.add(partial(work.job, "running"))
        crew.add(partial(work.job, "queued"))
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert (work.begun, work.ended) == (["running"], [])
