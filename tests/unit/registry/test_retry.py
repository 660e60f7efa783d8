"""What is tried again, after what delays, and when that ends."""

import random
import time
from typing import Any

import anyio
import pytest

from cip_async.errors import CipError, NotFound, Throttled, Unavailable, UntrustedAnswer
from cip_async.registry.once import Once
from cip_async.registry.retry import Retry
from cip_async.settings import Retries
from tests.unit.registry.virtual_time import BACKEND

pytestmark = pytest.mark.anyio

LIMITS = Retries(request_s=300.0, first_delay_s=0.2, longest_delay_s=20.0)
FAILED = Unavailable("us.example", "GET /v2/", "status 500", status=500, retryable=True)
ABSENT = NotFound("us.example", "GET /v2/", "status 404", status=404)
THROTTLED = Throttled("us.example", "GET /v2/", "status 429", status=429, retry_after_s=None)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return BACKEND


@pytest.fixture(autouse=True)
def _longest_delays_on_a_virtual_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", anyio.current_time)
    monkeypatch.setattr(random, "uniform", lambda low, high: high)


class Attempts:
    """Fails with each of some errors, and then succeeds."""

    def __init__(self, *errors: BaseException, for_ever: CipError | None = None, takes_s: float = 0.0) -> None:
        self._errors = list(errors)
        self._for_ever = for_ever
        self._takes_s = takes_s
        self.times: list[float] = []
        self.again: list[bool] = []

    async def __call__(self, again: bool) -> str:
        self.times.append(round(anyio.current_time(), 6))
        self.again.append(again)
        await anyio.sleep(self._takes_s)
        if self._for_ever is not None:
            raise self._for_ever
        if self._errors:
            raise self._errors.pop(0)
        return "done"


async def test_each_failure_that_is_followed_by_another_try_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "cip_async")
    await Retry(LIMITS).run(Attempts(FAILED, FAILED))
    assert caplog.messages == [
        "trying again in 0.2 s: us.example: GET /v2/: status 500",
        "trying again in 0.4 s: us.example: GET /v2/: status 500",
    ]


async def test_what_succeeds_is_tried_once() -> None:
    attempts = Attempts()
    assert await Retry(LIMITS).run(attempts) == "done"
    assert attempts.again == [False]


async def test_the_bound_of_the_delay_doubles() -> None:
    attempts = Attempts(*[FAILED] * 9)
    assert await Retry(LIMITS).run(attempts) == "done"
    delays = [round(after - before, 6) for before, after in zip(attempts.times, attempts.times[1:], strict=False)]
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20, 20]
    assert attempts.again == [False] + [True] * 9


async def test_a_delay_is_anything_below_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: low)
    attempts = Attempts(FAILED, FAILED)
    await Retry(LIMITS).run(attempts)
    assert attempts.times == [0, 0, 0]


@pytest.mark.parametrize("error", [ABSENT, ValueError("a bug")])
async def test_what_cannot_be_cured_is_raised_at_once(error: Exception) -> None:
    for before in ([], [FAILED]):
        attempts = Attempts(*before, error)
        with pytest.raises(type(error)) as raised:
            await Retry(LIMITS).run(attempts)
        assert raised.value is error
        assert len(attempts.times) == len(before) + 1


async def test_the_last_error_is_raised_when_the_time_is_up() -> None:
    attempts = Attempts(for_ever=FAILED, takes_s=10.0)
    with pytest.raises(Unavailable) as raised:
        await Retry(LIMITS).run(attempts)
    assert raised.value is FAILED
    assert anyio.current_time() <= 10.0 + LIMITS.request_s + 10.0


async def test_the_time_runs_from_the_first_failure() -> None:
    attempts = Attempts(FAILED, takes_s=1000.0)
    assert await Retry(LIMITS).run(attempts) == "done"


def garbled() -> UntrustedAnswer:
    return UntrustedAnswer("us.example", "GET /v2/", "no page", retryable=True, most_tries=3)


async def test_what_is_worth_a_few_tries_gets_those_and_is_then_retryable_no_more() -> None:
    attempts = Attempts(garbled(), garbled(), garbled())
    with pytest.raises(UntrustedAnswer) as raised:
        await Retry(LIMITS).run(attempts)
    assert len(attempts.times) == 3
    assert not raised.value.retryable


async def test_who_shares_the_last_failure_of_another_has_tries_of_its_own() -> None:
    once: Once[str, str] = Once()
    make = Attempts(garbled(), garbled(), garbled(), takes_s=10.0)
    got: list[str] = []

    async def attempt(again: bool) -> str:
        return await once.get("token", lambda: make(again))

    async def give_up() -> None:
        with pytest.raises(UntrustedAnswer) as raised:
            await Retry(LIMITS).run(attempt)
        assert not raised.value.retryable

    async def come_late() -> None:
        await anyio.sleep(25.0)
        got.append(await Retry(LIMITS).run(attempt))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(give_up)
        tasks.start_soon(come_late)
    assert got == ["done"]
    assert len(make.times) == 4


async def test_the_last_failure_of_a_few_is_told_as_it_was() -> None:
    last = garbled()
    last.__cause__ = ValueError("no JSON")
    with pytest.raises(UntrustedAnswer, match=r"us\.example: GET /v2/: no page") as raised:
        await Retry(LIMITS).run(Attempts(garbled(), garbled(), last))
    assert raised.value.__dict__ == {**last.__dict__, "retryable": False}
    assert raised.value.__cause__ is last.__cause__
    assert last.retryable


async def test_what_is_worth_a_few_tries_may_be_cured_by_the_last_of_them() -> None:
    assert await Retry(LIMITS).run(Attempts(garbled(), garbled())) == "done"


async def test_other_failures_count_for_no_few_tries() -> None:
    attempts = Attempts(FAILED, THROTTLED, garbled(), FAILED, garbled(), THROTTLED, FAILED)
    assert await Retry(LIMITS).run(attempts) == "done"


async def test_a_few_tries_end_with_the_time_too() -> None:
    attempts = Attempts(garbled())
    with pytest.raises(UntrustedAnswer):
        await Retry(Retries(request_s=0.0)).run(attempts)
    assert len(attempts.times) == 1


async def test_without_time_nothing_is_tried_again() -> None:
    attempts = Attempts(FAILED)
    with pytest.raises(Unavailable):
        await Retry(Retries(request_s=0.0)).run(attempts)
    assert len(attempts.times) == 1


async def test_a_throttled_attempt_does_not_lengthen_the_delays() -> None:
    attempts = Attempts(FAILED, *[THROTTLED] * 20, FAILED, FAILED)
    await Retry(LIMITS).run(attempts)
    assert attempts.times[-3:] == [0.2, 0.6, 1.4]


async def test_throttling_ends_when_the_time_is_up_too() -> None:
    attempts = Attempts(for_ever=THROTTLED, takes_s=30.0)
    with pytest.raises(Throttled):
        await Retry(LIMITS).run(attempts)
    assert anyio.current_time() <= LIMITS.request_s + 60.0


async def test_a_cancelled_wait_is_no_failure() -> None:
    attempts = Attempts(for_ever=FAILED)
    with anyio.move_on_after(1.0) as scope:
        await Retry(LIMITS).run(attempts)
    assert scope.cancelled_caught
