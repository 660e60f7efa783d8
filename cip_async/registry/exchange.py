"""One request and its answer, as the transport takes and gives them.

Both are made for each request, so they are structs of msgspec, which cost a fraction of attrs classes. Neither `repr`
nor rich, which asks structs in its own way, shows a query or a body, which may be secret.
"""

import re
from collections.abc import AsyncIterator
from typing import Any, Final, Protocol

import msgspec
from multidict import CIMultiDictProxy
from yarl import URL

from cip_async.model.report import RequestClass
from cip_async.reference import Host, Repository
from cip_async.registry.credentials.scopes import Scopes
from cip_async.registry.origins import shown

_SIZE: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


class Replayable(Protocol):
    """A body that can be sent more than once, each time from its beginning."""

    @property
    def size_bytes(self) -> int:
        """How many bytes it has."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body from its beginning."""
        ...


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask of a host.

    `target` is the path with its query, already encoded; `url`, where set, is a URL that the registry gave
    and that was found fit to follow. `expected` are the statuses that are answers and no errors.
    `authorization` is set only for token services; elsewhere the transport finds it. `even_if_given_up` requests are
    sent to hosts that get no others any more.
    """

    host: Host
    method: str
    target: str
    request_class: RequestClass
    repository: Repository | None
    scopes: Scopes
    expected: frozenset[int]
    most_bytes: int
    url: URL | None = None
    accept: str | None = None
    content_type: str | None = None
    byte_range: str | None = None
    body: bytes | Replayable | None = None
    authorization: str | None = None
    even_if_given_up: bool = False

    def __repr__(self) -> str:
        at = "" if self.url is None else f" at {shown(self.url)}"
        return f"<Request {self.method} {self.host} {self.where}{at}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("is", repr(self))]

    @property
    def where(self) -> str:
        """The path for messages, without a query, which may be secret."""
        return self.target.partition("?")[0] if self.url is None else self.url.raw_path

    @property
    def is_write(self) -> bool:
        """Whether the request changes something."""
        return self.method not in ("GET", "HEAD")

    @property
    def sent_bytes(self) -> int:
        """The size of the body to send."""
        if self.body is None:
            return 0
        return len(self.body) if isinstance(self.body, bytes) else self.body.size_bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a host answered; `url` is where the answer came from."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    url: URL

    def __repr__(self) -> str:
        return f"<Answer {self.status} of {shown(self.url)}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("is", repr(self))]

    @property
    def stated_bytes(self) -> int | None:
        """The size that its headers state, also where a HEAD left out the content; None where they state none."""
        length = self.headers.get("Content-Length", "")
        return int(length) if _SIZE.fullmatch(length) else None
