"""What the store promises around its statements: threads, cancellation and closing."""

import contextlib
import sqlite3
import threading
from collections import UserDict
from collections.abc import ItemsView
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from cip_async.errors import FileProblem
from cip_async.inventory.rows import Row
from cip_async.inventory.store import InventoryStore
from cip_async.model.listing import Listing
from cip_async.reference import Digest, Host, Repository, Tag

pytestmark = pytest.mark.anyio

FOO = Repository(Host("us.example"), "prod/foo")
A, B = (Digest(f"sha256:{letter * 64}") for letter in "ab")


async def test_a_listing_is_kept_given_back_and_forgotten() -> None:
    async with InventoryStore.opened() as store:
        await store.put(Listing(repository=FOO, digests={A}, tags={Tag("v1"): A}))
        kept = await store.get(FOO)
        assert kept is not None
        assert (kept.digests, kept.tags) == ({A}, {"v1": A})
        await store.forget(FOO)
        assert await store.get(FOO) is None


async def test_a_file_keeps_listings_and_when_reading_them_began(tmp_path: Path) -> None:
    path = tmp_path / "inventory"
    async with InventoryStore.opened(path, clock=lambda: 1234.5) as store:
        await store.put(Listing(repository=FOO, digests={A}, tags={}, taken_s=234.5))
    assert await to_thread.run_sync(repositories_in, path) == [("us.example", "prod/foo", 1000.0)]
    async with InventoryStore.opened(path) as store:
        kept = await store.get(FOO)
        assert kept is not None
        assert kept.digests == {A}


async def test_a_listing_is_recalled_with_its_age_from_where_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "inventory"
    async with InventoryStore.opened(path, clock=lambda: 1000.0) as store:
        await store.put(Listing(repository=FOO, digests={A}, tags={}))
        await store.extend([Listing(repository=FOO, digests={B}, tags={Tag("v1"): B}, asked={B})])
    async with InventoryStore.opened(path, clock=lambda: 1060.0) as store:
        recalled = await store.recall(FOO)
        assert recalled is not None
        assert (recalled.listing.digests, recalled.listing.tags, recalled.age_s) == ({A, B}, {"v1": B}, 60.0)
    async with InventoryStore.opened(path, clock=lambda: 940.0) as store:
        recalled = await store.recall(FOO)
        assert recalled is not None
        assert recalled.age_s == -60.0
    async with InventoryStore.opened(path, place_of=lambda repository: f"http://localhost/{repository.path}") as store:
        assert await store.recall(FOO) is None


async def test_documents_are_kept_only_where_there_is_room_for_them(tmp_path: Path) -> None:
    path = tmp_path / "inventory"
    async with InventoryStore.opened(path) as store:
        await store.keep_document(A, "text/plain", b"body")
        assert await store.document(A) is None
    async with InventoryStore.opened(path, documents_bytes=4) as store:
        await store.keep_document(A, "text/plain", b"body")
    async with InventoryStore.opened(path, documents_bytes=4) as store:
        assert await store.document(A) == ("text/plain", b"body")


async def test_rows_stream_in_bounded_chunks() -> None:
    digests = [Digest(f"sha256:{number:064x}") for number in range(10)]
    async with InventoryStore.opened() as store:
        await store.put(Listing(repository=FOO, digests=set(digests), tags={}))
        chunks = [list(chunk) async for chunk in store.chunks(rows=4)]
    assert [len(chunk) for chunk in chunks] == [4, 4, 2]
    assert [row for chunk in chunks for row in chunk] == [Row(FOO, digest, None) for digest in digests]


async def test_a_stream_that_is_left_early_holds_nothing() -> None:
    async with InventoryStore.opened() as store:
        await store.put(Listing(repository=FOO, digests={A, B}, tags={}))
        async for chunk in store.chunks(rows=1):
            assert chunk == [Row(FOO, A, None)]
            break
        await store.forget(FOO)
        assert [chunk async for chunk in store.chunks()] == []


async def test_callers_at_the_same_time_do_not_disturb_each_other() -> None:
    places = [Repository(Host("us.example"), f"image-{number:02}") for number in range(30)]
    async with InventoryStore.opened() as store:
        async with anyio.create_task_group() as tasks:
            for place in places:
                tasks.start_soon(store.put, Listing(repository=place, digests={A, B}, tags={Tag("v1"): B}))
        rows = [row async for chunk in store.chunks() for row in chunk]
    assert rows == [row for place in places for row in (Row(place, A, None), Row(place, B, Tag("v1")))]


async def test_who_comes_when_another_is_about_to_be_let_in_waits_too() -> None:
    """SQLite refuses statements of two threads at a time, as a transaction within a transaction."""
    bar = Repository(Host("us.example"), "prod/bar")
    tags = Gated({Tag("v1"): A})
    async with InventoryStore.opened() as store:
        async with anyio.create_task_group() as tasks:
            await store._one_thread.acquire()
            tasks.start_soon(store.put, Listing(repository=FOO, digests={A}, tags=tags))
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(store.put, Listing(repository=bar, digests={A}, tags={}))
            await anyio.lowlevel.checkpoint()
            store._one_thread.release()
            await to_thread.run_sync(tags.reached.wait)
            await anyio.wait_all_tasks_blocked()
            assert store._one_thread.statistics().borrowed_tokens == 1
            tags.gate.set()
        assert await store.get(FOO) is not None
        assert await store.get(bar) is not None


async def test_a_listing_whose_keeping_was_begun_is_kept_whole_though_cancelled() -> None:
    tags = Gated({Tag("v1"): A, Tag("v2"): A})
    async with InventoryStore.opened() as store:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.put, Listing(repository=FOO, digests={A}, tags=tags))
            await to_thread.run_sync(tags.reached.wait)
            tasks.cancel_scope.cancel()
            tags.gate.set()
        kept = await store.get(FOO)
    assert kept is not None
    assert kept.tags == {"v1": A, "v2": A}


async def test_a_listing_that_waits_for_its_turn_is_not_kept_when_cancelled() -> None:
    bar = Repository(Host("us.example"), "prod/bar")
    tags = Gated({Tag("v1"): A})
    async with InventoryStore.opened() as store:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.put, Listing(repository=FOO, digests={A}, tags=tags))
            await to_thread.run_sync(tags.reached.wait)
            async with anyio.create_task_group() as waiting:
                waiting.start_soon(store.put, Listing(repository=bar, digests={A}, tags={}))
                await anyio.wait_all_tasks_blocked()
                waiting.cancel_scope.cancel()
            tags.gate.set()
        assert await store.get(FOO) is not None
        assert await store.get(bar) is None


async def test_a_cancelled_store_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "inventory"
    with anyio.CancelScope() as scope:
        async with InventoryStore.opened(path):
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    async with InventoryStore.opened(path) as again:
        assert await again.get(FOO) is None


async def test_a_file_that_cannot_be_opened_is_an_error_of_the_operator(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="cannot be opened"):
        async with InventoryStore.opened(tmp_path / "nowhere" / "inventory"):
            pytest.fail("opened")


def repositories_in(path: Path) -> list[tuple[str, str, float]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT host, path, read_at FROM repository").fetchall()


class Gated(UserDict[Tag, Digest]):
    """Tags that hold up the thread which reads them until the gate is open."""

    def __init__(self, tags: dict[Tag, Digest]) -> None:
        super().__init__(tags)
        self.reached, self.gate = threading.Event(), threading.Event()

    def items(self) -> ItemsView[Tag, Digest]:
        self.reached.set()
        assert self.gate.wait(30)
        return super().items()
