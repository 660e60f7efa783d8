"""The statements on the documents in the inventory's database: image manifests and indexes by digest.

Everything here blocks; `cip_async.inventory.store` keeps it off the event loop. What a digest stands for never changes,
so a document is good for ever, wherever it was read. All of them together are bounded: the oldest make room.
"""

import contextlib
import sqlite3
from pathlib import Path
from typing import Self

import attrs

from cip_async.inventory.keys import key_of, media_type_ids
from cip_async.inventory.schema import foreign_errors_mapped, transaction
from cip_async.reference import Digest


@attrs.define(eq=False)
class Archive:
    """The documents in one open database, of at most `most_bytes` in all; for one thread at a time."""

    _path: Path | None
    _connection: sqlite3.Connection
    _most_bytes: int
    _held_bytes: int

    @classmethod
    def of(cls, path: Path | None, connection: sqlite3.Connection, most_bytes: int) -> Self:
        """The documents in the database at `path`; those that are too many by now are dropped with the next one.

        Raises:
            FileProblem: it cannot be read.
        """
        with foreign_errors_mapped(path):
            (held_bytes,) = connection.execute("SELECT coalesce(sum(size_bytes), 0) FROM document").fetchone()
        return cls(path, connection, most_bytes, held_bytes)

    def put(self, digest: Digest, media_type: str, body: bytes) -> None:
        """Keep one document, in place of what was kept of it, unless it is larger than all may be together.

        Raises:
            FileProblem: it cannot be written.
        """
        if len(body) > self._most_bytes:
            return
        with foreign_errors_mapped(self._path), transaction(self._connection):
            held_bytes = self._without(self._held_bytes, digest)
            held_bytes = self._with_room(held_bytes, len(body)) + len(body)
            media_types = media_type_ids(self._connection, {media_type})
            statement = "INSERT INTO document (algorithm, hash, media_type, size_bytes, body) VALUES (?, ?, ?, ?, ?)"
            self._connection.execute(statement, (*key_of(digest), media_types[media_type], len(body), body))
        self._held_bytes = held_bytes

    def get(self, digest: Digest) -> tuple[str, bytes] | None:
        """The media type and the bytes kept of `digest`, which nobody has verified again; None where nothing is kept.

        Raises:
            FileProblem: it cannot be read.
        """
        query = """
            SELECT media_type.name, document.body
            FROM document JOIN media_type ON media_type.id = document.media_type
            WHERE algorithm = ? AND hash = ?
        """
        with foreign_errors_mapped(self._path):
            found = self._connection.execute(query, key_of(digest)).fetchone()
        return None if found is None else (found[0], found[1])

    def _without(self, held_bytes: int, digest: Digest) -> int:
        """What is held without `digest`."""
        query = "SELECT id, size_bytes FROM document WHERE algorithm = ? AND hash = ?"
        return self._dropped(held_bytes, self._connection.execute(query, key_of(digest)).fetchall())

    def _with_room(self, held_bytes: int, more_bytes: int) -> int:
        """What is held when the oldest have made room for `more_bytes`."""
        too_many = held_bytes + more_bytes - self._most_bytes
        oldest: list[tuple[int, int]] = []
        with contextlib.closing(self._connection.execute("SELECT id, size_bytes FROM document ORDER BY id")) as rows:
            while too_many > 0 and (row := rows.fetchone()) is not None:
                oldest.append(row)
                too_many -= row[1]
        return self._dropped(held_bytes, oldest)

    def _dropped(self, held_bytes: int, rows: list[tuple[int, int]]) -> int:
        self._connection.executemany("DELETE FROM document WHERE id = ?", ((each,) for each, _ in rows))
        return held_bytes - sum(size_bytes for _, size_bytes in rows)
