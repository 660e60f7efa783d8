"""Results to stdout, notes to stderr, and what happens when nobody reads them any more."""

import io
import os
import subprocess
import sys

import pytest
from rich.console import Console

from cip_async.cli.screen import Screen, result_width, shows_bars

LEFT_ALONE = """
import sys
from cip_async.cli.screen import Screen

screen = Screen()
sys.stdin.read()
lines = 0
while screen.stream("x" * 80 + "\\n") and lines < 100_000:
    lines += 1
screen.note(f"stopped early: {lines < 100_000}")
screen.result("nobody reads this")
"""


def test_results_and_notes_go_to_their_streams(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.results(["one", "two"])
    screen.notes(["three", "four"])
    assert capsys.readouterr() == ("one\ntwo\n", "three\nfour\n")


def test_a_note_above_bars_is_neither_folded_nor_understood_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(file=io.StringIO(), width=20, force_terminal=True)
    screen = Screen()
    note = "[bold]" + "a long name " * 5
    with screen.with_bars(console):
        screen.note(note)
    screen.note("after the bars")
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == f"{note}\n"
    assert capsys.readouterr().err == "after the bars\n"


def test_a_reader_that_goes_away_ends_the_output_and_nothing_else() -> None:
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", LEFT_ALONE], stdin=subprocess.PIPE, stdout=writing, stderr=subprocess.PIPE
    ) as process:
        os.close(writing)
        os.close(reading)
        _, told = process.communicate(b"go")
    assert (process.returncode, told) == (0, b"stopped early: True\n")


def test_what_is_piped_has_no_width_and_no_bars(capsys: pytest.CaptureFixture[str]) -> None:
    assert result_width() is None
    assert not shows_bars()


def test_a_terminal_has_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    assert result_width() == 60


@pytest.mark.parametrize(("term", "bars"), [("xterm", True), ("dumb", False)])
def test_bars_need_a_terminal_that_can_draw_them(term: str, bars: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", term)
    assert shows_bars() is bars


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"TERM": "xterm", "NO_COLOR": ""}, "\x1b[1mpart one\x1b[0m\n"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "part one\n"),
        ({"TERM": "dumb", "NO_COLOR": ""}, "part one\n"),
    ],
)
def test_a_heading_is_bold_where_colours_are_welcome(
    environment: dict[str, str],
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    Screen().heading("part one")
    assert capsys.readouterr().out == shown


def test_a_heading_in_a_pipe_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().heading("part one")
    assert capsys.readouterr().out == "part one\n"
