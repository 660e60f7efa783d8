"""Requests are counted apart by host, class, method and status."""

from cip_async.model.report import LedgerLine, RequestClass
from cip_async.reference import Host
from cip_async.registry.ledger import Ledger

US, EU = Host("us.example"), Host("eu.example")


def record(ledger: Ledger, host: Host = US, status: int = 200, *, again: bool = False) -> None:
    ledger.record(host, RequestClass.MANIFEST_GET, "GET", status, again=again, sent_bytes=1, received_bytes=10)


def line(host: Host, status: int, requests: int, retries: int = 0) -> LedgerLine:
    return LedgerLine(
        host=host,
        request_class="manifest-get",
        method="GET",
        status=status,
        requests=requests,
        retries=retries,
        sent_bytes=requests,
        received_bytes=10 * requests,
    )


def test_like_requests_add_up_and_lines_are_sorted() -> None:
    ledger = Ledger()
    record(ledger)
    record(ledger, status=500)
    record(ledger, again=True)
    record(ledger, EU)
    assert ledger.lines() == (line(EU, 200, 1), line(US, 200, 2, retries=1), line(US, 500, 1))


def test_a_cleared_ledger_is_empty() -> None:
    ledger = Ledger()
    record(ledger)
    before = ledger.lines()
    ledger.clear()
    assert ledger.lines() == ()
    assert before == (line(US, 200, 1),)
