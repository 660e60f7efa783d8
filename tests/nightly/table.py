"""The table of a nightly run: what tests told, added up for each suite."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tests.hostile.cases import CASES
from tests.nightly.suites import HOSTILE, WHERE, suite_of

Line = Mapping[str, Any]

COLUMNS: Final = ("cases", "faults", "edges", "lost", "wrong", "leaked")
HEADS: Final = ("suite", "cases", "faults injected", *COLUMNS[2:], "failed tests", "time")

_STAKES: Final = {case.test: case.stake for case in CASES}


def table(lines: Iterable[Line]) -> str:
    """The table in Markdown: a row for each suite that had tests, and their sum. Skipped tests do not count.

    What no test of a suite told of is a dash, not a nought.
    """
    by_suite: dict[str, list[Line]] = {}
    for line in lines:
        if line["outcome"] != "skipped":
            by_suite.setdefault(suite_of(line["test"]), []).append(line)
    rows = [_row(suite, by_suite[suite]) for suite in WHERE if suite in by_suite]
    rows.append(_row("all", [line for suite in WHERE for line in by_suite.get(suite, [])]))
    return "".join(f"| {' | '.join(row)} |\n" for row in (HEADS, ["---", *["---:"] * (len(HEADS) - 1)], *rows))


def _row(name: str, lines: Sequence[Line]) -> list[str]:
    told = [_told(line) for line in lines]
    sums = [[each[column] for each in told if column in each] for column in COLUMNS]
    failed = len({line["test"] for line in lines if line["outcome"] == "failed"})
    seconds = sum(line["seconds"] for line in lines)
    return [name, *(f"{sum(each):,}" if each else "-" for each in sums), str(failed), f"{seconds:,.0f} s"]


def _told(line: Line) -> dict[str, int]:
    """What a test did. What failed after it had ended was told with the test itself.

    A test of a hostile registry's case has one figure, whether what was at stake was lost; one of no case has none.
    """
    if line["when"] == "teardown":
        return {}
    told: dict[str, int] = line["told"]
    stake = _STAKES.get(line["test"].partition("[")[0])
    if stake is not None:
        return {"cases": 1, stake: int(line["outcome"] == "failed")} | told
    return told if suite_of(line["test"]) == HOSTILE else {"cases": 1} | told
