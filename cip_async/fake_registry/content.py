"""What a blob consists of: bytes in memory, bytes made from a seed while they are served, or a size alone.

Large layers need no memory this way: a synthetic blob of 10 GiB is 10 GiB on the wire and a few bytes here.
"""

import functools
import hashlib
from collections.abc import Iterator
from typing import Final, Protocol

import attrs

from cip_async.reference import Digest

_BLOCK: Final = 256 * 1024
_MARK: Final = 32
_COUNTER: Final = 8


class Content(Protocol):
    """Bytes that can be served in pieces."""

    @property
    def size_bytes(self) -> int:
        """How many bytes there are."""

    @property
    def readable(self) -> bool:
        """Whether the bytes can be had again."""

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `stop`."""


@attrs.frozen
class Held:
    """Bytes in memory."""

    data: bytes = attrs.field(repr=lambda data: f"<{len(data)} bytes>")
    readable = True

    @property
    def size_bytes(self) -> int:
        """How many bytes there are."""
        return len(self.data)

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `stop`."""
        view = memoryview(self.data)
        for at in range(start, min(stop, len(self.data)), _BLOCK):
            yield bytes(view[at : min(at + _BLOCK, stop)])


@attrs.frozen
class Synthetic:
    """Bytes that follow from a seed: the same for everybody, none of them kept."""

    size_bytes: int
    seed: str
    readable = True

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `stop`."""
        stop = min(stop, self.size_bytes)
        mark = hashlib.sha256(self.seed.encode()).digest()
        for number in range(start // _BLOCK, -(-stop // _BLOCK)):
            first = number * _BLOCK
            block = mark + number.to_bytes(_COUNTER, "big") + _filling()
            if first < start or first + _BLOCK > stop:
                block = block[max(0, start - first) : stop - first]
            yield block


@attrs.frozen
class Dropped:
    """The bytes were hashed and not kept: the blob is there, and cannot be read."""

    size_bytes: int
    readable = False

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Nothing: there are no bytes.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"bytes {start} to {stop} were not kept")


@attrs.frozen
class Flipped:
    """The bytes of `content`, one of them wrong."""

    content: Content
    wrong_at: int
    readable = True

    @property
    def size_bytes(self) -> int:
        """How many bytes there are."""
        return self.content.size_bytes

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `stop`."""
        for piece in self.content.pieces(start, stop):
            at = self.wrong_at - start
            if 0 <= at < len(piece):
                piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]  # noqa: PLW2901 - the same piece, damaged
            yield piece
            start += len(piece)


def seeded_bytes(seed: str, size_bytes: int) -> bytes:
    """`size_bytes` bytes that follow from `seed` and look random."""
    return hashlib.shake_128(seed.encode()).digest(size_bytes)


def digest_of(content: Content, algorithm: str = "sha256") -> Digest:
    """The digest of all the bytes of `content`; that of a synthetic one is computed once."""
    if isinstance(content, Synthetic):
        return _digest_of_synthetic(content, algorithm)
    return _hashed(content, algorithm)


@functools.lru_cache(maxsize=4096)
def _digest_of_synthetic(content: Synthetic, algorithm: str) -> Digest:
    return _hashed(content, algorithm)


def _hashed(content: Content, algorithm: str) -> Digest:
    hasher = hashlib.new(algorithm)
    for piece in content.pieces(0, content.size_bytes):
        hasher.update(piece)
    return Digest(f"{algorithm}:{hasher.hexdigest()}")


@functools.cache
def _filling() -> bytes:
    """What all blocks of all synthetic blobs end with."""
    return seeded_bytes("filling", _BLOCK - _MARK - _COUNTER)
