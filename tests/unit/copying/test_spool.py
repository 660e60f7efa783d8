"""What is kept of a blob between its one read and its many writes."""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from functools import partial
from itertools import cycle
from pathlib import Path

import anyio
import pytest

from cip_async.copying.spool import Spool, SpoolRoom
from cip_async.errors import CipError, DigestMismatch, FileProblem, Unavailable
from cip_async.model.image import Descriptor
from cip_async.reference import Digest
from cip_async.settings import KIB
from cip_async.settings import Spool as SpoolSettings
from tests.unit.copying.samples import SOURCE

in_memory_and_on_disk = pytest.mark.parametrize("in_memory", [True, False], ids=["memory", "disk"])

LARGE = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(40_000))
"""Over a megabyte: several pieces."""
HALF = len(LARGE) // 2
PIECE_BYTES = 256 * KIB
WRONG = Digest(f"sha256:{'0' * 64}")


def spool_of(content: bytes, *, in_memory: bool = True, digest: Digest | None = None, stall_s: float = 30.0) -> Spool:
    blob = Descriptor(
        media_type="application/octet-stream",
        digest=digest or Digest(f"sha256:{hashlib.sha256(content).hexdigest()}"),
        size_bytes=len(content),
    )
    return Spool(SOURCE, blob, in_memory=in_memory, stall_s=stall_s, piece_bytes=lambda: PIECE_BYTES)


async def fill(spool: Spool, content: bytes, *, piece_bytes: int = 100_000) -> None:
    for start in range(0, len(content), piece_bytes):
        await spool.append(content[start : start + piece_bytes])


async def whole(spool: Spool) -> bytes:
    return b"".join([chunk async for chunk in spool.chunks()])


