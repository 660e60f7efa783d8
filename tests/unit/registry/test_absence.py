"""Which 404 is a registry's word."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from cip_async.errors import NotFound, Unavailable
from cip_async.model.report import RequestClass
from cip_async.reference import Host
from cip_async.registry.absence import absence, is_proven
from cip_async.registry.exchange import Answer, Request

REQUEST = Request(
    host=Host("eu.gcr.io"),
    method="GET",
    target="/v2/prod/foo/tags/list?n=9",
    request_class=RequestClass.LISTING,
    repository=None,
    scopes=(),
    expected=frozenset({200, 404}),
    most_bytes=100,
)


def answer(body: bytes, **headers: str) -> Answer:
    named = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return Answer(status=404, headers=CIMultiDictProxy(named), body=body, url=URL("https://eu.gcr.io/v2/"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"errors":[{"code":"NAME_UNKNOWN","message":"no such","detail":{"name":"prod/foo"}}]}',
        b'{"errors":[{"status":404,"message":"Not Found"}]}',
        b'{"errors":["no such repository"]}',
    ],
)
def test_errors_of_any_kind_prove_absence(body: bytes) -> None:
    assert is_proven(answer(body))
    assert isinstance(absence(REQUEST, answer(body)), NotFound)


def test_the_header_of_registries_proves_it_too() -> None:
    assert is_proven(answer(b"404 page not found\n", docker_distribution_api_version="registry/2.0"))


@pytest.mark.parametrize(
    "body",
    [b"", b"default backend - 404", b"<html>", b'{"error":"not found"}', b'{"errors":[]}', b'{"errors":null}', b"[]"],
)
def test_nothing_else_does(body: bytes) -> None:
    told = absence(REQUEST, answer(body, content_type="text/html"))
    assert isinstance(told, Unavailable)
    assert str(told) == (
        "eu.gcr.io: GET /v2/prod/foo/tags/list: status 404, and not from a registry:"
        " something that stands before it answers in its place"
    )
