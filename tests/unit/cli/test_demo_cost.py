"""What a promotion cost, beside the least."""

import attrs
import pytest

from cip_async.cli.demo_cost import CostRow, cost_table, costs, is_within_reach
from cip_async.model.cost import Cost, FloorLine
from cip_async.model.report import RequestClass
from cip_async.reference import Host
from tests.unit.reporting.samples import ledger_line, plan, report


def least(request_class: RequestClass, requests: int, blob_bytes: int = 0) -> FloorLine:
    return FloorLine(
        host=Host("eu.gcr.io"), request_class=request_class.value, requests=requests, blob_bytes=blob_bytes
    )


SPENT = report(
    plan(),
    ledger=(
        ledger_line("eu.gcr.io", RequestClass.LISTING, 200, 3),
        ledger_line("us.gcr.io", RequestClass.LISTING, 200, 1),
        attrs.evolve(ledger_line("gcr.io", RequestClass.BLOB_GET, 200, 2), received_bytes=1_000_000),
        ledger_line("eu.gcr.io", RequestClass.MOUNT, 201, 900),
        ledger_line("eu.gcr.io", RequestClass.UPLOAD_START, 202, 102),
        attrs.evolve(ledger_line("eu.gcr.io", RequestClass.UPLOAD, 201, 102), sent_bytes=3_000_000),
        ledger_line("eu.gcr.io", RequestClass.TAG_PUT, 201, 2),
        ledger_line("eu.gcr.io", RequestClass.MANIFEST_PUT, 201, 1),
        ledger_line("eu.gcr.io", RequestClass.PING, 200, 1),
    ),
    cost=Cost(
        floor=(
            least(RequestClass.BLOB_GET, 2, 1_000_000),
            least(RequestClass.LISTING, 4),
            least(RequestClass.MOUNT, 898),
            least(RequestClass.UPLOAD_START, 102),
            least(RequestClass.UPLOAD, 102, 3_000_000),
            least(RequestClass.TAG_PUT, 3),
        )
    ),
)


def test_spent_and_least_stand_side_by_side() -> None:
    assert list(cost_table(costs(SPENT))) == [
        "                                     spent   least",
        "  repositories listed                    4       4",
        "  blobs read from staging                2       2",
        "  blobs mounted, or uploads begun    1,002   1,000",
        "  blobs uploaded                       102     102",
        "  image manifests and tags written       3       3",
        "  anything else                          1       0",
        "  requests in all                    1,114   1,111",
        "  bytes read                        1.0 MB  1.0 MB",
        "  bytes sent                        3.0 MB  3.0 MB",
    ]


@pytest.mark.parametrize(
    ("row", "within"),
    [
        (CostRow("requests", 100, 100), True),
        (CostRow("requests", 102, 100), True),
        (CostRow("requests", 103, 100), False),
        (CostRow("requests", 99, 100), False),
        (CostRow("bytes", 100, 100, is_bytes=True), True),
        (CostRow("bytes", 101, 100, is_bytes=True), False),
        (CostRow("bytes", 99, 100, is_bytes=True), False),
    ],
)
def test_a_few_more_requests_are_allowed_and_not_a_byte(row: CostRow, within: bool) -> None:
    assert is_within_reach(row) is within
