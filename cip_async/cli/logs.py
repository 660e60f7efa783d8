"""Logging of the command line: what the library says, as text or as JSON lines, on stderr.

No line contains a credential or the query string of a URL, whoever wrote it.
"""

import enum
import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

from cip_async.cli.screen import Screen
from cip_async.reporting.printable import printable

_QUERY: Final = re.compile(r"\?[^\s'\"<>=]+=[^\s'\"<>]*")
_USER: Final = re.compile(r"(?<=://)[^\s/@'\"]+@")
_CREDENTIAL: Final = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)


class LogFormat(enum.Enum):
    """How a line of the log looks."""

    TEXT = "text"
    JSON = "json"


def configure(screen: Screen, log_format: LogFormat, level: int, *, foreign: bool) -> None:
    """Send the log to `screen`, from `level` on; that of other libraries only where `foreign` says so."""
    handler = _Handler(screen)
    handler.setFormatter(_JsonFormatter() if log_format is LogFormat.JSON else _TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level if foreign else logging.WARNING)
    logging.getLogger("cip_async").setLevel(level)
    logging.captureWarnings(capture=True)


def redacted(text: str) -> str:
    """`text` without query strings, user names in URLs, and what follows `Bearer` or `Basic`."""
    return _CREDENTIAL.sub(r"\1 …", _USER.sub("…@", _QUERY.sub("?…", text)))


def show_crashes_without_secrets() -> None:
    """Have whatever ends the program unforeseen say no more than a log would: other libraries' errors hold URLs."""
    sys.excepthook = _show_crash


class _Handler(logging.Handler):
    """Hands each record to the screen."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self._screen = screen

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._screen.note(self.format(record))
        except Exception:  # noqa: BLE001 - a log line must not end a run: the record that cannot be shown is reported
            self.handleError(record)


class _TextFormatter(logging.Formatter):
    """`2026-01-31T12:00:00Z INFO  message`, and a traceback on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_time(record, 'seconds')} {record.levelname:<7} {_message(record)}"
        return "\n".join((line, *_traceback(record)))


class _JsonFormatter(logging.Formatter):
    """One JSON object a line, with the field names that log services look for."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": _time(record, "milliseconds"),
            "severity": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        lines = list(_traceback(record))
        return json.dumps({**told, "traceback": lines} if lines else told)


def _time(record: logging.LogRecord, precision: str) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    return printable(redacted(record.getMessage()))


def _traceback(record: logging.LogRecord) -> Iterator[str]:
    if record.exc_info and record.exc_info[1]:
        yield from _lines(record.exc_info[1])


def _lines(error: BaseException) -> Iterator[str]:
    for line in "".join(traceback.format_exception(error)).splitlines():
        yield printable(redacted(line))


def _show_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    del kind, trace
    sys.stderr.writelines(f"{line}\n" for line in _lines(error))
