"""The statements on the inventory's database: keep a listing, give it back, stream all rows in order.

Everything here blocks; `cip_async.inventory.store` keeps it off the event loop. A digest is stored as its
bytes (32 for sha256, 64 for sha512); names of repositories and media types are stored once.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

import attrs

from cip_async.inventory.counts import Counts
from cip_async.inventory.rows import Row
from cip_async.inventory.schema import connect, foreign_errors_mapped, transaction
from cip_async.model.listing import Described, Listing
from cip_async.reference import Digest, Host, ImageName, Repository, Tag

_ROWS: Final = """
SELECT digest.algorithm, digest.hash, tag.name
FROM digest LEFT JOIN tag
    ON tag.repository = digest.repository AND tag.algorithm = digest.algorithm AND tag.hash = digest.hash
WHERE digest.repository = ? AND digest.is_held AND (digest.algorithm, digest.hash) >= (?, ?)
    AND ((digest.algorithm, digest.hash) > (?, ?) OR tag.name > ?)
ORDER BY digest.algorithm, digest.hash, tag.name
LIMIT ?
"""

_DIGESTS: Final = """
SELECT digest.algorithm, digest.hash, digest.is_held, digest.was_asked, media_type.name, digest.size_bytes
FROM digest LEFT JOIN media_type ON media_type.id = digest.media_type
WHERE digest.repository = ?
"""

_COUNTS: Final = """
SELECT
    (SELECT count(DISTINCT repository) FROM digest WHERE is_held),
    (SELECT count(*) FROM digest WHERE is_held),
    (SELECT count(*) FROM (SELECT DISTINCT algorithm, hash FROM digest WHERE is_held)),
    (SELECT count(*) FROM (SELECT DISTINCT repository, algorithm, hash FROM tag))
