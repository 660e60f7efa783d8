"""How soon a dead host is given up, by however few requests, and that a short outage is survived."""

import math
import random
import time
from typing import Any

import anyio
import attrs
import pytest

from cip_async.errors import HostGivenUp, Unavailable
from cip_async.registry.health import HostHealth
from cip_async.registry.retry import Retry
from cip_async.settings import Retries, Timeouts
from tests.unit.registry.virtual_time import BACKEND

pytestmark = pytest.mark.anyio

LIMITS = Retries()
TIMEOUTS = Timeouts()
REFUSING = 0.0
"""How long an attempt takes where a host refuses connections, or answers with 503."""
UNREACHABLE = TIMEOUTS.connect_s
SILENT = TIMEOUTS.first_byte_s
OUTAGE_S = 55.0


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return BACKEND


@pytest.fixture(params=["longest", 1, 2, 3], autouse=True)
def _delays_on_a_virtual_clock(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr(time, "monotonic", anyio.current_time)
    drawn = random.Random(request.param).uniform
    monkeypatch.setattr(random, "uniform", (lambda low, high: high) if request.param == "longest" else drawn)


@attrs.define
class DeadHost:
    """Each attempt that begins before `until` fails after `takes_s`; later ones are answered."""

    takes_s: float
    until: float = math.inf
    health: HostHealth = attrs.field(factory=HostHealth)
    given_up_at: float = math.inf

    async def attempt(self, again: bool) -> None:
        del again
        was_given_up = self.health.given_up
        if was_given_up:
            raise HostGivenUp("us.example", "GET /v2/", "given up")
        if anyio.current_time() >= self.until:
            self.health.answered()
            return
        await anyio.sleep(self.takes_s)
        self.health.failed(anyio.current_time(), LIMITS, "dead")
        if self.health.given_up:
            self.given_up_at = min(self.given_up_at, anyio.current_time())
        raise Unavailable("us.example", "GET /v2/", "dead", retryable=True)


@pytest.mark.parametrize(
    ("takes_s", "in_flight", "within_s"),
    [
        (REFUSING, 1, 140.0),
        (REFUSING, 2, 80.0),
        (REFUSING, 12, 80.0),
        (REFUSING, 64, 80.0),
        (UNREACHABLE, 1, 160.0),
        (UNREACHABLE, 2, 160.0),
        (UNREACHABLE, 12, 100.0),
        (UNREACHABLE, 64, 100.0),
        (SILENT, 1, 181.0),
        (SILENT, 2, 181.0),
        (SILENT, 12, 121.0),
        (SILENT, 64, 121.0),
    ],
)
async def test_a_dead_host_is_given_up_soon(takes_s: float, in_flight: int, within_s: float) -> None:
    host = DeadHost(takes_s)

    async def find_out() -> None:
        with pytest.raises(HostGivenUp):
            await Retry(LIMITS).run(host.attempt)

    async with anyio.create_task_group() as tasks:
        for _ in range(in_flight):
            tasks.start_soon(find_out)

    assert OUTAGE_S < host.given_up_at <= within_s
    assert anyio.current_time() <= host.given_up_at + takes_s + LIMITS.longest_delay_s


@pytest.mark.parametrize("in_flight", [1, 2, 12, 64])
@pytest.mark.parametrize("takes_s", [REFUSING, UNREACHABLE, SILENT])
async def test_an_outage_of_less_than_a_minute_is_survived(takes_s: float, in_flight: int) -> None:
    host = DeadHost(takes_s, until=OUTAGE_S)
    async with anyio.create_task_group() as tasks:
        for _ in range(in_flight):
            tasks.start_soon(Retry(LIMITS).run, host.attempt)
    assert not host.health.given_up
