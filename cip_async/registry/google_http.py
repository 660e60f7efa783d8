"""The HTTP client that Google credentials are had with: the session that everything else goes through too."""

from collections.abc import Mapping
from typing import Final

import aiohttp
import anyio
from yarl import URL

from cip_async.gcp.http import HttpAnswer, HttpFailure
from cip_async.registry.origins import shown
from cip_async.registry.session import HttpSession

_MOST_BYTES: Final = 256 * 1024


class GoogleHttp:
    """Sends requests to token services. Redirects are not followed, since credentials are in the requests."""

    def __init__(self, session: HttpSession, most_bytes: int = _MOST_BYTES) -> None:
        self._session = session
        self._most_bytes = most_bytes

    async def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpAnswer:
        """The whole answer, whatever its status.

        Raises:
            HttpFailure: there is none in time, or it is too large.
        """
        where = URL(url, encoded=True)
        try:
            with anyio.fail_after(timeout_s):
                response = await self._session.request(
                    method, where, headers=dict(headers), data=body, to_stranger=False, on_send=_nobody_counts
                )
                try:
                    return await self._whole(response, where)
                finally:
                    response.close()
        except TimeoutError:
            raise HttpFailure(f"{shown(where)} did not answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise HttpFailure(f"{shown(where)} cannot be reached ({type(error).__name__})") from None

    async def _whole(self, response: aiohttp.ClientResponse, where: URL) -> HttpAnswer:
        body = bytearray()
        while len(body) <= self._most_bytes and (piece := await response.content.readany()):
            body += piece
        if len(body) > self._most_bytes:
            raise HttpFailure(f"{shown(where)} answered with more than {self._most_bytes} bytes")
        return HttpAnswer(status=response.status, headers=response.headers, body=bytes(body))


def _nobody_counts() -> None:
    """The ledger is of registries."""
