"""Workers that share a queue: no task per job, and none that idles."""

from collections import deque
from collections.abc import Awaitable, Callable

from anyio.abc import TaskGroup

Job = Callable[[], Awaitable[None]]


class Crew:
    """Carries out jobs, at most `most` at a time, each worker taking the next when it is done with one.

    Workers start when there is work and end when there is none. A job handles its own failures; what it
    raises is a defect and ends everything.
    """

    def __init__(self, tasks: TaskGroup, most: int) -> None:
        self._tasks = tasks
        self._most = most
        self._jobs: deque[Job] = deque()
        self._finishing: deque[Job] = deque()
        self._working = 0

    def add(self, job: Job, *, finishes: bool = False) -> None:
        """Have `job` done as soon as a worker is free: before all others if it finishes what was begun."""
        (self._finishing if finishes else self._jobs).append(job)
        if self._working < self._most:
            self._working += 1
            self._tasks.start_soon(self._work)

    async def _work(self) -> None:
        try:
            while queue := self._finishing or self._jobs:
                await queue.popleft()()
        finally:
            self._working -= 1
