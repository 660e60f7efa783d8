"""The requests of one client, for a bare session to send again; pure."""

from collections.abc import Iterable, Mapping

from benchmarks._bare import BareRequest
from benchmarks._release import Release
from benchmarks._served import Exchange
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.documents import Document
from cip_async.reference import Digest
from cip_async.registry.wire import MANIFEST_ACCEPT


def bare_requests(exchanges: Iterable[Exchange], made: Release, endpoints: Mapping[str, str]) -> list[BareRequest]:
    """The same requests, with the same bodies and with headers of the same shape.

    Raises:
        ValueError: one of them is an upload, whose address is another each time.
    """
    documents = {one.digest: one.document for each in made.wanted for one in each.image.family()}
    tagged = {(each.name, tag): each.image.digest for each in made.wanted for tag in each.tags}
    requests = []
    for each in exchanges:
        if each.call_class is CallClass.UPLOAD:
            raise ValueError(f"{each.method} {each.target} cannot be sent again")
        document = documents.get(_subject(each, tagged)) if each.method == "PUT" else None
        requests.append(
            BareRequest(
                host=each.host,
                method=each.method,
                url=f"{endpoints[each.host]}{each.target}",
                headers=_headers(each, document),
                body=document.body.decode() if document else "",
            )
        )
    return requests


def _subject(exchange: Exchange, tagged: Mapping[tuple[str, str], Digest]) -> Digest:
    """The digest that a PUT brings."""
    name = exchange.repository.rpartition("/")[2]
    return tagged.get((name, exchange.reference)) or Digest(exchange.reference)


def _headers(exchange: Exchange, document: Document | None) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity", "User-Agent": "cip-async/0"}
    if document:
        headers["Content-Type"] = document.media_type
    if exchange.call_class is CallClass.MANIFEST_GET:
        headers["Accept"] = MANIFEST_ACCEPT
    return headers
