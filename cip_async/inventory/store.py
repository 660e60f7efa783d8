"""The inventory store: listings of many repositories, kept in SQLite, off the event loop.

One thread at a time runs the statements. A call that was started is awaited to its end even when the
caller is cancelled, so a listing is replaced whole or not at all.
"""

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Final, Self, TypeVar, TypeVarTuple

import anyio
import attrs
from anyio import to_thread

from cip_async.inventory.archive import Archive
from cip_async.inventory.counts import Counts
from cip_async.inventory.database import Database
from cip_async.inventory.rows import Row
from cip_async.model.listing import Listing
from cip_async.reference import Digest, Repository

ROWS_AT_ONCE: Final = 4096
"""Rows that one chunk holds: about 1 MB, and few enough hops between threads not to be noticed."""

_CLOSING_S: Final = 5.0

_Result = TypeVar("_Result")
_Arguments = TypeVarTuple("_Arguments")


@attrs.frozen(kw_only=True)
class Remembered:
    """A listing that was read before, `age_s` seconds ago by this machine's clock: less than none, if it was set."""

    listing: Listing
    age_s: float


@attrs.define(eq=False)
class InventoryStore:
    """Listings of many repositories; make one with `InventoryStore.opened`.

    Every method raises `FileProblem` where the database cannot be read or written.
    """

    _database: Database
    _archive: Archive
    _one_thread: anyio.CapacityLimiter
    _clock: Callable[[], float] = time.time
    _place_of: Callable[[Repository], str] = str

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls,
        path: Path | None = None,
        *,
        clock: Callable[[], float] = time.time,
        place_of: Callable[[Repository], str] = str,
        documents_bytes: int = 0,
    ) -> AsyncIterator[Self]:
        """Open the inventory file at `path`, or for None a temporary one that spills to disk and vanishes.

        `clock` gives the time a listing was read, in seconds since the epoch, and `place_of` where a repository really
        is. Documents may have `documents_bytes` in all.

        Raises:
            FileProblem: the file is something else, of another version, in use, or cannot be written.
        """
        one_thread = anyio.CapacityLimiter(1)
        database = await to_thread.run_sync(Database.opened, path, limiter=one_thread)
        try:
            archive = await to_thread.run_sync(database.archive, documents_bytes, limiter=one_thread)
            yield cls(database, archive, one_thread, clock, place_of)
        finally:
            with anyio.move_on_after(_CLOSING_S, shield=True):
                await to_thread.run_sync(database.close, limiter=one_thread)

    async def put(self, listing: Listing) -> None:
        """Keep `listing`, with the time when reading it began, in place of what was known of its repository."""
        read_at = self._clock() - listing.taken_s
        await self._run(self._database.put, listing, read_at, self._place_of(listing.repository))

    async def extend(self, listings: Sequence[Listing]) -> None:
        """Add what `listings` say to what is known of their repositories; of one never listed nothing is kept."""
        await self._run(self._database.extend, listings)

    async def recall(self, repository: Repository) -> Remembered | None:
        """What is known of `repository` as it is reached today; None where nothing is."""
        found = await self._run(self._database.recall, repository, self._place_of(repository))
        return None if found is None else Remembered(listing=found[0], age_s=self._clock() - found[1])

    async def keep_document(self, digest: Digest, media_type: str, body: bytes) -> None:
        """Keep a verified document; the oldest make room for it."""
        await self._run(self._archive.put, digest, media_type, body)

    async def document(self, digest: Digest) -> tuple[str, bytes] | None:
        """The media type and bytes kept of a document, to be verified again; None where nothing is."""
        return await self._run(self._archive.get, digest)

    async def get(self, repository: Repository) -> Listing | None:
        """What is known of `repository`; None where nothing is."""
        return await self._run(self._database.get, repository)

    async def forget(self, repository: Repository) -> None:
        """Let go what is known of `repository`."""
        await self._run(self._database.forget, repository)

    async def counts(self) -> Counts:
        """How much is in the store."""
        return await self._run(self._database.counts)

    async def chunks(self, rows: int = ROWS_AT_ONCE) -> AsyncIterator[Sequence[Row]]:
        """Everything in the store, at most `rows` at a time, sorted by repository, digest and tag.

        Each chunk is read when it is asked for; nothing stays open between two of them.
        """
        last: Row | None = None
        while chunk := await self._run(self._database.rows_after, last, rows):
            yield chunk
            last = chunk[-1]

    async def _run(self, statement: Callable[[*_Arguments], _Result], *arguments: *_Arguments) -> _Result:
        return await to_thread.run_sync(statement, *arguments, limiter=self._one_thread)
