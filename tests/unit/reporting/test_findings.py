"""Findings as text, JSON and GitHub annotations."""

import json

import pytest

from cip_async.model.finding import Finding, Severity
from cip_async.model.promoter_manifest import Place
from cip_async.reporting.findings import FindingsFormat, finding_lines

PLACED = Finding(check="removal", severity=Severity.ERROR, place=Place("a,b.yaml", 3, 5), message="50% gone\nor so")
NOWHERE = Finding(check="layout", severity=Severity.WARNING, place=None, message="odd \x1b[31m")


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        (
            FindingsFormat.TEXT,
            ["a,b.yaml:3:5: error: 50% gone\\nor so [removal]", "warning: odd \\x1b[31m [layout]"],
        ),
        (
            FindingsFormat.GITHUB,
            [
                "::error file=a%2Cb.yaml,line=3,col=5,title=removal::50%25 gone%0Aor so",
                "::warning title=layout::odd \\x1b[31m",
            ],
        ),
    ],
)
def test_a_finding_is_one_line(form: FindingsFormat, lines: list[str]) -> None:
    assert list(finding_lines([PLACED, NOWHERE], form)) == lines


def test_a_line_of_json_has_everything() -> None:
    placed, nowhere = map(json.loads, finding_lines([PLACED, NOWHERE], FindingsFormat.JSON))
    assert placed == {
        "check": "removal",
        "severity": "error",
        "place": {"path": "a,b.yaml", "line": 3, "column": 5},
        "message": "50% gone\nor so",
    }
    assert nowhere["place"] is None
