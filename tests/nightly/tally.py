"""A plugin of pytest that notes what each test did, a line of JSON for each, and at last what the whole run was.

    CIP_TALLY=lines python -m pytest -p tests.nightly.tally tests/service/faults
    python -m tests.nightly lines

A test tells what it did by `record_property`: `cases` (one, if it says nothing), `faults`, `edges`, `lost`, `wrong` and
`leaked`. It does so before it asserts anything of it, or else a test that fails would not be counted.
"""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from benchmarks._machine import machine
from tests.nightly.suites import FORMS, SEEDS

_LINES: Final = "CIP_TALLY"
_begun: Final = time.monotonic()


def pytest_configure() -> None:
    """Refuse to run where nothing could be noted."""
    if not os.environ.get(_LINES):
        raise pytest.UsageError(f"tests.nightly.tally notes what tests did: {_LINES} must name a file for that")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a test that has ended, and what failed before or after it."""
    if report.when == "call" or report.failed:
        _note(
            {
                "test": report.nodeid,
                "when": report.when,
                "outcome": report.outcome,
                "seconds": report.duration,
                "told": dict(report.user_properties),
            }
        )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Note what the run was."""
    variables = {name: os.environ[name] for name in (*FORMS, *SEEDS) if name in os.environ}
    _note(
        {
            "finished": datetime.now(UTC).date().isoformat(),
            "took_s": time.monotonic() - _begun,
            "workers": len(session.config.getoption("tx", None) or [None]),
            "variables": variables,
            "machine": machine(),
        }
    )


def _note(line: dict[str, Any]) -> None:
    """Write a line; of several processes, only the one that gathers the results does."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        with Path(os.environ[_LINES]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
