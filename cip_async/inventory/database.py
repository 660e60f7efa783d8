"""The statements on the inventory's database: keep a listing, give it back, stream all rows in order.

Everything here blocks; `cip_async.inventory.store` keeps it off the event loop. Names of repositories and media types
are stored once.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Self

import attrs

from cip_async.inventory.archive import Archive
from cip_async.inventory.counts import Counts
from cip_async.inventory.keys import Key, digest_of, key_of, media_type_ids
from cip_async.inventory.rows import Row
from cip_async.inventory.schema import connect, foreign_errors_mapped, transaction
from cip_async.model.listing import Described, Listing
from cip_async.reference import Host, ImageName, Repository, Tag

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

_ADD_DIGEST: Final = """
INSERT INTO digest VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (repository, algorithm, hash) DO UPDATE SET
    is_held = max(is_held, excluded.is_held),
    was_asked = max(was_asked, excluded.was_asked),
    media_type = coalesce(excluded.media_type, media_type),
    size_bytes = coalesce(excluded.size_bytes, size_bytes)
"""

_COUNTS: Final = """
SELECT
    (SELECT count(DISTINCT repository) FROM digest WHERE is_held),
    (SELECT count(*) FROM digest WHERE is_held),
    (SELECT count(*) FROM (SELECT DISTINCT algorithm, hash FROM digest WHERE is_held)),
    (SELECT count(*) FROM (SELECT DISTINCT repository, algorithm, hash FROM tag))
"""

_BEFORE_ALL: Final[Key] = (0, b"")


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

    def archive(self, most_bytes: int) -> Archive:
        """The documents in the same database, which may have `most_bytes` in all."""
        return Archive.of(self._path, self._connection, most_bytes)

    def put(self, listing: Listing, read_at: float, place: str = "") -> None:
        """Keep `listing`, in place of what was known of its repository; all of it or nothing.

        `place` is where the repository really was when it was listed, whatever its host's name led to.
        """
        with foreign_errors_mapped(self._path), transaction(self._connection):
            self._forget(listing.repository)
            repository_id = self._insert_repository(listing, read_at, place)
            digests = _digest_rows(repository_id, listing, self._media_types(listing))
            self._connection.executemany("INSERT INTO digest VALUES (?, ?, ?, ?, ?, ?, ?)", digests)
            tags = ((repository_id, *key_of(digest), tag) for tag, digest in listing.tags.items())
            self._connection.executemany("INSERT INTO tag VALUES (?, ?, ?, ?)", tags)

    def get(self, repository: Repository) -> Listing | None:
        """What is known of `repository`; None where nothing is."""
        with foreign_errors_mapped(self._path):
            found = self._find(repository)
            return self._listing(repository, *found[:3]) if found else None

    def extend(self, listings: Iterable[Listing]) -> None:
        """Add what `listings` say to what is known of their repositories; of one never listed nothing is kept.

        When a repository was listed stays as it was: what came later is as good as what was there then.
        """
        with foreign_errors_mapped(self._path), transaction(self._connection):
            for listing in listings:
                found = self._find(listing.repository)
                if found is not None:
                    self._add(found[0], listing)

    def recall(self, repository: Repository, place: str = "") -> tuple[Listing, float] | None:
        """What is known of `repository`, and when it was read; None where nothing is, or of another `place`."""
        with foreign_errors_mapped(self._path):
            found = self._find(repository)
            if found is None or found[4] != place:
                return None
            repository_id, is_whole, children, read_at, _ = found
            return self._listing(repository, repository_id, is_whole, children), read_at

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
                key: Key = _BEFORE_ALL
                tag: str | None = ""
                if last and last.repository == repository:
                    key, tag = key_of(last.digest), last.tag
                parameters = (repository_id, *key, *key, tag, count - len(rows))
                for algorithm, digest_hash, name in self._connection.execute(_ROWS, parameters):
                    rows.append(Row(repository, digest_of(algorithm, digest_hash), name))
                if len(rows) >= count:
                    break
        return rows

    def _repositories_from(self, last: Row | None) -> Iterator[tuple[int, Repository]]:
        query = "SELECT id, host, path FROM repository WHERE (host, path) >= (?, ?) ORDER BY host, path"
        start = (last.repository.host, last.repository.path) if last else ("", "")
        for repository_id, host, path in self._connection.execute(query, start):
            yield repository_id, Repository(Host(host), path)

    def _find(self, repository: Repository) -> tuple[int, int, str, float, str] | None:
        """Its number, whether it was listed whole, the repositories below it, when and where it was listed."""
        query = "SELECT id, is_whole, children, read_at, place FROM repository WHERE host = ? AND path = ?"
        found: tuple[int, int, str, float, str] | None
        found = self._connection.execute(query, (repository.host, repository.path)).fetchone()
        return found

    def _add(self, repository_id: int, listing: Listing) -> None:
        digests = _digest_rows(repository_id, listing, self._media_types(listing))
        self._connection.executemany(_ADD_DIGEST, digests)
        tags = {tag: key_of(digest) for tag, digest in listing.tags.items()}
        query = "SELECT algorithm, hash, name FROM tag WHERE repository = ?"
        for algorithm, digest_hash, name in self._connection.execute(query, (repository_id,)).fetchall():
            if tags.get(name, (algorithm, digest_hash)) != (algorithm, digest_hash):
                statement = "DELETE FROM tag WHERE repository = ? AND algorithm = ? AND hash = ? AND name = ?"
                self._connection.execute(statement, (repository_id, algorithm, digest_hash, name))
        rows = ((repository_id, *key, tag) for tag, key in tags.items())
        self._connection.executemany("INSERT OR IGNORE INTO tag VALUES (?, ?, ?, ?)", rows)

    def _forget(self, repository: Repository) -> None:
        found = self._find(repository)
        if found is not None:
            only = (found[0],)
            self._connection.execute("DELETE FROM tag WHERE repository = ?", only)
            self._connection.execute("DELETE FROM digest WHERE repository = ?", only)
            self._connection.execute("DELETE FROM repository WHERE id = ?", only)

    def _insert_repository(self, listing: Listing, read_at: float, place: str) -> int:
        repository = listing.repository
        statement = "INSERT INTO repository (host, path, place, read_at, is_whole, children) VALUES (?, ?, ?, ?, ?, ?)"
        children = "\n".join(listing.children)
        values = (repository.host, repository.path, place, read_at, listing.asked is None, children)
        self._connection.execute(statement, values)
        (repository_id,) = self._connection.execute("SELECT last_insert_rowid()").fetchone()
        return int(repository_id)

    def _media_types(self, listing: Listing) -> dict[str, int]:
        return media_type_ids(self._connection, {described.media_type for described in listing.described.values()})

    def _listing(self, repository: Repository, repository_id: int, is_whole: int, children: str) -> Listing:
        digests, asked, described = set(), set(), {}
        for algorithm, digest_hash, is_held, was_asked, media_type, size_bytes in self._connection.execute(
            _DIGESTS, (repository_id,)
        ):
            digest = digest_of(algorithm, digest_hash)
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
            tags={Tag(name): digest_of(algorithm, digest_hash) for name, algorithm, digest_hash in tags},
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
        yield repository_id, *key_of(digest), digest in listing.digests, digest in asked, media_type, size_bytes
