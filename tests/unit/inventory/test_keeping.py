"""What is kept for later runs, whatever becomes of this one, and of the file."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from cip_async.errors import FileProblem
from cip_async.events import ImagePlaced, tell_nobody
from cip_async.inventory.keeping import Keeping
from cip_async.inventory.store import InventoryStore
from cip_async.model.image import DocumentKind, ImageDocument
from cip_async.model.listing import Listing
from cip_async.reference import Digest, Host, Repository, Tag

pytestmark = pytest.mark.anyio

SOURCE, FOO, BAR = (Repository(Host("us.example"), path) for path in ("staging/foo", "prod/foo", "prod/bar"))
A, B = (Digest(f"sha256:{letter * 64}") for letter in "ab")
DOCUMENT = ImageDocument(digest=A, media_type="x/y", body=b"{}", kind=DocumentKind.IMAGE)


@pytest.fixture
async def keeping(tmp_path: Path) -> AsyncIterator[Keeping]:
    kept = Keeping(tmp_path / "inventory", place_of=str, documents_bytes=1_000)
    await kept.begin()
    for repository in (FOO, BAR):
        await store_of(kept).put(Listing(repository=repository, digests=frozenset(), tags={}))
    yield kept
    await kept.close()


def store_of(keeping: Keeping) -> InventoryStore:
    assert keeping.store is not None
    return keeping.store


def placed(destination: Repository, digest: Digest, *tags: str) -> ImagePlaced:
    return ImagePlaced(source=SOURCE, destination=destination, digest=digest, tags=tuple(map(Tag, tags)))


async def held(keeping: Keeping, repository: Repository) -> tuple[set[Digest], dict[Tag, Digest]]:
    listing = await store_of(keeping).get(repository)
    assert listing is not None
    return set(listing.digests), dict(listing.tags)


async def spoil(keeping: Keeping) -> None:
    await to_thread.run_sync(store_of(keeping)._database._connection.execute, "PRAGMA query_only = ON")


async def test_what_was_placed_joins_the_listings_of_its_destinations(keeping: Keeping) -> None:
    async with keeping.noting() as note:
        note(placed(FOO, A, "v1", "latest"))
        note(placed(BAR, A))
        await anyio.wait_all_tasks_blocked()
        note(placed(FOO, B, "v2"))
    assert await held(keeping, FOO) == ({A, B}, {"v1": A, "latest": A, "v2": B})
    assert await held(keeping, BAR) == ({A}, {})


async def test_what_was_placed_before_a_cancellation_is_noted(keeping: Keeping) -> None:
    with anyio.CancelScope() as scope:
        async with keeping.noting() as note:
            note(placed(FOO, A, "v1"))
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    assert await held(keeping, FOO) == ({A}, {"v1": A})


async def test_a_file_that_failed_is_left_alone_and_told_at_the_end(keeping: Keeping) -> None:
    await keeping.keep_document(DOCUMENT)
    keeping.check()
    await spoil(keeping)
    async with keeping.noting() as note:
        note(placed(FOO, A, "v1"))
    assert await keeping.document(A) is None
    with pytest.raises(FileProblem, match="cannot be written: file and folder must be writable"):
        keeping.check()


async def test_the_next_run_begins_anew(keeping: Keeping) -> None:
    await spoil(keeping)
    await keeping.keep_document(DOCUMENT)
    await keeping.begin()
    keeping.check()


async def test_a_document_is_kept_and_given_back(keeping: Keeping) -> None:
    await keeping.keep_document(DOCUMENT)
    assert await keeping.document(A) == ("x/y", b"{}")
    assert await keeping.document(B) is None


async def test_a_closed_file_is_free_for_others_and_can_be_opened_again(keeping: Keeping, tmp_path: Path) -> None:
    await keeping.close()
    async with InventoryStore.opened(tmp_path / "inventory") as other:
        assert await other.get(FOO) is not None
    await keeping.begin()
    assert await held(keeping, FOO) == (set(), {})


async def test_without_a_file_nothing_is_kept() -> None:
    nothing = Keeping(None, place_of=str, documents_bytes=1_000)
    await nothing.begin()
    async with nothing.noting() as note:
        assert note is tell_nobody
    await nothing.keep_document(DOCUMENT)
    assert (nothing.store, await nothing.document(A)) == (None, None)
    nothing.check()
    await nothing.close()
