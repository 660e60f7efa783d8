"""Open the inventory's SQLite database: a file that is ours, or a temporary one that spills to disk.

A file is looked at before anything is written to it, so naming the wrong one costs nothing.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cip_async.errors import FileProblem

APPLICATION_ID: Final = 0x43495049
"""In the file's header, where the `file` command and other programs see whose database it is."""

SCHEMA_VERSION: Final = 2
"""Raised with every change of the schema. A file of another version is refused, never guessed at."""

TEMPORARY: Final = "the temporary inventory"
"""What stands in an error where a path would."""

_SCHEMA: Final = """
CREATE TABLE repository (
    id INTEGER PRIMARY KEY,
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    place TEXT NOT NULL,
    read_at REAL NOT NULL,
    is_whole INTEGER NOT NULL,
    children TEXT NOT NULL,
    UNIQUE (host, path)
);
CREATE TABLE media_type (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE digest (
    repository INTEGER NOT NULL REFERENCES repository,
    algorithm INTEGER NOT NULL,
    hash BLOB NOT NULL,
    is_held INTEGER NOT NULL,
    was_asked INTEGER NOT NULL,
    media_type INTEGER REFERENCES media_type,
    size_bytes INTEGER,
    PRIMARY KEY (repository, algorithm, hash)
) WITHOUT ROWID;
CREATE TABLE tag (
    repository INTEGER NOT NULL REFERENCES repository,
    algorithm INTEGER NOT NULL,
    hash BLOB NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (repository, algorithm, hash, name)
) WITHOUT ROWID;
CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    algorithm INTEGER NOT NULL,
    hash BLOB NOT NULL,
    media_type INTEGER NOT NULL REFERENCES media_type,
    size_bytes INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (algorithm, hash)
);
CREATE INDEX document_size ON document (size_bytes);
"""

_REASONS: Final = {
    sqlite3.SQLITE_NOTADB: "is not an inventory: name another file, or remove this one",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: its folder must exist and be writable, and it must be a file",
    sqlite3.SQLITE_READONLY: "cannot be written: file and folder must be writable",
    sqlite3.SQLITE_PERM: "cannot be written: file and folder must be writable",
    sqlite3.SQLITE_BUSY: "is in use by another process: let it end, or name another file",
    sqlite3.SQLITE_LOCKED: "is in use by another process: let it end, or name another file",
    sqlite3.SQLITE_FULL: "the disk is full (the temporary inventory is written where TMPDIR points)",
    sqlite3.SQLITE_CORRUPT: "is damaged: remove it, and it will be written anew",
}


def connect(path: Path | None) -> sqlite3.Connection:
    """Open the inventory at `path`, made where there is none, or a temporary one for None.

    The connection may be used from any thread, by one at a time, and is in autocommit mode. A file stays
    locked for other processes until it is closed: an inventory has one writer.

    Raises:
        FileProblem: the file is something else, of another version, in use, or cannot be written.
    """
    with foreign_errors_mapped(path):
        connection = sqlite3.connect(
            "" if path is None else path, timeout=0, isolation_level=None, check_same_thread=False
        )
    try:
        with foreign_errors_mapped(path):
            _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def foreign_errors_mapped(path: Path | None) -> Iterator[None]:
    """Turn what sqlite3 raises into a `FileProblem` that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        raise _problem(path, _REASONS.get(code & 0xFF, str(error))) from error


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All statements within, or none of them."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _prepare(connection: sqlite3.Connection, path: Path | None) -> None:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    is_new = _is_new(connection, path)
    # A file keeps its last whole listing through a kill: readers of a write-ahead log never see half a
    # transaction. A temporary database dies with the process, so its journal may stay in memory.
    connection.execute(f"PRAGMA journal_mode = {'MEMORY' if path is None else 'WAL'}")
    connection.execute(f"PRAGMA synchronous = {'OFF' if path is None else 'NORMAL'}")
    if is_new:
        with transaction(connection):
            for statement in _SCHEMA.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _is_new(connection: sqlite3.Connection, path: Path | None) -> bool:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (application_id, version, tables) == (0, 0, 0):
        return True
    if application_id != APPLICATION_ID:
        raise _problem(path, "is a database, but not an inventory: name another file")
    if version != SCHEMA_VERSION:
        reason = f"is an inventory of version {version}, and this program reads and writes version {SCHEMA_VERSION}"
        raise _problem(path, f"{reason}: name another file, or remove this one")
    return False


def _problem(path: Path | None, reason: str) -> FileProblem:
    return FileProblem(TEMPORARY if path is None else str(path), reason)
