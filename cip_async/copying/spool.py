"""What is kept of a relayed blob between its one read and its many writes.

A spool grows at one end and is read from the start by any number of readers, each at its own pace, while it still
grows; a retry reads it again and never the source. It lives in memory if there is room, else in a temporary file
that has no name, so that nothing is left behind however the process ends.
"""

import hashlib
import os
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import IO, Final

import anyio
import anyio.to_thread

from cip_async.errors import CipError, DigestMismatch, FileProblem, Unavailable
from cip_async.model.image import Descriptor
from cip_async.reference import Repository
from cip_async.settings import KIB, MIB
from cip_async.settings import Spool as SpoolSettings

_SMALL_PIECE_BYTES: Final = 256 * KIB
"""How much is hashed, written and read at a time: large enough that a change of thread costs little beside it, small
enough that a thousand uploads side by side fit into memory."""
_LARGE_PIECE_BYTES: Final = MIB
"""The same where few blobs are spooled at one time: a change of thread then costs next to nothing."""
_FEW: Final = 8
_WORTH_A_THREAD_BYTES: Final = 128 * KIB
_SMALL_SHARE: Final = 8
"""A blob is small that needs no more than this part of the memory for spools."""


class Spool:
    """The bytes of one blob, as far as they have been read. One writer, many readers.

    The last piece becomes readable only when the digest of the whole has been verified, so no reader can
    complete an upload of wrong bytes. `piece_bytes()` is how much should be hashed, written and read at a time by now.
    `origin` is the repository they are read from, and errors name it; `origins` are all that they were read from so
    far, in that order.
    """

    def __init__(
        self,
        origin: Repository,
        blob: Descriptor,
        *,
        in_memory: bool,
        stall_s: float,
        piece_bytes: Callable[[], int],
    ) -> None:
        self.origin = origin
        self.origins = [origin]
        self._blob = blob
        self._stall_s = stall_s
        self._piece_bytes = piece_bytes
        self._pieces: dict[int, bytes] | None = {} if in_memory else None
        self._file: IO[bytes] | None = None
        self._pending: list[bytes] = []
        self._hash = hashlib.new(blob.digest.partition(":")[0])
        self._grown = anyio.Event()
        self._ended = anyio.Event()
        self._readable = 0
        self._error: CipError | None = None
        self.received = 0

    @property
    def size_bytes(self) -> int:
        """The size of the whole blob."""
        return self._blob.size_bytes

    @property
    def where(self) -> str:
        """What is being read, for messages."""
        return f"blob {self._blob.digest} of {self.origin.path}"

    @property
    def readable(self) -> bool:
        """Whether readers have something to read, or have come to the end: verified, or failed."""
        return self._readable > 0 or self._ended.is_set()

    def failure(self) -> CipError | None:
        """Why no more will come, or None."""
        return self._error

    def read_from(self, origin: Repository) -> None:
        """Go on with the bytes that another repository has."""
        if origin != self.origin:
            self.origin = origin
            self.origins.append(origin)

    async def append(self, piece: bytes) -> None:
        """Add what was read next.

        Raises:
            DigestMismatch: more bytes came than the blob has.
            FileProblem: the temporary file cannot be written.
        """
        self.received += len(piece)
        if self.received > self._blob.size_bytes:
            raise self._mismatch(f"more than {self._blob.size_bytes} bytes came")
        self._pending.append(piece)
        enough = self.received - self._readable >= self._piece_bytes()
        if enough and self.received < self._blob.size_bytes:
            await self._store()

    async def finish(self) -> None:
        """Verify the whole and let readers have its end.

        Raises:
            DigestMismatch: the size or the digest is wrong.
            FileProblem: the temporary file cannot be written.
        """
        if self.received != self._blob.size_bytes:
            raise self._mismatch(f"{self.received} bytes came instead of {self._blob.size_bytes}")
        await self._store(last=True)

    def fail(self, error: CipError) -> None:
        """Tell the readers that no more will come."""
        self._error = error
        self._notify(ended=True)

    def close(self) -> None:
        """Free the memory or the file."""
        if self._file is not None:
            self._file.close()
        self._file = None
        self._pieces = None

    async def ended(self) -> None:
        """Wait until all of it is here, or no more will come."""
        await self._ended.wait()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The blob from its beginning, as it becomes readable.

        Raises:
            Unavailable: nothing came for so long that it is better to start over later.
            CipError: no more will come, and the reader has less than the whole.
        """
        position = 0
        while position < self._blob.size_bytes:
            while position >= self._readable:
                await self._growth()
            piece = await self._read(position)
            position += len(piece)
            yield piece

    async def _growth(self) -> None:
        """Wait for more, but no longer than a source may stand still: whoever reads this holds a connection."""
        if self._error is not None:
            raise self._error
        try:
            with anyio.fail_after(self._stall_s):
                await self._grown.wait()
        except TimeoutError:
            raise Unavailable(self.origin.host, self.where, "the source stands still", retryable=True) from None

    async def _store(self, *, last: bool = False) -> None:
        pieces, self._pending = self._pending, []
        size_bytes = sum(map(len, pieces))
        if self._pieces is None or size_bytes >= _WORTH_A_THREAD_BYTES:
            await anyio.to_thread.run_sync(self._hash_and_keep, pieces)
        else:
            self._hash_and_keep(pieces)
        if last:
            found = f"{self._hash.name}:{self._hash.hexdigest()}"
            if found != self._blob.digest:
                raise self._mismatch(f"the bytes have the digest {found}")
        self._readable += size_bytes
        self._notify(ended=last)

    def _hash_and_keep(self, pieces: list[bytes]) -> None:
        """Hash and keep what came, as it came: nothing is copied that need not be."""
        for piece in pieces:
            self._hash.update(piece)
        if self._pieces is not None:
            self._pieces[self._readable] = b"".join(pieces)
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by close()
            for piece in pieces:
                view = memoryview(piece)
                while view:
                    view = view[self._file.write(view) :]
        except OSError as error:
            raise FileProblem(tempfile.gettempdir(), f"cannot spool a blob: {error.strerror}") from error

    async def _read(self, position: int) -> bytes:
        if self._pieces is not None:
            return self._pieces[position]
        if self._file is None:
            raise FileProblem(tempfile.gettempdir(), "the spool was closed while it was read")
        most = min(self._piece_bytes(), self._readable - position)
        try:
            return await anyio.to_thread.run_sync(os.pread, self._file.fileno(), most, position)
        except OSError as error:
            raise FileProblem(tempfile.gettempdir(), f"cannot read a spooled blob: {error.strerror}") from error

    def _notify(self, *, ended: bool) -> None:
        if ended:
            self._ended.set()
        self._grown.set()
        self._grown = anyio.Event()

    def _mismatch(self, reason: str) -> DigestMismatch:
        return DigestMismatch(self.origin.host, self.where, reason)


class SpoolRoom:
    """How much may be spooled at one time, in memory and on disk; who comes when it is full waits in line.

    Memory is for small blobs first, which are many, and for which a file would cost more than their bytes.
    """

    def __init__(self, limits: SpoolSettings) -> None:
        self._limits = limits
        self._in_memory = 0
        self._on_disk = 0
        self._spools = 0
        self._line: deque[tuple[int, Callable[[bool], None]]] = deque()

    def piece_bytes(self) -> int:
        """How much of each spool should be hashed, written and read at a time: less where there are many."""
        return _LARGE_PIECE_BYTES if self._spools <= _FEW else _SMALL_PIECE_BYTES

    def ask(self, size_bytes: int, admit: Callable[[bool], None]) -> None:
        """Call `admit(in_memory)` as soon as there is room for `size_bytes`, in the order of asking.

        What is larger than all the room is admitted when nothing else is on disk.
        """
        self._line.append((size_bytes, admit))
        self._move_up()

    def give_back(self, size_bytes: int, *, in_memory: bool) -> None:
        """Free the room of one spool."""
        if in_memory:
            self._in_memory -= size_bytes
        else:
            self._on_disk -= size_bytes
        self._spools -= 1
        self._move_up()

    def _move_up(self) -> None:
        while self._line:
            size_bytes, admit = self._line[0]
            in_memory = self._place(size_bytes)
            if in_memory is None:
                return
            if in_memory:
                self._in_memory += size_bytes
            else:
                self._on_disk += size_bytes
            self._spools += 1
            self._line.popleft()
            admit(in_memory)

    def _place(self, size_bytes: int) -> bool | None:
        """Whether a blob goes into memory now, or else onto the disk; None if neither has room."""
        memory_bytes, disk_bytes = self._limits.memory_bytes, self._limits.disk_bytes
        fits_memory = self._in_memory + size_bytes <= memory_bytes
        fits_disk = self._on_disk + size_bytes <= disk_bytes
        if size_bytes > max(memory_bytes, disk_bytes):
            return None if self._on_disk else False
        if fits_memory and (size_bytes <= memory_bytes // _SMALL_SHARE or not fits_disk):
            return True
        return False if fits_disk else None
