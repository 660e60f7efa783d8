"""What SECURITY.md promises is shown by tests that are there."""

import re
from typing import Final

from tests.docs.pages import ROOT
from tests.nodes import exists

ROWS: Final = re.findall(r"^\| ([^|]+) \| ([^|]*tests/[^|]*) \|$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
ALONE: Final = re.compile(r"`([^`]+)`")


def test_each_invariant_has_tests_that_exist() -> None:
    assert len(ROWS) >= 10
    for invariant, tests in ROWS:
        nodes = ALONE.findall(tests)
        assert ", ".join(f"`{node}`" for node in nodes) == tests
        assert [node for node in nodes if not exists(ROOT, node)] == [], invariant


def test_what_else_it_names_exists() -> None:
    page = (ROOT / "SECURITY.md").read_text()
    assert {node for node in ALONE.findall(page) if node.startswith("tests/") and not exists(ROOT, node)} == set()
