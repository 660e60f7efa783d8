"""The event loop of a command: uvloop where it is installed."""

import gc
import importlib.util
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import anyio

T = TypeVar("T")

_GARBAGE_THRESHOLDS: Final = (10_000, 20, 20)
"""Python looks for garbage in cycles after 700 allocations, and at what is older ever again. A run makes hardly any,
and much that lasts: with the usual thresholds a large promotion spends 6 % of its CPU time on it, with these 2 %."""


def run_in_event_loop(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` to its end and return its result. From then on this process looks for garbage less often."""
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    has_uvloop = importlib.util.find_spec("uvloop") is not None
    return anyio.run(work, backend="asyncio", backend_options={"use_uvloop": has_uvloop})