"""

_Key = tuple[int, bytes]
_BEFORE_ALL: Final[_Key] = (0, b"")


@attrs.define(eq=False)
class Database:
    """One open database, for one thread at a time."""

    _path: Path | None
    _connection: sqlite3.Connection

    @classmethod
    def opened(cls, path: Path | None) -> Self:
        """Open the inventory at `path`, or a temporary one for None.

        Raises:
            FileProblem: the file is something else, of another version, in use, or cannot be written.
        """
        return cls(path, connect(path))

    def close(self) -> None:
        """Close it; a temporary database is gone then."""
        with foreign_errors_mapped(self._path):
            self._connection.close()

    def put(self, listing: Listing, read_at: float) -> None:
        """Keep `listing`, in place of what was known of its repository; all of it or nothing."""
        with foreign_errors_mapped(self._path), transaction(self._connection):
            self._forget(listing.repository)
            repository_id = self._insert_repository(listing, read_at)
            digests = _digest_rows(repository_id, listing, self._media_types(listing))
            self._connection.executemany("INSERT INTO digest VALUES (?, ?, ?, ?, ?, ?, ?)", digests)
            tags = ((repository_id, *_key(digest), tag) for tag, digest in listing.tags.items())
            self._connection.executemany("INSERT INTO tag VALUES (?, ?, ?, ?)", tags)

    def get(self, repository: Repository) -> Listing | None:
        """What is known of `repository`; None where nothing is."""
        with foreign_errors_mapped(self._path):
            query = "SELECT id, is_whole, children FROM repository WHERE host = ? AND path = ?"
            found = self._connection.execute(query, (repository.host, repository.path)).fetchone()
            return self._listing(repository, *found) if found else None

    def forget(self, repository: Repository) -> None:
        """Let go what is known of `repository`."""
        with foreign_errors_mapped(self._path), transaction(self._connection):
            self._forget(repository)

    def counts(self) -> Counts:
        """How much there is."""
        with foreign_errors_mapped(self._path):
            names, images, digests, tagged = self._connection.execute(_COUNTS).fetchone()
            (tags,) = self._connection.execute("SELECT count(*) FROM tag").fetchone()
        return Counts(names=names, images=images, digests=digests, tags=tags, rows=tags + images - tagged)

    def rows_after(self, last: Row | None, count: int) -> list[Row]:
        """The next `count` rows behind `last`, or the first ones, sorted by repository, digest and tag."""
        rows: list[Row] = []
        with foreign_errors_mapped(self._path):
            for repository_id, repository in self._repositories_from(last):
                key: _Key = _BEFORE_ALL
                tag: str | None = ""
                if last and last.repository == repository:
                    key, tag = _key(last.digest), last.tag
                parameters = (repository_id, *key, *key, tag, count - len(rows))
                for algorithm, digest_hash, name in self._connection.execute(_ROWS, parameters):
                    rows.append(Row(repository, _digest(algorithm, digest_hash), name))
                if len(rows) >= count:
                    break
        return rows

    def _repositories_from(self, last: Row | None) -> Iterator[tuple[int, Repository]]:
        query = "SELECT id, host, path FROM repository WHERE (host, path) >= (?, ?) ORDER BY host, path"
        start = (last.repository.host, last.repository.path) if last else ("", "")
        for repository_id, host, path in self._connection.execute(query, start):
            yield repository_id, Repository(Host(host), path)

    def _forget(self, repository: Repository) -> None:
        query = "SELECT id FROM repository WHERE host = ? AND path = ?"
        found = self._connection.execute(query, (repository.host, repository.path)).fetchone()
        if found:
            self._connection.execute("DELETE FROM tag WHERE repository = ?", found)
            self._connection.execute("DELETE FROM digest WHERE repository = ?", found)
            self._connection.execute("DELETE FROM repository WHERE id = ?", found)

    def _insert_repository(self, listing: Listing, read_at: float) -> int:
        repository = listing.repository
        statement = "INSERT INTO repository (host, path, read_at, is_whole, children) VALUES (?, ?, ?, ?, ?)"
        values = (repository.host, repository.path, read_at, listing.asked is None, "\n".join(listing.children))
        self._connection.execute(statement, values)
        (repository_id,) = self._connection.execute("SELECT last_insert_rowid()").fetchone()
        return int(repository_id)

    def _media_types(self, listing: Listing) -> dict[str, int]:
        names = sorted({described.media_type for described in listing.described.values()})
        self._connection.executemany("INSERT OR IGNORE INTO media_type (name) VALUES (?)", ((name,) for name in names))
        query = "SELECT id FROM media_type WHERE name = ?"
        return {name: self._connection.execute(query, (name,)).fetchone()[0] for name in names}

    def _listing(self, repository: Repository, repository_id: int, is_whole: int, children: str) -> Listing:
        digests, asked, described = set(), set(), {}
        for algorithm, digest_hash, is_held, was_asked, media_type, size_bytes in self._connection.execute(
            _DIGESTS, (repository_id,)
        ):
            digest = _digest(algorithm, digest_hash)
            if is_held:
                digests.add(digest)
            if was_asked:
                asked.add(digest)
            if media_type is not None:
                described[digest] = Described(media_type=media_type, size_bytes=size_bytes)
        query = "SELECT name, algorithm, hash FROM tag WHERE repository = ?"
        tags = self._connection.execute(query, (repository_id,))
        return Listing(
            repository=repository,
            digests=digests,
            tags={Tag(name): _digest(algorithm, digest_hash) for name, algorithm, digest_hash in tags},
            asked=None if is_whole else asked,
            described=described,
            children=tuple(ImageName(child) for child in children.split("\n") if child),
        )


def _digest_rows(
    repository_id: int, listing: Listing, media_types: dict[str, int]
) -> Iterator[tuple[int, int, bytes, bool, bool, int | None, int | None]]:
    asked = listing.asked or frozenset()
    # In order, each row goes to the end of the table's tree; at random, half of its pages would be split.
    for digest in sorted(listing.digests | asked):
        described = listing.described.get(digest)
        media_type = media_types[described.media_type] if described else None
        size_bytes = described.size_bytes if described else None
        yield repository_id, *_key(digest), digest in listing.digests, digest in asked, media_type, size_bytes


def _key(digest: Digest) -> _Key:
    algorithm, _, hexadecimal = digest.partition(":")
    return int(algorithm.removeprefix("sha")), bytes.fromhex(hexadecimal)


def _digest(algorithm: int, digest_hash: bytes) -> Digest:
    return Digest(f"sha{algorithm}:{digest_hash.hex()}")
