"""The body of an upload as aiohttp sends it: piece by piece, once."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

import aiohttp
import anyio
from aiohttp.abc import AbstractStreamWriter

from cip_async.registry.exchange import Replayable

_MEDIA_TYPE: Final = "application/octet-stream"


class UploadBody(aiohttp.Payload):
    """One body on its way. `sent_bytes` tells how many bytes were put on the wire.

    `failure` is what the body itself raised, which is no fault of the registry that was to receive it.
    """

    def __init__(self, body: Replayable, stall_s: float) -> None:
        super().__init__(body, content_type=_MEDIA_TYPE)
        self.sent_bytes = 0
        self.failure: Exception | None = None
        self._body = body
        self._stall_s = stall_s
        self._size = body.size_bytes

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Refuse: the body is not text and may not fit into memory."""
        raise TypeError(f"a blob has no text in {encoding} ({errors})")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send the body; a receiver that stops reading for too long ends it."""
        chunks = self._body.chunks()
        try:
            while chunk := await self._next(chunks):
                with anyio.fail_after(self._stall_s):
                    await writer.write(chunk)
                self.sent_bytes += len(chunk)
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()

    async def _next(self, chunks: AsyncIterator[bytes]) -> bytes:
        try:
            return await anext(chunks, b"")
        except Exception as error:
            self.failure = error
            raise

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send the body, which has exactly the length that was announced."""
        del content_length
        await self.write(writer)
