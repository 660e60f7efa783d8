"""The event loop that commands run in."""

import asyncio
import importlib.util

from cip_async.cli.event_loop import run_in_event_loop


async def name_of_the_loop() -> str:
    return type(asyncio.get_running_loop()).__module__


def test_it_is_uvloop_where_that_is_installed_and_gives_the_result() -> None:
    expected = "uvloop" if importlib.util.find_spec("uvloop") else "asyncio"
    assert run_in_event_loop(name_of_the_loop).startswith(expected)
