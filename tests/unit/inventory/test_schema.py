"""What opening an inventory promises: ours or new, and a clear refusal of anything else."""

import sqlite3
from pathlib import Path

import pytest

from cip_async.errors import FileProblem
from cip_async.inventory.schema import APPLICATION_ID, SCHEMA_VERSION, connect, foreign_errors_mapped, transaction


def test_a_new_file_says_whose_it_is(tmp_path: Path) -> None:
    connect(tmp_path / "inventory").close()
    header = (tmp_path / "inventory").read_bytes()[:100]
    assert header.startswith(b"SQLite format 3")
    assert header[68:72] == b"CIPI"


def test_a_file_opens_again(tmp_path: Path) -> None:
    connect(tmp_path / "inventory").close()
    connection = connect(tmp_path / "inventory")
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    connection.close()


def test_nothing_stays_beside_a_closed_file(tmp_path: Path) -> None:
    connect(tmp_path / "inventory").close()
    assert [path.name for path in tmp_path.iterdir()] == ["inventory"]


def test_an_empty_file_becomes_an_inventory(tmp_path: Path) -> None:
    (tmp_path / "inventory").touch()
    connection = connect(tmp_path / "inventory")
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    connection.close()


def test_another_kind_of_file_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("registries:\n" * 100)
    with pytest.raises(FileProblem) as refused:
        connect(path)
    assert str(refused.value) == f"{path}: is not an inventory: name another file, or remove this one"
    assert path.read_text() == "registries:\n" * 100


def test_another_programs_database_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks"
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE bookmark (address TEXT)")
    theirs.close()
    before = path.read_bytes()
    with pytest.raises(FileProblem) as refused:
        connect(path)
    assert str(refused.value) == f"{path}: is a database, but not an inventory: name another file"
    assert path.read_bytes() == before


def test_an_inventory_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "inventory"
    connection = connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(
        FileProblem, match="is an inventory of version 99, and this program reads and writes version 2:"
    ):
        connect(path)


def test_an_inventory_in_use_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "inventory"
    first = connect(path)
    with pytest.raises(FileProblem) as refused:
        connect(path)
    assert str(refused.value) == f"{path}: is in use by another process: let it end, or name another file"
    first.close()


@pytest.mark.parametrize("name", [".", "no-such-folder/inventory"])
def test_a_path_where_no_file_can_be_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileProblem, match="cannot be opened: its folder must exist"):
        connect(tmp_path / name)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "inventory"
    connect(path).close()
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    with pytest.raises(FileProblem, match="is damaged: remove it, and it will be written anew"):
        connect(path)


def test_a_full_disk_is_named_for_a_temporary_inventory() -> None:
    connection = connect(None)
    connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(FileProblem) as full, foreign_errors_mapped(None), transaction(connection):
        connection.executemany("INSERT INTO media_type (name) VALUES (?)", ((str(number),) for number in range(9999)))
    assert str(full.value).startswith("the temporary inventory: the disk is full")
    connection.close()


def test_a_transaction_that_fails_leaves_nothing() -> None:
    connection = connect(None)
    statements = ["INSERT INTO media_type (name) VALUES ('text/plain')", "INSERT INTO nonsense"]
    with pytest.raises(sqlite3.OperationalError), transaction(connection):
        list(map(connection.execute, statements))
    assert connection.execute("SELECT count(*) FROM media_type").fetchone() == (0,)
    connection.close()
