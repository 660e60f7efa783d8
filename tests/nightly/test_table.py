"""The table of a nightly run says what tests told, and nothing that they did not."""

from tests.hostile.cases import CASES
from tests.nightly.lines import line
from tests.nightly.table import table

HEADS = (
    "| suite | cases | faults injected | edges | lost | wrong | leaked | failed tests | time |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
)


def test_what_tests_told_is_added_up_and_what_none_told_is_a_dash() -> None:
    made = table(
        [
            line("tests/fuzz/test_fuzz.py::test_a", cases=2000, wrong=0),
            line("tests/service/faults/test_matrix.py::test_a", faults=2, edges=16, lost=0, wrong=0, leaked=0),
            line("tests/service/faults/test_matrix.py::test_b", "failed", faults=3, edges=9, lost=1, wrong=0, leaked=0),
            line("tests/service/faults/test_dead_mirrors.py::test_a", edges=9),
            line("tests/hostile/test_names.py::test_a", "skipped"),
        ]
    )
    assert made.splitlines() == [
        *HEADS,
        "| dead mirrors | 1 | - | 9 | - | - | - | 0 | 2 s |",
        "| fault matrix | 2 | 5 | 25 | 1 | 0 | 0 | 1 | 3 s |",
        "| fuzz | 2,000 | - | - | - | 0 | - | 0 | 2 s |",
        "| all | 2,003 | 5 | 34 | 1 | 0 | 0 | 1 | 6 s |",
    ]


def test_a_case_of_a_hostile_registry_that_failed_lost_what_was_at_stake() -> None:
    leaks = next(case.test for case in CASES if case.stake == "leaked" and "tests/hostile" not in case.test)
    wrongs = next(case.test for case in CASES if case.stake == "wrong" and "tests/hostile" in case.test)
    made = table(
        [
            line(f"{leaks}[one]"),
            line(f"{leaks}[other]", "failed"),
            line(wrongs),
            line("tests/hostile/test_cases.py::test_each_case_has_a_test_of_its_own_that_exists"),
        ]
    )
    assert made.splitlines()[2] == "| hostile registries | 3 | - | - | - | 0 | 1 | 1 | 6 s |"


def test_what_a_search_for_secrets_told_is_more_than_whether_it_failed() -> None:
    made = table([line("tests/hostile/test_secrets.py::test_doctor", "failed", cases=12, leaked=3)])
    assert made.splitlines()[2] == "| secret search | 12 | - | - | - | - | 3 | 1 | 2 s |"


def test_a_test_that_failed_twice_is_one_case_and_one_failure() -> None:
    test = "tests/real/test_kills.py::test_a"
    made = table([line(test, "failed", faults=1), line(test, "failed", "teardown", faults=1)])
    assert made.splitlines()[2] == "| kills, docker-registry | 1 | 1 | - | - | - | - | 1 | 3 s |"
