"""Tasks that end with the work they accompany."""

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest

from cip_async.cli.companions import companions
from cip_async.errors import FileProblem

pytestmark = pytest.mark.anyio


async def test_companions_end_with_the_work() -> None:
    with anyio.fail_after(10):
        async with companions() as tasks:
            tasks.start_soon(anyio.sleep_forever)


Work = Callable[[], Coroutine[Any, Any, None]]


async def accompanied(companion: Work, work: Work) -> None:
    async with companions() as tasks:
        tasks.start_soon(companion)
        await work()


async def test_a_deliberate_error_of_the_work_comes_out_as_it_is() -> None:
    async def failing() -> None:
        raise FileProblem("report.json", "gone")

    with pytest.raises(FileProblem, match="gone"):
        await accompanied(anyio.sleep_forever, failing)


async def test_a_bug_of_a_companion_is_not_swallowed() -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        await accompanied(broken, anyio.sleep_forever)
    assert caught.group_contains(ZeroDivisionError)
