"""What this package needs of an HTTP client; who uses it brings one."""

from collections.abc import Mapping
from typing import Protocol

import attrs


@attrs.frozen(kw_only=True)
class HttpAnswer:
    """What a server answered; its body may hold a token."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)


class HttpFailure(Exception):
    """There was no answer, or one that is too large. The text holds no query and no header."""


class Http(Protocol):
    """Sends one request and reads its whole answer, which it bounds in size and time; redirects are answers."""

    async def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpAnswer:
        """The answer, whatever its status.

        Raises:
            HttpFailure: there was none.
        """
        ...
