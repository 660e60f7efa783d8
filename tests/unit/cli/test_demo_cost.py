"""What a promotion cost, beside the least."""

import pytest

from cip_async.cli.demo_content import Least
from cip_async.cli.demo_cost import CostRow, cost_table, costs, is_within_reach
from cip_async.model.report import RequestClass, Traffic
from tests.unit.reporting.samples import ledger_line, plan, report

LEAST = Least(
    requests={RequestClass.LISTING: 4, RequestClass.MOUNT: 1000, RequestClass.TAG_PUT: 3},
    read_bytes=1_000_000,
    sent_bytes=3_000_000,
)
SPENT = report(
    plan(),
    ledger=(
        ledger_line("eu.gcr.io", RequestClass.LISTING, 200, 3),
        ledger_line("us.gcr.io", RequestClass.LISTING, 200, 1),
        ledger_line("eu.gcr.io", RequestClass.MOUNT, 201, 900),
        ledger_line("eu.gcr.io", RequestClass.UPLOAD_START, 202, 102),
        ledger_line("eu.gcr.io", RequestClass.TAG_PUT, 201, 2),
        ledger_line("eu.gcr.io", RequestClass.MANIFEST_PUT, 201, 1),
        ledger_line("eu.gcr.io", RequestClass.PING, 200, 1),
    ),
    traffic=Traffic(bytes_read=1_000_000, bytes_relayed=3_000_000),
)


def test_spent_and_least_stand_side_by_side() -> None:
    assert list(cost_table(costs(SPENT, LEAST))) == [
        "                                     spent   least",
        "  repositories listed                    4       4",
        "  blobs mounted, or uploads begun    1,002   1,000",
        "  image manifests and tags written       3       3",
        "  anything else                          1       0",
        "  requests in all                    1,010   1,007",
        "  bytes read                        1.0 MB  1.0 MB",
        "  bytes sent                        3.0 MB  3.0 MB",
    ]


@pytest.mark.parametrize(
    ("row", "within"),
    [
        (CostRow("requests", 100, 100), True),
        (CostRow("requests", 105, 100), True),
        (CostRow("requests", 106, 100), False),
        (CostRow("requests", 99, 100), False),
        (CostRow("bytes", 100, 100, is_bytes=True), True),
        (CostRow("bytes", 101, 100, is_bytes=True), False),
        (CostRow("bytes", 99, 100, is_bytes=True), False),
    ],
)
def test_a_few_more_requests_are_allowed_and_not_a_byte(row: CostRow, within: bool) -> None:
    assert is_within_reach(row) is within
