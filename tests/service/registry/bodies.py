"""Bodies to upload."""

from collections.abc import AsyncIterator

import attrs


@attrs.define
class Pieces:
    """A body of several pieces that counts how often it was sent."""

    whole: bytes
    piece_bytes: int = 65536
    sends: int = 0

    @property
    def size_bytes(self) -> int:
        return len(self.whole)

    async def chunks(self) -> AsyncIterator[bytes]:
        self.sends += 1
        for start in range(0, len(self.whole), self.piece_bytes):
            yield self.whole[start : start + self.piece_bytes]
