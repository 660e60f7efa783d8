"""The list of cases is whole: each has a test that is there, no two the same, and no test is without a case."""

from pathlib import Path
from typing import Final

from tests.hostile.cases import CASES
from tests.nodes import exists, nodes_of

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
OF_THE_SUITE_ITSELF: Final = ("test_cases.py", "test_markers.py")
CONTROLS: Final = {"tests/hostile/test_manifest_names.py::test_a_manifest_that_is_in_order_is_read"}


def test_each_case_has_a_test_of_its_own_that_exists() -> None:
    nodes = [case.test for case in CASES]
    assert [node for node in nodes if not exists(ROOT, node)] == []
    assert len(set(nodes)) == len(nodes)


def test_each_case_says_where_it_was_met() -> None:
    assert [case.name for case in CASES if not case.reports] == []
    assert len({case.name for case in CASES}) == len(CASES)


def test_each_test_of_this_folder_is_of_a_case() -> None:
    found = {
        node
        for path in sorted(HERE.glob("test_*.py"))
        if path.name not in OF_THE_SUITE_ITSELF
        for node in nodes_of(ROOT, path)
    }
    assert found - {case.test for case in CASES} - CONTROLS == set()
