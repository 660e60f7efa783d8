"""The table of a nightly run says what tests told, and nothing that they did not."""

from typing import Any

import pytest

from tests.docs.pages import ROOT
from tests.nightly.tally import SUITES, table


def line(test: str, outcome: str = "passed", seconds: float = 1.5, **told: int) -> dict[str, Any]:
    return {"test": test, "outcome": outcome, "seconds": seconds, "told": told}


def test_what_tests_told_is_added_up_and_what_none_told_is_a_dash() -> None:
    made = table(
        [
            line("tests/fuzz/test_fuzz.py::test_a", cases=2000),
            line("tests/service/faults/test_matrix.py::test_a", faults=2, edges=16, lost=0, wrong=0, leaked=0),
            line("tests/service/faults/test_matrix.py::test_b", "failed", faults=3, edges=9, lost=1, wrong=0, leaked=0),
            line("tests/hostile/test_secrets.py::test_a"),
            line("tests/hostile/test_names.py::test_a", "skipped"),
        ]
    )
    assert made.splitlines() == [
        "| suite | cases | faults injected | edges | lost | wrong | leaked | failed tests | time |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| fault matrix | 2 | 5 | 25 | 1 | 0 | 0 | 1 | 3 s |",
        "| secret search | 1 | - | - | - | - | - | 0 | 2 s |",
        "| fuzz | 2,000 | - | - | - | - | - | 0 | 2 s |",
        "| all | 2,003 | 5 | 25 | 1 | 0 | 0 | 1 | 6 s |",
    ]


def test_a_test_of_no_suite_is_refused() -> None:
    with pytest.raises(ValueError, match="belongs to no suite"):
        table([line("tests/unit/test_a.py::test_a")])


def test_the_fault_matrix_is_where_the_table_looks_for_it() -> None:
    assert (ROOT / SUITES["fault matrix"] / "test_matrix.py").is_file()
