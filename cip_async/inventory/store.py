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

from cip_async.inventory.counts import Counts
from cip_async.inventory.database import Database
from cip_async.inventory.rows import Row
from cip_async.model.listing import Listing
from cip_async.reference import Repository

ROWS_AT_ONCE: Final = 4096
"""Rows that one chunk holds: about 1 MB, and few enough hops between threads not to be noticed."""

_CLOSING_S: Final = 5.0

_Result = TypeVar("_Result")
_Arguments = TypeVarTuple("_Arguments")


@attrs.define(eq=False)
class InventoryStore:
    """Listings of many repositories; make one with `InventoryStore.opened`.

    Every method raises `FileProblem` where the database cannot be read or written.
    """

    _database: Database
    _one_thread: anyio.CapacityLimiter
    _clock: Callable[[], float] = time.time

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, path: Path | None = None, *, clock: Callable[[], float] = time.time) -> AsyncIterator[Self]:
        """Open the inventory file at `path`, or for None a temporary one that spills to disk and vanishes.

        `clock` gives the time a listing was read, in seconds since the epoch.

        Raises:
            FileProblem: the file is something else, of another version, in use, or cannot be written.
        """
        one_thread = anyio.CapacityLimiter(1)
        database = await to_thread.run_sync(Database.opened, path, limiter=one_thread)
        try:
            yield cls(database, one_thread, clock)
        finally:
            with anyio.move_on_after(_CLOSING_S, shield=True):
                await to_thread.run_sync(database.close, limiter=one_thread)

    async def put(self, listing: Listing) -> None:
        """Keep `listing`, with the time, in place of what was known of its repository."""
        await self._run(self._database.put, listing, self._clock())

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
