"""When a failed request is tried again: only what `retryable` errors say may be cured, and not for ever."""

import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import anyio
import tenacity

from cip_async.errors import CipError, Throttled
from cip_async.settings import Retries

log = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_DOUBLINGS: Final = 32


class Retry:
    """Tries again with full jitter: each delay is random, below a bound that doubles.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    def __init__(self, limits: Retries) -> None:
        self._limits = limits

    async def run(self, attempt: Callable[[bool], Awaitable[T]]) -> T:
        """Call `attempt(again)` until it returns, fails for good, or the time or its tries are used up.

        The time runs from the first failure: waiting in a queue before it costs nothing. Of failures that have a bound
        of their own, as many count as there were; the last one is then told as no longer `retryable`, so that nobody
        tries all of it again who tries more than this.
        """
        try:
            return await attempt(False)
        except CipError as error:
            if not error.retryable:
                raise
            return await self._again(attempt, error)

    async def _again(self, attempt: Callable[[bool], Awaitable[T]], first: CipError) -> T:
        to_replay = [first]

        async def next_attempt() -> T:
            if to_replay:
                raise to_replay.pop()
            return await attempt(True)

        enough = _TriedEnough()
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, CipError) and error.retryable),
            wait=_FullJitter(self._limits),
            stop=tenacity.stop_any(enough, tenacity.stop_before_delay(self._limits.request_s)),
            sleep=anyio.sleep,
            before_sleep=_tell,
            reraise=True,
        )
        try:
            return await retrying(next_attempt)
        except CipError as error:
            if not enough.reached:
                raise
            raise error.as_final() from error.__cause__


def _tell(state: tenacity.RetryCallState) -> None:
    if state.outcome is not None and state.next_action is not None:
        log.debug("trying again in %.1f s: %s", state.next_action.sleep, state.outcome.exception())


class _TriedEnough(tenacity.stop.stop_base):
    """Counts the failures of one request that are worth a few tries alone."""

    def __init__(self) -> None:
        self._failures = 0
        self.reached = False

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        """Whether there have been as many as the last of them allows."""
        outcome = retry_state.outcome
        error = outcome.exception() if outcome is not None else None
        if not isinstance(error, CipError) or error.most_tries is None:
            return False
        self._failures += 1
        self.reached = self._failures >= error.most_tries
        return self.reached


class _FullJitter:
    """The delays of one request. A throttled attempt does not count: its host's gate makes it wait."""

    def __init__(self, limits: Retries) -> None:
        self._limits = limits
        self._failures = 0

    def __call__(self, state: tenacity.RetryCallState) -> float:
        """The seconds to wait before the next attempt."""
        if state.outcome is not None and isinstance(state.outcome.exception(), Throttled):
            return 0.0
        bound = min(self._limits.longest_delay_s, self._limits.first_delay_s * 2.0**self._failures)
        self._failures = min(self._failures + 1, _MOST_DOUBLINGS)
        return random.uniform(0.0, bound)  # noqa: S311 - spreads load, guards no secret
