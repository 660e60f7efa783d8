"""What was spent beside the floor."""

import pytest

from cip_async.model.cost import Cause, Cost, ExcessLine, FloorLine
from cip_async.model.report import LedgerLine, RequestClass
from cip_async.reference import Host
from cip_async.reporting.costs import (
    TOLD,
    Spending,
    bytes_read,
    bytes_sent,
    causes,
    cost_line,
    requests,
    requests_to_promote,
)
from tests.unit.reporting.samples import ledger_line, plan, report

ASIA, EU = Host("asia.gcr.io"), Host("eu.gcr.io")


def least(request_class: RequestClass, number: int, blob_bytes: int = 0, *, host: Host = EU) -> FloorLine:
    return FloorLine(host=host, request_class=request_class.value, requests=number, blob_bytes=blob_bytes)


def beyond(cause: Cause, number: int, *, host: Host = EU) -> ExcessLine:
    return ExcessLine(host=host, cause=cause, requests=number)


def line(floor: int, spent: int, *excess: ExcessLine) -> str:
    cost = Cost(floor=(least(RequestClass.MOUNT, floor),) if floor else (), excess=excess)
    return cost_line(report(plan(), ledger=(ledger_line(EU, RequestClass.MOUNT, 201, spent),), cost=cost))


def test_a_run_at_its_floor_is_called_so() -> None:
    assert line(1000, 1000) == "1,000 requests, which is the floor"


def test_a_run_beyond_its_floor_tells_the_ratio_and_the_largest_causes() -> None:
    assert line(1000, 1021, beyond(Cause.TOKENS, 15), beyond(Cause.THROTTLED, 6)) == (
        "1,021 requests, 1.02 times the floor of 1,000; beyond it 15 for tokens, 6 throttled"
    )


def test_small_causes_are_summed_up() -> None:
    excess = [beyond(cause, number) for number, cause in enumerate(list(Cause)[:5], start=1)]
    assert line(10, 25, *excess).endswith(
        "beyond it 5 for refused mounts, 4 failed or repeated, 3 throttled, 3 for other reasons"
    )


def test_a_run_that_achieved_nothing_has_no_ratio() -> None:
    assert line(0, 12, beyond(Cause.RETRIES, 12)) == "12 requests over a floor of 0: 12 failed or repeated"


def test_every_cause_has_its_words() -> None:
    assert TOLD.keys() == set(Cause)


def test_causes_are_added_up_over_hosts_the_largest_first() -> None:
    made = report(
        plan(),
        cost=Cost(
            excess=(
                beyond(Cause.PROBES, 2, host=ASIA),
                beyond(Cause.TOKENS, 3, host=ASIA),
                beyond(Cause.REDIRECTS, 2),
                beyond(Cause.PROBES, 4),
            )
        ),
    )
    assert list(causes(made).items()) == [(Cause.PROBES, 6), (Cause.TOKENS, 3), (Cause.REDIRECTS, 2)]


def test_requests_are_added_up_over_hosts_and_classes() -> None:
    made = report(
        plan(),
        ledger=(ledger_line(EU, RequestClass.MOUNT, 201, 7), ledger_line(ASIA, RequestClass.PING, 200, 2)),
        cost=Cost(
            floor=(least(RequestClass.MOUNT, 4), least(RequestClass.LISTING, 1, host=ASIA)),
            ahead=(least(RequestClass.TAG_PUT, 9),),
        ),
    )
    assert requests(made) == Spending(spent=9, floor=5)
    assert requests_to_promote(made) == 14


@pytest.mark.parametrize("answered_by", [RequestClass.BLOB_GET, RequestClass.REDIRECT])
def test_bytes_are_those_of_blobs_wherever_they_came_from(answered_by: RequestClass) -> None:
    def sent(request_class: RequestClass, sent_bytes: int, received_bytes: int) -> LedgerLine:
        return LedgerLine(
            host=EU,
            request_class=request_class.value,
            method="ANY",
            status=200,
            requests=1,
            retries=0,
            sent_bytes=sent_bytes,
            received_bytes=received_bytes,
        )

    made = report(
        plan(),
        ledger=(
            sent(answered_by, 0, 100),
            sent(RequestClass.LISTING, 0, 5),
            sent(RequestClass.UPLOAD, 70, 3),
            sent(RequestClass.TAG_PUT, 2, 0),
        ),
        cost=Cost(floor=(least(RequestClass.BLOB_GET, 1, 90), least(RequestClass.UPLOAD, 1, 60))),
    )
    assert bytes_read(made) == Spending(spent=100, floor=90)
    assert bytes_sent(made) == Spending(spent=70, floor=60)
