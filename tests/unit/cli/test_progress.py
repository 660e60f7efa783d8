"""Bars on a terminal, lines elsewhere."""

import io
import logging

import anyio
import anyio.lowlevel
import pytest
from rich.console import Console

from cip_async.cli import progress
from cip_async.cli.counters import Counters
from cip_async.cli.progress import Bars, Rate, shown
from cip_async.cli.progress_mode import ProgressMode
from cip_async.cli.screen import Screen

pytestmark = pytest.mark.anyio


def drawn(counters: Counters, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(Bars(counters, console).renderable())
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


@pytest.mark.parametrize("width", [80, 200])
def test_bars_show_how_far_the_run_is(width: int) -> None:
    counters = Counters(repositories=591, listed=100, images=40, placed=10, failed=2, sent_bytes=5_000_000, throttled=3)
    listed, placed, traffic = drawn(counters, width).splitlines()
    assert "repositories listed" in listed
    assert "100/591" in listed
    assert "10/40" in placed
    assert traffic.startswith("2 failed, sent 5.0 MB, received 0 B, 0 requests/s, throttled 3 times")
    assert max(len(line.rstrip()) for line in (listed, placed, traffic)) <= width


def test_images_have_no_bar_before_any_is_to_be_placed() -> None:
    assert "images placed" not in drawn(Counters(repositories=5), 80)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate()
    assert rate.measure(100.0, 0) == 0.0
    assert rate.measure(101.0, 50) == 50.0
    assert rate.measure(103.0, 150) == 50.0
    assert [rate.measure(float(second), 150) for second in range(104, 108)][-1] == 0.0


async def test_lines_come_while_the_work_goes_on_and_end_with_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cip_async")
    monkeypatch.setattr(progress, "LINE_EVERY_S", 1e-4)
    counters = Counters(repositories=7)
    with anyio.fail_after(10):
        async with shown(counters, ProgressMode.AUTO, Screen()):
            while not caplog.records:
                await anyio.lowlevel.checkpoint()
    assert caplog.records[0].getMessage().startswith("listed 0 of 7 repositories")


async def test_forced_bars_are_drawn_and_notes_stand_above_them(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    async with shown(Counters(repositories=7, listed=7), ProgressMode.ALWAYS, screen):
        screen.note("a note")
    told = capsys.readouterr().err
    assert "a note" in told
    assert "7/7" in told


async def test_never_means_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    async with shown(Counters(), ProgressMode.NEVER, Screen()):
        await anyio.lowlevel.checkpoint()
    assert capsys.readouterr() == ("", "")
