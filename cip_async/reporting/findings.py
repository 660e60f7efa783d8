"""Findings of checks as text, JSON or GitHub annotations, a line each."""

import enum
import json
from collections.abc import Iterable, Iterator
from typing import assert_never

import attrs

from cip_async.model.finding import Finding
from cip_async.reporting.printable import printable


class FindingsFormat(enum.Enum):
    """How findings are written."""

    TEXT = "text"
    """`path:line:column: severity: message [check]`."""
    JSON = "json"
    """An object a line."""
    GITHUB = "github"
    """Annotations that GitHub Actions shows beside the line."""


def finding_lines(findings: Iterable[Finding], form: FindingsFormat) -> Iterator[str]:
    """One line for each finding."""
    for finding in findings:
        match form:
            case FindingsFormat.TEXT:
                place = f"{finding.place}: " if finding.place else ""
                yield printable(f"{place}{finding.severity.value}: {finding.message} [{finding.check}]")
            case FindingsFormat.JSON:
                yield json.dumps(finding_object(finding))
            case FindingsFormat.GITHUB:
                yield printable(_annotation(finding))
            case _:
                assert_never(form)


def finding_object(finding: Finding) -> dict[str, object]:
    """A finding as JSON has it."""
    return {
        "check": finding.check,
        "severity": finding.severity.value,
        "place": attrs.asdict(finding.place) if finding.place else None,
        "message": finding.message,
    }


def _annotation(finding: Finding) -> str:
    """Format: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands."""
    properties = {"title": finding.check}
    if finding.place:
        place = finding.place
        properties = {"file": place.path, "line": str(place.line), "col": str(place.column), **properties}
    told = ",".join(f"{name}={_escaped(value, ',:')}" for name, value in properties.items())
    return f"::{finding.severity.value} {told}::{_escaped(finding.message)}"


def _escaped(text: str, also: str = "") -> str:
    return "".join(f"%{ord(char):02X}" if char in f"%\r\n{also}" else char for char in text)
