"""What tests did, noted by a plugin of pytest as they end, and made one table of.

    CIP_TALLY=lines python -m pytest -p tests.nightly.tally tests/service/faults
    python -m tests.nightly.tally lines

A test tells what it did by `record_property`: `cases` (one, if it says nothing), `faults`, `edges`, `lost`, `wrong` and
`leaked`. What no test of a suite told of is a dash in the table, not a nought.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

SUITES: Final = {
    "fault mixtures": "tests/service/faults/test_mixtures.py",
    "fault matrix": "tests/service/faults/",
    "kills, fake registry": "tests/service/cli/test_kills.py",
    "kills, docker-registry": "tests/real/test_kills.py",
    "secret search": "tests/hostile/test_secrets.py",
    "hostile registries": "tests/hostile/",
    "fuzz": "tests/fuzz/",
}
"""Where each suite is. The first that a test belongs to has it."""
COLUMNS: Final = ("cases", "faults", "edges", "lost", "wrong", "leaked")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a test that has ended; of several processes, only the one that gathers the results does."""
    if "PYTEST_XDIST_WORKER" in os.environ or not (report.when == "call" or report.failed):
        return
    line = {
        "test": report.nodeid,
        "outcome": report.outcome,
        "seconds": report.duration,
        "told": dict(report.user_properties),
    }
    with Path(os.environ["CIP_TALLY"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def table(lines: Iterable[Mapping[str, Any]]) -> str:
    """The table in Markdown: a row for each suite that had tests, and their sum. Skipped tests do not count."""
    by_suite: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        if line["outcome"] != "skipped":
            by_suite.setdefault(_suite(line["test"]), []).append(line)
    heads = ("suite", "cases", "faults injected", *COLUMNS[2:], "failed tests", "time")
    rows = [_row(suite, by_suite[suite]) for suite in SUITES if suite in by_suite]
    rows.append(_row("all", [line for suite in SUITES for line in by_suite.get(suite, [])]))
    return "".join(f"| {' | '.join(row)} |\n" for row in (heads, ["---", *["---:"] * (len(heads) - 1)], *rows))


def _suite(test: str) -> str:
    for suite, where in SUITES.items():
        if test.startswith(where):
            return suite
    raise ValueError(f"{test} belongs to no suite")


def _row(name: str, lines: Sequence[Mapping[str, Any]]) -> list[str]:
    told = [{"cases": 1} | line["told"] for line in lines]
    sums = [[each[column] for each in told if column in each] for column in COLUMNS]
    failed = sum(line["outcome"] == "failed" for line in lines)
    seconds = sum(line["seconds"] for line in lines)
    return [name, *(f"{sum(each):,}" if each else "-" for each in sums), str(failed), f"{seconds:,.0f} s"]


if __name__ == "__main__":
    sys.stdout.write(table(json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()))
