"""What a request and an answer tell of themselves, and what they keep to themselves."""

import pytest
from msgspec.structs import replace
from multidict import CIMultiDict, CIMultiDictProxy
from rich.pretty import pretty_repr
from yarl import URL

from cip_async.model.report import RequestClass
from cip_async.reference import Host
from cip_async.registry.exchange import Answer, Request

REQUEST = Request(
    host=Host("us.example"),
    method="GET",
    target="/v2/foo/tags/list?n=9&state=secret",
    request_class=RequestClass.LISTING,
    repository=None,
    scopes=(),
    expected=frozenset({200}),
    most_bytes=9,
)


def test_messages_name_the_path_without_its_query() -> None:
    assert REQUEST.where == "/v2/foo/tags/list"
    assert replace(REQUEST, url=URL("https://us.example/v2/upload?state=secret")).where == "/v2/upload"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_may_change_something_is_a_write(method: str) -> None:
    assert replace(REQUEST, method=method).is_write
    assert not REQUEST.is_write
    assert not replace(REQUEST, method="HEAD").is_write


def test_no_secret_shows_in_a_request() -> None:
    request = replace(
        REQUEST, url=URL("https://us.example/v2/x?sig=secret"), authorization="Basic secret", body=b"secret"
    )
    assert "secret" not in repr(request) + pretty_repr(request)
    assert "https://us.example/v2/x" in repr(request)


def test_no_secret_shows_in_an_answer() -> None:
    headers = CIMultiDictProxy(CIMultiDict({"Location": "/x?sig=secret"}))
    answer = Answer(status=307, headers=headers, body=b"secret", url=URL("https://us.example/v2/x?sig=secret"))
    assert "secret" not in repr(answer) + pretty_repr(answer)
    assert "https://us.example/v2/x" in repr(answer)
