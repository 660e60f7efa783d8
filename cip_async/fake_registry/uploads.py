"""An upload in progress: bytes are hashed as they come; a closing digest decides whether they become a blob."""

import hashlib
from typing import Any

import attrs

from cip_async.fake_registry.content import Content, Dropped, Held
from cip_async.fake_registry.refusal import refusal
from cip_async.reference import Digest


def _sha256() -> Any:  # noqa: ANN401 - hashlib has no public type for it
    return hashlib.sha256()


@attrs.define
class Upload:
    """One upload session. `state` changes with each chunk, and only the latest Location carries it."""

    name: str
    path: str
    keeps: bool
    state: int = 0
    size_bytes: int = 0
    _pieces: list[bytes] = attrs.field(factory=list, repr=False)
    _hasher: Any = attrs.field(factory=_sha256, repr=False)

    def write(self, piece: bytes) -> None:
        """Append bytes."""
        self.size_bytes += len(piece)
        self._hasher.update(piece)
        if self.keeps:
            self._pieces.append(piece)

    def finish(self, digest: Digest) -> Content:
        """The bytes, if they have the digest they should have.

        Raises:
            Refusal: they have another.
        """
        found = self._digest(digest.partition(":")[0])
        if found != digest:
            raise refusal(400, "DIGEST_INVALID", f"the bytes have the digest {found}", {"digest": digest})
        return Held(b"".join(self._pieces)) if self.keeps else Dropped(self.size_bytes)

    def _digest(self, algorithm: str) -> str:
        if algorithm == "sha256":
            return f"sha256:{self._hasher.hexdigest()}"
        if not self.keeps:
            raise refusal(400, "UNSUPPORTED", "uploads that are not kept are hashed with sha256 only")
        return f"{algorithm}:{hashlib.new(algorithm, b''.join(self._pieces)).hexdigest()}"
