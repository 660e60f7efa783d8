"""Documents in an inventory: bytes as they were, and never more than their bound."""

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from cip_async.errors import FileProblem
from cip_async.inventory.archive import Archive
from cip_async.inventory.database import Database
from cip_async.reference import Digest

INDEX = "application/vnd.oci.image.index.v1+json"


def body_of(number: int, size_bytes: int = 100) -> bytes:
    return f"{number:0{size_bytes}}".encode()


def digest_of(body: bytes, algorithm: str = "sha256") -> Digest:
    return Digest(f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}")


def put(archive: Archive, *numbers: int) -> None:
    for number in numbers:
        archive.put(digest_of(body_of(number)), INDEX, body_of(number))


def kept(archive: Archive, numbers: range) -> list[int]:
    return [number for number in numbers if archive.get(digest_of(body_of(number))) is not None]


@pytest.fixture
def database() -> Iterator[Database]:
    with contextlib.closing(Database.opened(None)) as opened:
        yield opened


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_document_comes_back_byte_for_byte(algorithm: str, database: Database) -> None:
    body = b'{"schemaVersion": 2}\n\x00\xff'
    archive = database.archive(1_000)
    archive.put(digest_of(body, algorithm), INDEX, body)
    assert archive.get(digest_of(body, algorithm)) == (INDEX, body)
    assert archive.get(digest_of(b"other")) is None


def test_the_oldest_make_room(database: Database) -> None:
    archive = database.archive(350)
    put(archive, 0, 1, 2, 3)
    assert kept(archive, range(9)) == [1, 2, 3]
    put(archive, 4)
    assert kept(archive, range(9)) == [2, 3, 4]


def test_one_that_is_kept_again_is_young_and_counts_once(database: Database) -> None:
    archive = database.archive(300)
    put(archive, 0, 1, 2, 0, 3)
    assert kept(archive, range(9)) == [0, 2, 3]


def test_one_that_is_too_large_for_all_the_room_drops_no_other(database: Database) -> None:
    archive = database.archive(300)
    put(archive, 0, 1)
    large = body_of(2, 301)
    archive.put(digest_of(large), INDEX, large)
    assert archive.get(digest_of(large)) is None
    assert kept(archive, range(2)) == [0, 1]


def test_without_room_nothing_is_kept(database: Database) -> None:
    archive = database.archive(0)
    put(archive, 0)
    assert kept(archive, range(1)) == []


def test_the_bound_holds_across_runs_and_may_become_smaller(tmp_path: Path) -> None:
    path = tmp_path / "inventory"
    with contextlib.closing(Database.opened(path)) as first:
        put(first.archive(1_000), *range(9))
    with contextlib.closing(Database.opened(path)) as second:
        archive = second.archive(250)
        put(archive, 9)
        assert kept(archive, range(10)) == [8, 9]
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*), sum(size_bytes) FROM document").fetchone() == (2, 200)


def test_wrong_bytes_can_be_replaced(database: Database) -> None:
    archive = database.archive(1_000)
    archive.put(digest_of(b"right"), "text/plain", b"wrong")
    archive.put(digest_of(b"right"), INDEX, b"right")
    assert archive.get(digest_of(b"right")) == (INDEX, b"right")


def test_a_document_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "inventory"
    with contextlib.closing(Database.opened(path)) as opened:
        archive = opened.archive(10_000_000)
        put(archive, 0)
        opened._connection.execute("PRAGMA max_page_count = 1")
        large = body_of(1, 1_000_000)
        with pytest.raises(FileProblem, match="the disk is full"):
            archive.put(digest_of(large), INDEX, large)
        assert kept(archive, range(1)) == [0]
        assert archive.get(digest_of(large)) is None
