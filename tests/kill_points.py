"""Where runs are killed: after so many requests, spread over the whole run, the same for one seed.

`CIP_KILLS` says how often each kind of registry is killed at (10), `CIP_KILLS_SEED` where exactly (0).
"""

import os
import random
from typing import Final

import anyio.abc
import attrs
import pytest

KILLS: Final = int(os.environ.get("CIP_KILLS", "10"))
SEED: Final = os.environ.get("CIP_KILLS_SEED", "0")

every_kill = pytest.mark.parametrize("number", range(KILLS))


def kill_point(number: int, requests: int) -> int:
    """After which of a run's `requests` the kill of this number comes: each has a part of the run of its own."""
    where = random.Random(f"{SEED}/{number}").random()
    return 1 + int(requests * (number + where) / KILLS)


@attrs.define
class Killer:
    """Counts the requests of a process that it watches, and kills it when it has made so many of them."""

    requests: int = 0
    _after: int = 0
    _process: anyio.abc.Process | None = None

    def watch(self, process: anyio.abc.Process, after: int) -> None:
        """Begin to count, up to `after`; 0 lets the process live."""
        self._process, self._after, self.requests = process, after, 0

    def count(self, _: object = None) -> None:
        """A registry has received a request."""
        self.requests += 1
        if self._process is not None and self.requests == self._after and self._process.returncode is None:
            self._process.kill()
