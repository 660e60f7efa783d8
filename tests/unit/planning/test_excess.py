"""Where the requests beyond the floor went."""

import pytest

from cip_async.model.cost import Cause, ExcessLine, FloorLine
from cip_async.model.report import LedgerLine, RequestClass
from cip_async.planning.excess import excess
from cip_async.reference import Host

HOST = Host("eu.example")

Sent = tuple[int, int, int]
"""Status, requests, and how many of them repeat others."""


def sent(request_class: RequestClass, *lines: Sent, host: Host = HOST) -> list[LedgerLine]:
    return [
        LedgerLine(
            host=host,
            request_class=request_class.value,
            method="ANY",
            status=status,
            requests=requests,
            retries=repeated,
            sent_bytes=0,
            received_bytes=0,
        )
        for status, requests, repeated in lines
    ]


def least(request_class: RequestClass, requests: int) -> list[FloorLine]:
    return [FloorLine(host=HOST, request_class=request_class.value, requests=requests)]


def causes(request_class: RequestClass, floor: int, *lines: Sent) -> dict[Cause, int]:
    return {line.cause: line.requests for line in excess(sent(request_class, *lines), least(request_class, floor))}


@pytest.mark.parametrize("request_class", RequestClass)
def test_what_the_floor_has_is_no_excess(request_class: RequestClass) -> None:
    assert causes(request_class, 5, (200, 5, 0)) == {}


@pytest.mark.parametrize(
    ("request_class", "cause"),
    [
        (RequestClass.LISTING, Cause.LISTING_PAGES),
        (RequestClass.MANIFEST_HEAD, Cause.RECHECKS),
        (RequestClass.MANIFEST_GET, Cause.READ_AGAIN),
        (RequestClass.BLOB_HEAD, Cause.PROBES),
        (RequestClass.BLOB_GET, Cause.READ_AGAIN),
        (RequestClass.MOUNT, Cause.REFUSED_MOUNTS),
        (RequestClass.UPLOAD_START, Cause.RETRIES),
        (RequestClass.UPLOAD, Cause.REFUSED_MOUNTS),
        (RequestClass.UPLOAD_CANCEL, Cause.CANCELLED_UPLOADS),
        (RequestClass.MANIFEST_PUT, Cause.WRITTEN_AGAIN),
        (RequestClass.TAG_PUT, Cause.PROBES),
        (RequestClass.REDIRECT, Cause.REDIRECTS),
        (RequestClass.TOKEN, Cause.TOKENS),
        (RequestClass.PING, Cause.PROBES),
    ],
)
def test_every_class_has_a_usual_cause(request_class: RequestClass, cause: Cause) -> None:
    assert causes(request_class, 5, (200, 7, 0)) == {cause: 2}


@pytest.mark.parametrize("request_class", RequestClass)
def test_answers_of_429_are_told_apart(request_class: RequestClass) -> None:
    assert causes(request_class, 5, (429, 3, 1), (200, 5, 2)) == {Cause.THROTTLED: 3}


@pytest.mark.parametrize("request_class", [each for each in RequestClass if each is not RequestClass.TOKEN])
def test_challenges_are_told_apart(request_class: RequestClass) -> None:
    assert causes(request_class, 5, (401, 2, 0), (200, 5, 2)) == {Cause.CHALLENGES: 2}


@pytest.mark.parametrize("status", [0, 408, 500, 503])
def test_failures_and_what_repeats_them_count_once(status: int) -> None:
    assert causes(RequestClass.MANIFEST_GET, 5, (status, 2, 1), (200, 5, 1)) == {Cause.RETRIES: 2}


def test_a_read_that_goes_on_where_it_broke_is_a_repetition() -> None:
    assert causes(RequestClass.BLOB_GET, 1, (200, 1, 0), (206, 2, 2)) == {Cause.RETRIES: 2}


def test_a_read_that_was_sent_away_in_vain_failed() -> None:
    ledger = [*sent(RequestClass.BLOB_GET, (307, 9, 0)), *sent(RequestClass.REDIRECT, (400, 2, 0), (200, 7, 0))]
    assert {line.cause: line.requests for line in excess(ledger, least(RequestClass.BLOB_GET, 7))} == {
        Cause.REDIRECTS: 7,
        Cause.RETRIES: 2 + 2,
    }


def test_all_causes_of_one_class_add_up() -> None:
    lines = ((429, 2, 0), (401, 1, 0), (500, 3, 2), (206, 4, 4), (200, 10, 0))
    assert causes(RequestClass.BLOB_GET, 9, *lines) == {
        Cause.THROTTLED: 2,
        Cause.CHALLENGES: 1,
        Cause.RETRIES: 3,
        Cause.READ_AGAIN: 5,
    }


@pytest.mark.parametrize("request_class", [RequestClass.MANIFEST_PUT, RequestClass.TAG_PUT])
def test_puts_that_are_refused_are_told_apart(request_class: RequestClass) -> None:
    assert causes(request_class, 5, (400, 2, 0), (404, 1, 0), (201, 5, 0)) == {Cause.REFUSED_PUTS: 3}


@pytest.mark.parametrize(
    ("request_class", "status", "cause"),
    [
        (RequestClass.MOUNT, 405, Cause.REFUSED_MOUNTS),
        (RequestClass.LISTING, 403, Cause.RETRIES),
        (RequestClass.MANIFEST_HEAD, 404, Cause.RECHECKS),
        (RequestClass.TOKEN, 401, Cause.RETRIES),
    ],
)
def test_a_refusal_is_an_answer_or_a_failure_as_the_class_has_it(
    request_class: RequestClass, status: int, cause: Cause
) -> None:
    assert causes(request_class, 0, (status, 2, 0)) == {cause: 2}


def test_less_than_the_floor_makes_no_excess() -> None:
    assert causes(RequestClass.MOUNT, 5, (201, 3, 0)) == {}


def test_causes_are_told_by_host_sorted() -> None:
    other = Host("asia.example")
    ledger = [
        *sent(RequestClass.TOKEN, (200, 2, 0)),
        *sent(RequestClass.PING, (200, 1, 0)),
        *sent(RequestClass.TAG_PUT, (201, 1, 0), host=other),
        *sent(RequestClass.BLOB_HEAD, (200, 1, 0)),
    ]
    assert excess(ledger, []) == (
        ExcessLine(host=other, cause=Cause.PROBES, requests=1),
        ExcessLine(host=HOST, cause=Cause.PROBES, requests=2),
        ExcessLine(host=HOST, cause=Cause.TOKENS, requests=2),
    )
