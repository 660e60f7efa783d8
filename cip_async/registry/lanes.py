"""Work by host: every host has a lane of its own, so that a slow or dead one delays no other.

Nothing in a lane waits for something in another lane; what follows from a job is a new job, in the lane of the
host it talks to.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable

import anyio
import attrs

from cip_async.errors import CipError
from cip_async.reference import Host

Job = Callable[[], Awaitable[None]]


@attrs.define(eq=False)
class _Lane:
    jobs: deque[Job] = attrs.field(factory=deque)
    workers: int = 0
    is_open: bool = False


class Lanes:
    """Runs jobs by host: `per_host` of one host at a time, and those of `hosts_at_once` hosts.

    The workers of a lane share its queue, and end when it is empty. The first job that fails ends everything.
    """

    def __init__(self, *, per_host: int, hosts_at_once: int) -> None:
        self._per_host = per_host
        self._hosts_at_once = hosts_at_once
        self._lanes: dict[Host, _Lane] = {}
        self._waiting: deque[_Lane] = deque()
        self._open = 0
        self._tasks = anyio.create_task_group()
        self._failure: CipError | None = None

    async def run(self, jobs: Iterable[tuple[Host, Job]]) -> None:
        """Run `jobs`, and what they add, to the end; once.

        Raises:
            CipError: what the first job that failed raised.
        """
        async with self._tasks:
            for host, job in jobs:
                self.add(host, job)
        if self._failure is not None:
            raise self._failure

    def add(self, host: Host, job: Job, *, first: bool = False) -> None:
        """Take one more job; with `first` it comes before those that wait in the lane of `host`."""
        lane = self._lanes.setdefault(host, _Lane())
        if not lane.is_open and not lane.jobs:
            self._waiting.append(lane)
        if first:
            lane.jobs.appendleft(job)
        else:
            lane.jobs.append(job)
        if lane.is_open:
            self._staff(lane)
        self._open_lanes()

    def _open_lanes(self) -> None:
        while self._waiting and self._open < self._hosts_at_once:
            lane = self._waiting.popleft()
            lane.is_open = True
            self._open += 1
            for _ in range(len(lane.jobs)):
                self._staff(lane)

    def _staff(self, lane: _Lane) -> None:
        if lane.workers < self._per_host:
            lane.workers += 1
            self._tasks.start_soon(self._work, lane)

    async def _work(self, lane: _Lane) -> None:
        try:
            while lane.jobs:
                job = lane.jobs.popleft()
                await job()
        except CipError as error:
            self._failure = self._failure or error
            self._tasks.cancel_scope.cancel()
            return
        lane.workers -= 1
        if lane.workers == 0:
            lane.is_open = False
            self._open -= 1
            self._open_lanes()
