"""Requests as the pure parts of the fake registry meet them, without any connection."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec
import pytest
from multidict import CIMultiDict

from cip_async.fake_registry.calls import parse_call
from cip_async.fake_registry.refusal import Refusal
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store
from cip_async.fake_registry.visit import Reply, Slice, Visit


def visit(
    method: str,
    target: str,
    *,
    store: Store | None = None,
    rules: Rules | None = None,
    headers: Mapping[str, str] | None = None,
    host: str = "gcr.io",
    peers: Mapping[str, Store] | None = None,
) -> Visit:
    """One request to `host`."""
    store = store if store is not None else Store()
    return Visit(
        call=parse_call(method, target),
        headers=CIMultiDict(headers or {}),
        host=host,
        origin="http://127.0.0.1:5000",
        rules=rules or Rules(),
        store=store,
        peers=peers if peers is not None else {host: store},
    )


def sent(reply: Reply) -> bytes:
    """The body of an answer."""
    body = reply.body
    return b"".join(body.content.pieces(body.start, body.stop)) if isinstance(body, Slice) else body


def decoded(reply: Reply) -> dict[str, object]:
    """The JSON of an answer."""
    return msgspec.json.decode(sent(reply), type=dict[str, object])


@contextmanager
def refused(status: int, code: str) -> Iterator[None]:
    """Expects a refusal with this status and code."""
    with pytest.raises(Refusal) as raised:
        yield
    assert (raised.value.status, raised.value.complaints[0].code) == (status, code)
