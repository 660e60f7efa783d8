"""A body is sent piece by piece and tells how far it came."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from aiohttp.abc import AbstractStreamWriter

from cip_async.registry.upload_body import UploadBody
from tests.unit.registry.virtual_time import BACKEND

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return BACKEND


class Wire(AbstractStreamWriter):
    """Keeps what is written; takes at most so many pieces."""

    def __init__(self, most: int = 99) -> None:
        self.pieces: list[bytes] = []
        self._most = most

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        if len(self.pieces) == self._most:
            await anyio.sleep_forever()
        self.pieces.append(bytes(chunk))

    async def write_eof(self, chunk: bytes = b"") -> None:
        raise AssertionError

    async def drain(self) -> None:
        raise AssertionError

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = 0) -> None:
        raise AssertionError

    def enable_chunking(self) -> None:
        raise AssertionError

    async def write_headers(self, status_line: str, headers: object) -> None:
        raise AssertionError


class Body:
    def __init__(self, *pieces: bytes, error: Exception | None = None) -> None:
        self._pieces = pieces
        self._error = error
        self.ended = 0

    @property
    def size_bytes(self) -> int:
        return sum(map(len, self._pieces))

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            for piece in self._pieces:
                yield piece
            if self._error is not None:
                raise self._error
        finally:
            self.ended += 1


async def test_a_body_is_sent_piece_by_piece() -> None:
    body, wire = UploadBody(Body(b"ab", b"c"), 1.0), Wire()
    await body.write_with_length(wire, body.size)
    assert wire.pieces == [b"ab", b"c"]
    assert body.sent_bytes == 3


async def test_the_size_is_known_beforehand() -> None:
    body = UploadBody(Body(b"ab", b"c"), 1.0)
    assert (body.size, body.content_type) == (3, "application/octet-stream")


async def test_a_receiver_that_takes_nothing_ends_the_sending() -> None:
    source = Body(b"ab", b"c")
    body = UploadBody(source, 30.0)
    with pytest.raises(TimeoutError):
        await body.write(Wire(most=1))
    assert anyio.current_time() == pytest.approx(30.0)
    assert body.sent_bytes == 2
    assert body.failure is None
    assert source.ended == 1


async def test_a_failure_of_the_body_itself_is_kept() -> None:
    error = ValueError("the source broke off")
    body = UploadBody(Body(b"ab", error=error), 1.0)
    with pytest.raises(ValueError, match="the source broke off"):
        await body.write(Wire())
    assert body.failure is error


async def test_a_cancelled_body_is_closed() -> None:
    source = Body(b"ab", b"c")
    with anyio.move_on_after(1.0):
        await UploadBody(source, 30.0).write(Wire(most=1))
    assert source.ended == 1


def test_a_body_is_no_text() -> None:
    with pytest.raises(TypeError, match="a blob has no text"):
        UploadBody(Body(b"ab"), 1.0).decode()
