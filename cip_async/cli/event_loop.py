"""The event loop of a command: uvloop where it is installed."""

import importlib.util
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

T = TypeVar("T")


def run_in_event_loop(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` to its end and return its result."""
    has_uvloop = importlib.util.find_spec("uvloop") is not None
    return anyio.run(work, backend="asyncio", backend_options={"use_uvloop": has_uvloop})
