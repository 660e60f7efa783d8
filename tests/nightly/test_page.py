"""The documentation gets the table of a whole long run, and of no other."""

from typing import Any

import pytest

from tests.docs.pages import ROOT
from tests.nightly.lines import line, run
from tests.nightly.page import BEGINNING, END, NotForThePage, with_run
from tests.nightly.suites import selection, suite_of, suites
from tests.nightly.table import table

PAGE = f"# A page\n\n{BEGINNING}what was there{END}\n## More\n"
TESTS = [line(next(test for test in selection() if suite_of(test) == suite)) for suite in suites()]


def test_a_run_takes_the_place_of_the_last_one() -> None:
    made = with_run(PAGE, TESTS, run())
    assert (
        made
        == f"""# A page

{BEGINNING}
`nox -s nightly` on 2026-11-26, 90 minutes with 4 workers:

* forms: `CIP_FAULT_MATRIX=9 CIP_FAULT_IMAGES=9 CIP_KILLS=9 CIP_FUZZ_INPUTS=9`
* seeds: `CIP_FAULT_SEED=0 CIP_KILLS_SEED=0 CIP_FUZZ_SEED=0`
* machine: 2 CPUs (Some CPU), 25 GB, Linux x86_64, CPython 3.11.7; cip-async 0.1.0, aiohttp 3.14.5, anyio 4.16.0

{table(TESTS)}
{END}
## More
"""
    )
    assert with_run(made, TESTS, run()) == made


@pytest.mark.parametrize(
    ("page", "tests", "whole", "reason"),
    [
        (PAGE, TESTS, None, "the run came to no end"),
        (PAGE, TESTS, run(CIP_KILLS="9"), "was not long: CIP_FAULT_MATRIX, CIP_FAULT_IMAGES, CIP_FUZZ_INPUTS not set"),
        (PAGE, TESTS[1:], run(), f"had no test of: {suites()[0]}"),
        (PAGE, [TESTS[0] | {"outcome": "skipped"}, *TESTS[1:]], run(), f"had no test of: {suites()[0]}"),
        ("# A page\n", TESTS, run(), "the page has no place for it"),
    ],
)
def test_what_says_too_little_is_refused(
    page: str, tests: list[dict[str, Any]], whole: dict[str, Any] | None, reason: str
) -> None:
    with pytest.raises(NotForThePage, match=reason):
        with_run(page, tests, whole)


def test_the_page_of_the_documentation_has_a_place_for_it() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert table(TESTS) in with_run(page, TESTS, run())
