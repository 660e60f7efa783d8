"""The log of the command line, as text and as JSON lines, without anything secret."""

import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from typing import NoReturn

import pytest
from rich.console import Console

from cip_async.cli.logs import LogFormat, configure, redacted, show_crashes_without_secrets
from cip_async.cli.screen import Screen

log = logging.getLogger("cip_async.somewhere")
foreign = logging.getLogger("elsewhere")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("cip_async")
    handlers, level, our_level = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(our_level)
    logging.captureWarnings(capture=False)


def fail() -> NoReturn:
    raise ValueError("https://host/v2/?token=hidden")


def test_a_text_line_has_time_severity_and_message(capsys: pytest.CaptureFixture[str]) -> None:
    configure(Screen(), LogFormat.TEXT, logging.INFO, foreign=False)
    log.info("promoted %s", "foo")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err[4] == "-"
    assert captured.err[19:] == "Z INFO    promoted foo\n"


def test_a_json_line_has_the_fields_that_log_services_look_for(capsys: pytest.CaptureFixture[str]) -> None:
    configure(Screen(), LogFormat.JSON, logging.INFO, foreign=False)
    log.warning("lost %s", "\x1b[31mfoo")
    told = json.loads(capsys.readouterr().err)
    assert told.pop("time").endswith("Z")
    assert told == {"severity": "WARNING", "logger": "cip_async.somewhere", "message": r"lost \x1b[31mfoo"}


def test_a_line_cannot_become_two_or_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    configure(Screen(), LogFormat.TEXT, logging.INFO, foreign=False)
    log.error("host says: %s", "sorry\n2026-01-01T00:00:00Z INFO    promoted everything\x1b[2J")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(r"host says: sorry\n2026-01-01T00:00:00Z INFO    promoted everything\x1b[2J")


@pytest.mark.parametrize("log_format", list(LogFormat))
def test_a_traceback_is_told_without_query_strings(log_format: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure(Screen(), log_format, logging.INFO, foreign=False)
    try:
        fail()
    except ValueError:
        log.exception("broken")
    told = capsys.readouterr().err
    assert "in fail" in told
    assert "ValueError: https://host/v2/?…" in told.replace("\\u2026", "…")
    assert "hidden" not in told


def test_other_libraries_are_heard_from_warnings_on_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    configure(Screen(), LogFormat.TEXT, logging.DEBUG, foreign=False)
    log.debug("ours")
    foreign.info("not asked for")
    foreign.warning("a warning")
    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == ["ours", "warning"]
    configure(Screen(), LogFormat.TEXT, logging.DEBUG, foreign=True)
    foreign.debug("asked for")
    assert capsys.readouterr().err.endswith("asked for\n")


def test_configuring_twice_does_not_say_things_twice(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        configure(Screen(), LogFormat.TEXT, logging.INFO, foreign=False)
    log.info("once")
    assert capsys.readouterr().err.count("once") == 1


def test_a_record_that_cannot_be_shown_does_not_end_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    configure(Screen(), LogFormat.TEXT, logging.INFO, foreign=False)
    log.info("%d images", "many")
    assert "'%d images'" in capsys.readouterr().err


def test_a_reader_of_the_log_may_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(Screen(), LogFormat.TEXT, logging.INFO, foreign=False)
    reader, writer = os.pipe()
    os.close(reader)
    with io.FileIO(writer, "w") as raw, io.TextIOWrapper(raw, write_through=True) as nobody_reads:
        monkeypatch.setattr(sys, "stderr", nobody_reads)
        log.info("on with the work")


def test_lines_stand_above_bars_and_are_not_folded() -> None:
    drawn = io.StringIO()
    screen = Screen()
    configure(screen, LogFormat.TEXT, logging.INFO, foreign=False)
    with screen.with_bars(Console(file=drawn, width=40, force_terminal=True)):
        log.info("[bold]%s", "x" * 100)
    assert drawn.getvalue().endswith(f"[bold]{'x' * 100}\n")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("GET https://host/v2/foo?n=5&last=x 200", "GET https://host/v2/foo?… 200"),
        ("GET /token?scope=a:b (slow)", "GET /token?… (slow)"),
        ("'https://user:pass@host/v2/'", "'https://…@host/v2/'"),
        ("Authorization: Bearer ya29.a0Af_B-yx", "Authorization: Bearer …"),
        ("basic dXNlcjpwYXNz", "basic …"),
        ("is the name right? yes", "is the name right? yes"),
        ("a basic check", "a basic check"),
    ],
)
def test_credentials_and_query_strings_are_taken_out(text: str, safe: str) -> None:
    assert redacted(text) == safe


def test_a_crash_tells_where_and_no_secret(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    show_crashes_without_secrets()
    with pytest.raises(ValueError, match="hidden") as crash:
        fail()
    sys.excepthook(crash.type, crash.value, crash.tb)
    told = capsys.readouterr()
    assert told.out == ""
    assert "in fail" in told.err
    assert told.err.splitlines()[-1] == "ValueError: https://host/v2/?…"
