"""Bars on a terminal, lines elsewhere."""

import logging

import anyio
import anyio.lowlevel
import pytest

from cip_async.cli import progress
from cip_async.cli.counters import Counters
from cip_async.cli.progress import shown
from cip_async.cli.progress_mode import ProgressMode
from cip_async.cli.screen import Screen

pytestmark = pytest.mark.anyio


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
