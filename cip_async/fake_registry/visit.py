"""One request with the host it came to, and the answer to it: what the operations take and return."""

from collections.abc import Mapping
from typing import Final

import attrs
from multidict import CIMultiDict, MultiMapping

from cip_async.fake_registry.calls import Call, checked_repository
from cip_async.fake_registry.content import Content
from cip_async.fake_registry.refusal import Refusal
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store

JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"


@attrs.define(kw_only=True)
class Visit:
    """One request. `origin` is scheme and authority as the client wrote them, `peers` the stores of all hosts.

    `forgetful` is a registry that knows nothing of what a manifest refers to, whatever it said before.
    """

    call: Call
    headers: MultiMapping[str]
    host: str
    origin: str
    rules: Rules
    store: Store
    peers: Mapping[str, Store]
    forgetful: bool = False

    @property
    def credentials(self) -> str:
        """The `Authorization` header, or nothing."""
        return self.headers.get("Authorization", "")

    @property
    def path(self) -> str:
        """The repository that is asked for.

        Raises:
            Refusal: its name is malformed.
        """
        return checked_repository(self.call.repository)

    def located(self, target: str) -> str:
        """`target` as a `Location` of this host."""
        match self.rules.locations:
            case "relative":
                return target
            case "nearby":
                beside = self.call.target.partition("?")[0].rpartition("/")[0] + "/"
                return target.removeprefix(beside)
            case "schemeless":
                return f"//{self.origin.partition('://')[2]}{target}"
            case "absolute":
                return f"{self.origin}{target}"
            case "public":
                return f"https://{self.host}{target}"


@attrs.frozen
class Slice:
    """A part of a blob that is sent in pieces."""

    content: Content
    start: int
    stop: int


@attrs.define
class Reply:
    """An answer. Its `Content-Length` is announced also where no body is sent (HEAD)."""

    status: int
    headers: CIMultiDict[str] = attrs.field(factory=CIMultiDict)
    body: bytes | Slice = b""

    @property
    def announced_bytes(self) -> int:
        """The `Content-Length`."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.stop - self.body.start


def reply(status: int, headers: Mapping[str, str] | None = None, body: bytes | Slice = b"") -> Reply:
    """An answer with these headers."""
    return Reply(status, CIMultiDict(headers or {}), body)


def json_reply(body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
    """A successful answer in JSON."""
    return Reply(200, CIMultiDict({"Content-Type": JSON, **(headers or {})}), body)


def refusal_reply(refused: Refusal) -> Reply:
    """The answer that says no."""
    return Reply(refused.status, CIMultiDict({"Content-Type": JSON, **refused.headers}), refused.body())
