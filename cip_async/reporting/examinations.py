"""What `cip doctor` tells: a table for people, or JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from cip_async.model.examination import Examination
from cip_async.reporting.amounts import count
from cip_async.reporting.printable import printable

_HEADINGS: Final = ("ACCOUNT", "REGISTRY", "READ", "WRITE", "REASON")


def examination_table(examinations: Sequence[Examination]) -> Iterator[str]:
    """A line for each registry entry below headings, in columns; the reason comes last and is never cut."""
    rows = [_HEADINGS, *map(_row, examinations)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join((*cells, row[-1])).rstrip()


def examination_verdict(examinations: Sequence[Examination]) -> str:
    """What it comes to, in one line."""
    failed = sum(not each.passed for each in examinations)
    if failed:
        return f"{count(failed, 'registry')} of {len(examinations)} cannot be used as a run would have to"
    return f"{count(len(examinations), 'registry')} can be used as a run would have to"


def examination_json(examinations: Sequence[Examination]) -> str:
    """All of it as one JSON document."""
    entries = [
        {
            "registry": str(each.registry),
            "role": "source" if each.is_source else "destination",
            "account": each.account,
            "read": each.read.value,
            "write": each.write.value,
            "reason": each.reason,
            "passed": each.passed,
        }
        for each in examinations
    ]
    return json.dumps({"registries": entries}, indent=2, ensure_ascii=False)


def _row(each: Examination) -> tuple[str, ...]:
    cells = (each.account, str(each.registry), each.read.value, each.write.value, each.reason)
    return tuple(map(printable, cells))
