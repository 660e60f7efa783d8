"""How digests and media types are stored: as few bytes as they need, and names once."""

import sqlite3

from cip_async.reference import Digest

Key = tuple[int, bytes]
"""A digest: the number of its algorithm, and its bytes (32 for sha256, 64 for sha512)."""


def key_of(digest: Digest) -> Key:
    """The digest as it is stored."""
    algorithm, _, hexadecimal = digest.partition(":")
    return int(algorithm.removeprefix("sha")), bytes.fromhex(hexadecimal)


def digest_of(algorithm: int, digest_hash: bytes) -> Digest:
    """The digest that was stored."""
    return Digest(f"sha{algorithm}:{digest_hash.hex()}")


def media_type_ids(connection: sqlite3.Connection, names: set[str]) -> dict[str, int]:
    """The number that stands for each media type, which is given to those that have none yet."""
    ordered = sorted(names)
    connection.executemany("INSERT OR IGNORE INTO media_type (name) VALUES (?)", ((name,) for name in ordered))
    query = "SELECT id FROM media_type WHERE name = ?"
    return {name: connection.execute(query, (name,)).fetchone()[0] for name in ordered}
