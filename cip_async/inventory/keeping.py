"""What a promoter keeps in its inventory file, if it has one, for later runs: listings, documents, what it placed.

The file is opened by the first run and stays this promoter's until it is closed. Where it fails while images are
copied, that ends the keeping and not the promotion; the failure is told when the copy is over.
"""

import contextlib
import math
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from cip_async.errors import FileProblem
from cip_async.events import Event, ImagePlaced, Listener, tell_nobody
from cip_async.model.image import ImageDocument
from cip_async.model.listing import Listing
from cip_async.reference import Digest, Repository, Tag

if TYPE_CHECKING:
    from cip_async.inventory.store import InventoryStore

_NOTING_S: Final = 5.0
"""How long a run that was cancelled may take to note what it placed last."""

_Result = TypeVar("_Result")


class Keeping:
    """The inventory file of a promoter; without a `path` nothing is kept. `place_of` tells where a repository is."""

    def __init__(self, path: Path | None, *, place_of: Callable[[Repository], str], documents_bytes: int) -> None:
        self._path = path
        self._place_of = place_of
        self._documents_bytes = documents_bytes
        self._opened = contextlib.AsyncExitStack()
        self._store: InventoryStore | None = None
        self._failure: FileProblem | None = None

    async def begin(self) -> None:
        """Begin a run: open the file, unless an earlier run has.

        Raises:
            FileProblem: it is something else, of another version, damaged, in use, or cannot be written.
        """
        self._failure = None
        if self._store is None and self._path is not None:
            from cip_async.inventory.store import InventoryStore  # noqa: PLC0415 - most runs keep none

            opening = InventoryStore.opened(self._path, place_of=self._place_of, documents_bytes=self._documents_bytes)
            self._store = await self._opened.enter_async_context(opening)

    @property
    def keeps(self) -> bool:
        """Whether there is a file."""
        return self._path is not None

    async def close(self) -> None:
        """Leave the file to others."""
        self._store = None
        await self._opened.aclose()

    @property
    def store(self) -> "InventoryStore | None":
        """The file, if there is one and a run has begun."""
        return self._store

    def check(self) -> None:
        """End a run.

        Raises:
            FileProblem: the file failed, and not everything was kept.
        """
        if self._failure is not None:
            raise self._failure

    async def document(self, digest: Digest) -> tuple[str, bytes] | None:
        """The media type and bytes kept of a document, to be verified; None where nothing is, or can be read."""
        return await self._unless_failed(lambda store: store.document(digest))

    async def keep_document(self, document: ImageDocument) -> None:
        """Keep a document that was verified."""
        await self._unless_failed(
            lambda store: store.keep_document(document.digest, document.media_type, document.body)
        )

    @contextlib.asynccontextmanager
    async def noting(self) -> AsyncIterator[Listener]:
        """Within the context, note what is placed: the listener that it gives is to be told of it.

        What was placed is in the file when the context ends, also if it is cancelled. Where the process is killed, the
        last of it may be missing: the file then lacks what a mirror has, and the mirror will be asked.
        """
        if self._store is None:
            yield tell_nobody
            return
        send, receive = anyio.create_memory_object_stream[ImagePlaced](math.inf)

        def note(event: Event, /) -> None:
            if isinstance(event, ImagePlaced):
                send.send_nowait(event)

        with receive:
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._note_all, receive)
                    with send:
                        yield note
            finally:
                await self._note(_waiting(receive))

    async def _note_all(self, receive: MemoryObjectReceiveStream[ImagePlaced]) -> None:
        """Note what comes, and along with it all that came while the file was written."""
        async for event in receive:
            await self._note([event, *_waiting(receive)])

    async def _note(self, placed: Iterable[ImagePlaced]) -> None:
        listings = _listings(placed)
        if listings:
            with anyio.move_on_after(_NOTING_S, shield=True):
                await self._unless_failed(lambda store: store.extend(listings))

    async def _unless_failed(self, statement: "Callable[[InventoryStore], Awaitable[_Result]]") -> _Result | None:
        if self._store is None or self._failure is not None:
            return None
        try:
            return await statement(self._store)
        except FileProblem as error:
            self._failure = error
            return None


def _waiting(receive: MemoryObjectReceiveStream[ImagePlaced]) -> list[ImagePlaced]:
    waiting: list[ImagePlaced] = []
    with contextlib.suppress(anyio.WouldBlock, anyio.EndOfStream):
        while True:
            waiting.append(receive.receive_nowait())
    return waiting


def _listings(placed: Iterable[ImagePlaced]) -> list[Listing]:
    """What each destination holds in addition."""
    digests: defaultdict[Repository, set[Digest]] = defaultdict(set)
    tags: defaultdict[Repository, dict[Tag, Digest]] = defaultdict(dict)
    for event in placed:
        digests[event.destination].add(event.digest)
        tags[event.destination].update(dict.fromkeys(event.tags, event.digest))
    return [
        Listing(repository=destination, digests=held, tags=tags[destination], asked=held)
        for destination, held in sorted(digests.items())
    ]