class Reader:
    """Reads a spool at its own pace, as far as it comes."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.content = b""
        self.error: CipError | None = None
        self.done = False
        self.got_some = anyio.Event()

    async def __call__(self) -> None:
        try:
            async for chunk in self.spool.chunks():
                self.content += chunk
                self.got_some.set()
        except CipError as error:
            self.error = error
        self.done = True


async def next_chunk(chunks: AsyncIterator[bytes]) -> bytes:
    return await anext(chunks)


@pytest.mark.anyio
class TestReading:
    @in_memory_and_on_disk
    async def test_pieces_may_change_their_size_while_they_are_written_and_read(self, in_memory: bool) -> None:
        blob = spool_of(LARGE)._blob
        sizes = cycle([100_000, 10, 300_000])
        spool = Spool(SOURCE, blob, in_memory=in_memory, stall_s=30.0, piece_bytes=lambda: next(sizes))
        await fill(spool, LARGE, piece_bytes=70_001)
        await spool.finish()
        assert await whole(spool) == LARGE
        spool.close()

    @in_memory_and_on_disk
    @pytest.mark.parametrize("content", [b"", b"x", LARGE[:300_000], LARGE], ids=["none", "one", "some", "much"])
    async def test_what_comes_out_is_what_went_in(self, content: bytes, in_memory: bool) -> None:
        spool = spool_of(content, in_memory=in_memory)
        await fill(spool, content)
        await spool.finish()
        assert await whole(spool) == await whole(spool) == content
        spool.close()

    @in_memory_and_on_disk
    async def test_readers_follow_while_it_grows(self, in_memory: bool) -> None:
        spool = spool_of(LARGE, in_memory=in_memory)
        reader = Reader(spool)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reader)
            await fill(spool, LARGE[:HALF])
            await reader.got_some.wait()
            await fill(spool, LARGE[HALF:])
            await spool.finish()
        assert reader.content == LARGE
        spool.close()

    async def test_a_slow_reader_holds_back_no_other(self) -> None:
        spool = spool_of(LARGE)
        slow, quick = spool.chunks(), Reader(spool)
        await fill(spool, LARGE[:HALF])
        first = await next_chunk(slow)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(quick)
            await fill(spool, LARGE[HALF:])
            await spool.finish()
        assert quick.content == LARGE
        assert first + b"".join([chunk async for chunk in slow]) == LARGE

    async def test_the_end_is_held_back_until_it_is_verified(self) -> None:
        spool = spool_of(LARGE)
        reader = Reader(spool)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reader)
            await fill(spool, LARGE)
            await anyio.wait_all_tasks_blocked()
            assert len(reader.content) < len(LARGE)
            await spool.finish()
        assert reader.content == LARGE

    @pytest.mark.parametrize("size", [1, 1000, 256 * 1024, 256 * 1024 + 1])
    async def test_no_byte_of_a_small_blob_is_readable_before_all_are_verified(self, size: int) -> None:
        spool = spool_of(LARGE[:size])
        await fill(spool, LARGE[:size])
        assert not spool.readable
        await spool.finish()
        assert spool.readable

    async def test_an_empty_blob_is_readable_when_it_is_verified(self) -> None:
        spool = spool_of(b"")
        assert not spool.readable
        await spool.finish()
        assert spool.readable

    async def test_sha512_is_verified_too(self) -> None:
        digest = Digest(f"sha512:{hashlib.sha512(LARGE).hexdigest()}")
        spool = spool_of(LARGE, digest=digest)
        await fill(spool, LARGE)
        await spool.finish()
        assert await whole(spool) == LARGE


@pytest.mark.anyio
class TestWrongBytes:
    async def test_a_wrong_digest_is_found(self) -> None:
        spool = spool_of(b"good", digest=WRONG)
        await spool.append(b"good")
        with pytest.raises(DigestMismatch) as caught:
            await spool.finish()
        found = hashlib.sha256(b"good").hexdigest()
        assert str(caught.value) == (f"gcr.io: blob {WRONG} of staging/app: the bytes have the digest sha256:{found}")

    @in_memory_and_on_disk
    async def test_readers_of_wrong_bytes_never_get_all_of_them(self, in_memory: bool) -> None:
        spool = spool_of(LARGE, digest=WRONG, in_memory=in_memory)
        reader = Reader(spool)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reader)
            await fill(spool, LARGE)
            with pytest.raises(DigestMismatch) as caught:
                await spool.finish()
            spool.fail(caught.value)
        assert reader.error is caught.value
        assert len(reader.content) < len(LARGE)
        spool.close()

    async def test_too_few_bytes_are_wrong(self) -> None:
        spool = spool_of(b"good")
        await spool.append(b"goo")
        with pytest.raises(DigestMismatch, match=r"3 bytes came instead of 4$"):
            await spool.finish()

    async def test_too_many_bytes_are_wrong(self) -> None:
        spool = spool_of(b"good")
        with pytest.raises(DigestMismatch, match=r"more than 4 bytes came$"):
            await spool.append(b"goods")


@pytest.mark.anyio
class TestFailure:
    async def test_readers_are_told(self) -> None:
        spool, error = spool_of(LARGE), Unavailable("gcr.io", "GET", "gone")
        reader = Reader(spool)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reader)
            tasks.start_soon(spool.ended)
            await anyio.wait_all_tasks_blocked()
            spool.fail(error)
        assert reader.error is spool.failure() is error

    async def test_who_comes_later_is_told_when_there_is_no_more(self) -> None:
        spool, error = spool_of(LARGE), Unavailable("gcr.io", "GET", "gone")
        await fill(spool, LARGE[:HALF])
        spool.fail(error)
        reader = Reader(spool)
        await reader()
        assert reader.error is error
        assert LARGE.startswith(reader.content)

    async def test_a_reader_does_not_wait_longer_than_a_source_may_stand_still(self) -> None:
        spool = spool_of(LARGE, stall_s=0.0)
        with pytest.raises(Unavailable, match="the source stands still") as caught:
            await whole(spool)
        assert caught.value.retryable

    async def test_the_end_can_be_waited_for(self) -> None:
        spool = spool_of(LARGE)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(spool.ended)
            await fill(spool, LARGE)
            await spool.finish()

    async def test_a_cancelled_reader_leaves_the_others_alone(self) -> None:
        spool = spool_of(LARGE, in_memory=False)
        reader, other = Reader(spool), Reader(spool)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(other)
            async with anyio.create_task_group() as cancelled:
                cancelled.start_soon(reader)
                await fill(spool, LARGE[:HALF])
                await reader.got_some.wait()
                cancelled.cancel_scope.cancel()
            await fill(spool, LARGE[HALF:])
            await spool.finish()
        assert not reader.done
        assert other.content == LARGE
        spool.close()


@pytest.mark.anyio
class TestFile:
    async def test_it_has_no_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        spool = spool_of(LARGE, in_memory=False)
        await fill(spool, LARGE)
        await spool.finish()
        assert await whole(spool) == LARGE
        assert await anyio.to_thread.run_sync(lambda: list(tmp_path.iterdir())) == []
        spool.close()

    async def test_a_folder_that_cannot_be_written_is_a_clear_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
        spool = spool_of(LARGE, in_memory=False)
        with pytest.raises(FileProblem, match=r"cannot spool a blob: No such file or directory$"):
            await fill(spool, LARGE)

    async def test_it_cannot_be_read_when_it_was_closed(self) -> None:
        spool = spool_of(LARGE, in_memory=False)
        await fill(spool, LARGE)
        await spool.finish()
        spool.close()
        with pytest.raises(FileProblem, match="the spool was closed while it was read"):
            await whole(spool)


class Line:
    """Who was let in, and where."""

    def __init__(self, memory_bytes: int, disk_bytes: int) -> None:
        self.room = SpoolRoom(SpoolSettings(memory_bytes=memory_bytes, disk_bytes=disk_bytes))
        self.admitted: list[tuple[str, bool]] = []

    def ask(self, name: str, size_bytes: int) -> None:
        self.room.ask(size_bytes, partial(self._admit, name))

    def _admit(self, name: str, in_memory: bool) -> None:
        self.admitted.append((name, in_memory))


class TestRoom:
    def test_small_blobs_go_into_memory_and_then_onto_the_disk(self) -> None:
        line = Line(16, 10)
        for number in range(9):
            line.ask(str(number), 2)
        assert [in_memory for _, in_memory in line.admitted] == [True] * 8 + [False]

    def test_large_blobs_leave_the_memory_to_small_ones(self) -> None:
        line = Line(16, 10)
        line.ask("large", 3)
        line.ask("small", 2)
        assert line.admitted == [("large", False), ("small", True)]

    def test_large_blobs_go_into_memory_where_the_disk_is_full(self) -> None:
        line = Line(10, 10)
        line.ask("first", 6)
        line.ask("second", 6)
        assert line.admitted == [("first", False), ("second", True)]

    def test_who_finds_no_room_waits_in_line(self) -> None:
        line = Line(10, 10)
        for name in ("first", "second", "third"):
            line.ask(name, 6)
        line.ask("small", 1)
        assert [name for name, _ in line.admitted] == ["first", "second"]
        line.room.give_back(6, in_memory=True)
        assert line.admitted[2:] == [("third", True), ("small", True)]

    def test_no_bound_is_exceeded_for_a_blob_that_may_wait(self) -> None:
        line = Line(10, 0)
        line.ask("first", 10)
        line.ask("waits", 5)
        assert line.admitted == [("first", True)]
        line.room.give_back(10, in_memory=True)
        assert line.admitted[1:] == [("waits", True)]

    def test_what_is_larger_than_all_the_room_is_let_in_when_the_disk_is_empty(self) -> None:
        line = Line(10, 10)
        line.ask("on disk", 10)
        line.ask("in memory", 10)
        line.ask("huge", 1000)
        line.ask("after it", 1000)
        assert line.admitted == [("on disk", False), ("in memory", True)]
        line.room.give_back(10, in_memory=False)
        assert line.admitted[2:] == [("huge", False)]
        line.room.give_back(1000, in_memory=False)
        assert line.admitted[3:] == [("after it", False)]

    def test_empty_blobs_need_no_room(self) -> None:
        line = Line(0, 0)
        line.ask("first", 0)
        line.ask("second", 0)
        assert line.admitted == [("first", True), ("second", True)]

    def test_who_gives_back_while_it_is_let_in_keeps_the_line_in_order(self) -> None:
        room = SpoolRoom(SpoolSettings(memory_bytes=10, disk_bytes=0))
        admitted: list[str] = []

        def not_needed_any_more(in_memory: bool) -> None:
            admitted.append("first")
            room.give_back(10, in_memory=in_memory)

        room.ask(10, not_needed_any_more)
        room.ask(10, lambda _: admitted.append("second"))
        assert admitted == ["first", "second"]

    def test_pieces_are_large_while_there_are_few_spools(self) -> None:
        line = Line(0, 100)
        for number in range(8):
            line.ask(str(number), 1)
        few = line.room.piece_bytes()
        line.ask("one more", 1)
        many = line.room.piece_bytes()
        line.room.give_back(1, in_memory=False)
        assert (few, many, line.room.piece_bytes()) == (1024 * KIB, 256 * KIB, 1024 * KIB)
