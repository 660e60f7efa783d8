"""Every test of the nightly run belongs to a suite, and every suite is run."""

import pytest

from tests.docs.pages import ROOT
from tests.hostile.cases import CASES
from tests.nightly.suites import WHERE, selection, suite_of, suites
from tests.nodes import exists


def test_the_first_suite_that_a_test_belongs_to_has_it() -> None:
    assert suite_of("tests/service/faults/test_mixtures.py::test_a") == "fault mixtures"
    assert suite_of("tests/service/faults/test_matrix.py::test_a[b]") == "fault matrix"
    assert suite_of("tests/hostile/test_secrets.py::test_a") == "secret search"
    assert {suite_of(case.test) for case in CASES} == {"hostile registries", "secret search"}


def test_a_test_of_no_suite_is_refused() -> None:
    with pytest.raises(ValueError, match="belongs to no suite"):
        suite_of("tests/unit/test_a.py::test_a")


def test_what_is_run_has_every_suite_and_every_case_once() -> None:
    run = selection()
    assert len(set(run)) == len(run)
    assert {suite_of(test) for test in run} == set(suites())
    assert [case.test for case in CASES if not {case.test, case.test.partition("::")[0]} & set(run)] == []
    assert [test for test in run if not ((ROOT / test).is_file() or exists(ROOT, test))] == []


def test_the_suites_that_this_project_has_are_there() -> None:
    assert {"fault mixtures", "fault matrix", "kills, fake registry", "kills, docker-registry"} <= set(suites())
    assert {"secret search", "hostile registries", "fuzz"} <= set(suites())
    assert set(suites()) <= WHERE.keys()
