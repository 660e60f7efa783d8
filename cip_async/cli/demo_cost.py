"""What a promotion cost, beside its floor: the least that was possible."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import attrs

from cip_async.model.report import Report, RequestClass
from cip_async.reporting.amounts import size
from cip_async.reporting.costs import Spending, bytes_read, bytes_sent, requests

TOLERANCE: Final = 1.02
"""How many times the least requests a promotion may take: some answers make a client ask again."""

_ROWS: Final = (
    ("repositories listed", (RequestClass.LISTING,)),
    ("image manifests read", (RequestClass.MANIFEST_GET, RequestClass.MANIFEST_HEAD)),
    ("blobs read from staging", (RequestClass.BLOB_GET, RequestClass.BLOB_HEAD)),
    ("blobs mounted, or uploads begun", (RequestClass.MOUNT, RequestClass.UPLOAD_START)),
    ("blobs uploaded", (RequestClass.UPLOAD,)),
    ("image manifests and tags written", (RequestClass.MANIFEST_PUT, RequestClass.TAG_PUT)),
)


@attrs.frozen
class CostRow:
    """One kind of cost: what was spent, and what cannot be saved."""

    what: str
    spent: int
    least: int
    is_bytes: bool = False

    def cells(self) -> tuple[str, str, str]:
        """The row as text."""
        if self.is_bytes:
            return self.what, size(self.spent), size(self.least)
        return self.what, f"{self.spent:,}", f"{self.least:,}"


def costs(report: Report) -> tuple[CostRow, ...]:
    """The requests of each kind, all of them, and the bytes of blobs; `report` is that of the promotion."""
    spent: Counter[str] = Counter()
    least: Counter[str] = Counter()
    for line in report.ledger:
        spent[line.request_class] += line.requests
    for floor_line in report.cost.floor:
        least[floor_line.request_class] += floor_line.requests
    rows = [
        CostRow(
            what,
            sum(spent.pop(each.value, 0) for each in classes),
            sum(least.pop(each.value, 0) for each in classes),
        )
        for what, classes in _ROWS
    ]
    rows.append(CostRow("anything else", spent.total(), least.total()))
    rows.append(_row("requests in all", requests(report)))
    rows.append(_row("bytes read", bytes_read(report), is_bytes=True))
    rows.append(_row("bytes sent", bytes_sent(report), is_bytes=True))
    return tuple(rows)


def is_within_reach(row: CostRow) -> bool:
    """Whether no more was spent than is allowed, and no less than should be possible."""
    return row.least <= row.spent <= (row.least if row.is_bytes else row.least * TOLERANCE)


def _row(what: str, spending: Spending, *, is_bytes: bool = False) -> CostRow:
    return CostRow(what, spending.spent, spending.floor, is_bytes)


def cost_table(rows: tuple[CostRow, ...]) -> Iterator[str]:
    """The rows, line by line, with a head."""
    table = [("", "spent", "least"), *(row.cells() for row in rows if row.spent or row.least)]
    widths = [max(len(cells[column]) for cells in table) for column in range(3)]
    for what, spent, least in table:
        yield f"  {what:<{widths[0]}}  {spent:>{widths[1]}}  {least:>{widths[2]}}"
