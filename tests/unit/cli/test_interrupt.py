"""The first signal ends the work in good order, the second at once."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import anyio
import pytest

from cip_async.cli.interrupt import interruptible
from cip_async.cli.screen import Screen
from cip_async.errors import FileProblem

pytestmark = pytest.mark.anyio

STUBBORN = """
import os, signal, sys, time, anyio
from cip_async.cli.interrupt import interruptible
from cip_async.cli.screen import Screen

async def main():
    async with interruptible(Screen()):
        try:
            await anyio.sleep_forever()
        finally:
            print("cleaning up", flush=True)
            with anyio.CancelScope(shield=True):
                await anyio.sleep_forever()

async def both():
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(main)
        await anyio.wait_all_tasks_blocked()
        print("ready", flush=True)

anyio.run(both)
"""


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_cancels_the_work_and_is_remembered(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    cleaned_up = False
    async with interruptible(Screen()) as interruption:
        try:
            os.kill(os.getpid(), number)
            await anyio.sleep_forever()
        finally:
            cleaned_up = True
    assert cleaned_up
    assert interruption.received is number
    assert capsys.readouterr().err == "Interrupted: requests in flight are being ended; once more to stop at once\n"


async def test_work_that_ends_by_itself_was_not_interrupted() -> None:
    async with interruptible(Screen()) as interruption:
        await anyio.lowlevel.checkpoint()
    assert interruption.received is None


async def test_an_error_of_the_work_comes_out_as_it_is() -> None:
    with pytest.raises(FileProblem, match="gone"):
        async with interruptible(Screen()):
            raise FileProblem("report.json", "gone")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends_the_process_at_once(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == b"cleaning up\n"
        process.send_signal(number)
        assert process.wait(30) == -number
