"""What the inventory's statements promise: listings come back as they were, and rows come sorted."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cip_async.inventory.database import Database
from cip_async.inventory.rows import Row
from cip_async.model.listing import Described, Listing
from cip_async.reference import Digest, Host, ImageName, Repository, Tag

FOO = Repository(Host("us.example"), "prod/foo")
BAR = Repository(Host("us.example"), "prod/bar")
A, B, C = (Digest(f"sha256:{letter * 64}") for letter in "abc")
LONG = Digest("sha512:" + "0" * 128)
INDEX = "application/vnd.oci.image.index.v1+json"

LISTINGS = {
    "empty": Listing(repository=FOO, digests=frozenset(), tags={}),
    "whole": Listing(
        repository=FOO,
        digests={A, B, LONG},
        tags={Tag("1.10"): A, Tag("latest"): A, Tag("long"): LONG},
        described={A: Described(media_type=INDEX, size_bytes=None), B: Described(media_type="x/y", size_bytes=0)},
        children=(ImageName("one"), ImageName("two-three")),
    ),
    "asked": Listing(repository=FOO, digests={A, C}, tags={Tag("v1"): A}, asked={B, C}),
    "asked for nothing": Listing(repository=FOO, digests=frozenset(), tags={}, asked=frozenset()),
}


@pytest.fixture
def database() -> Iterator[Database]:
    with contextlib.closing(Database.opened(None)) as opened:
        yield opened


@pytest.mark.parametrize("name", LISTINGS)
def test_a_listing_comes_back_as_it_was(name: str, database: Database) -> None:
    database.put(LISTINGS[name], read_at=1.0)
    assert_same(database.get(FOO), LISTINGS[name])


def test_a_listing_replaces_what_was_known(database: Database) -> None:
    database.put(LISTINGS["whole"], read_at=1.0)
    database.put(LISTINGS["asked"], read_at=2.0)
    assert_same(database.get(FOO), LISTINGS["asked"])


def test_of_a_repository_never_listed_nothing_is_known(database: Database) -> None:
    database.put(LISTINGS["whole"], read_at=1.0)
    assert database.get(BAR) is None


def test_a_repository_is_forgotten_alone(database: Database) -> None:
    database.put(LISTINGS["whole"], read_at=1.0)
    database.put(Listing(repository=BAR, digests={A}, tags={}), read_at=1.0)
    database.forget(FOO)
    assert database.get(FOO) is None
    assert database.rows_after(None, 9) == [Row(BAR, A, None)]


def test_what_was_asked_for_and_is_absent_makes_no_row(database: Database) -> None:
    database.put(LISTINGS["asked"], read_at=1.0)
    assert database.rows_after(None, 9) == [Row(FOO, A, Tag("v1")), Row(FOO, C, None)]


def test_what_is_added_joins_what_was_listed_and_leaves_when(database: Database) -> None:
    database.put(LISTINGS["asked"], read_at=5.0)
    added = Listing(
        repository=FOO,
        digests={B, LONG},
        tags={Tag("v2"): B},
        asked={B, LONG},
        described={B: Described(media_type=INDEX, size_bytes=7)},
    )
    database.extend([added, added])
    recalled = database.recall(FOO)
    assert recalled is not None
    listing, read_at = recalled
    assert (listing.digests, listing.asked) == ({A, B, C, LONG}, {B, C, LONG})
    assert listing.tags == {"v1": A, "v2": B}
    assert listing.described == {B: Described(media_type=INDEX, size_bytes=7)}
    assert read_at == 5.0


def test_what_is_added_takes_back_nothing(database: Database) -> None:
    database.put(LISTINGS["whole"], read_at=1.0)
    database.extend([Listing(repository=FOO, digests=frozenset(), tags={}, asked={A})])
    listing = database.get(FOO)
    assert listing is not None
    assert (listing.digests, listing.asked) == ({A, B, LONG}, None)
    assert listing.described == LISTINGS["whole"].described


def test_a_tag_that_is_added_points_to_one_digest_alone(database: Database) -> None:
    database.put(LISTINGS["asked"], read_at=1.0)
    database.extend([Listing(repository=FOO, digests={B}, tags={Tag("v1"): B}, asked={B})])
    assert database.rows_after(None, 9) == [Row(FOO, A, None), Row(FOO, B, Tag("v1")), Row(FOO, C, None)]


def test_to_a_repository_that_was_never_listed_nothing_is_added(database: Database) -> None:
    database.put(LISTINGS["asked"], read_at=1.0)
    database.extend([Listing(repository=BAR, digests={A}, tags={}, asked={A})])
    assert database.recall(BAR) is None
    assert database.rows_after(None, 9) == [Row(FOO, A, Tag("v1")), Row(FOO, C, None)]


def test_a_repository_that_was_elsewhere_is_not_recalled(database: Database) -> None:
    database.put(LISTINGS["whole"], read_at=1.0, place="http://localhost:5000/prod/foo")
    assert database.recall(FOO, "https://us.example:443/prod/foo") is None
    recalled = database.recall(FOO, "http://localhost:5000/prod/foo")
    assert recalled is not None
    assert_same(recalled[0], LISTINGS["whole"])


repositories = st.builds(Repository, st.sampled_from([Host("b.io"), Host("a.io")]), st.sampled_from(["a", "a/b", "b"]))
digests = st.sampled_from([A, B, C, LONG, Digest("sha512:" + "d" * 128)])
contents = st.dictionaries(digests, st.lists(st.integers(0, 20), max_size=6, unique=True), max_size=5)


@settings(deadline=None, max_examples=50)
@given(inventory=st.dictionaries(repositories, contents, max_size=6), rows_at_once=st.integers(1, 5))
def test_rows_come_sorted_and_each_once_in_chunks_of_any_size(
    inventory: dict[Repository, dict[Digest, list[int]]], rows_at_once: int
) -> None:
    with contextlib.closing(Database.opened(None)) as database:
        expected: set[tuple[Repository, Digest, str]] = set()
        for repository, content in inventory.items():
            tags = {
                Tag(f"{digest[-1]}{digest[3]}{number}"): digest for digest, names in content.items() for number in names
            }
            database.put(Listing(repository=repository, digests=set(content), tags=tags), read_at=1.0)
            expected |= {(repository, digest, tag) for tag, digest in tags.items()}
            expected |= {(repository, digest, "") for digest in content if digest not in tags.values()}
        found: list[Row] = []
        while chunk := database.rows_after(found[-1] if found else None, rows_at_once):
            assert len(chunk) <= rows_at_once
            found += chunk
        assert [(row.repository, row.digest, row.tag or "") for row in found] == sorted(expected)


def test_a_listing_that_cannot_be_kept_leaves_the_one_before(database: Database) -> None:
    database.put(LISTINGS["whole"], read_at=1.0)
    with pytest.raises(ValueError, match="non-hexadecimal"):
        database.put(Listing(repository=FOO, digests={A, Digest("sha256:zz")}, tags={}), read_at=2.0)
    assert_same(database.get(FOO), LISTINGS["whole"])


KILLED = """
import os, signal, sys
from pathlib import Path
from cip_async.inventory.database import Database
from cip_async.model.listing import Listing
from cip_async.reference import Digest, Host, Repository

class Deadly(dict):
    def items(self):
        os.kill(os.getpid(), signal.SIGKILL)

foo = Repository(Host("us.example"), "prod/foo")
database = Database.opened(Path(sys.argv[1]))
database.put(Listing(repository=foo, digests={Digest("sha256:" + "a" * 64)}, tags={}), read_at=1.0)
more = {Digest(f"sha256:{number:064x}") for number in range(20_000)}
database.put(Listing(repository=foo, digests=more, tags=Deadly()), read_at=2.0)
"""


def test_a_kill_in_the_middle_of_a_listing_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "inventory"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    database = Database.opened(path)
    assert_same(database.get(FOO), Listing(repository=FOO, digests={A}, tags={}))
    database.close()


def assert_same(found: Listing | None, expected: Listing) -> None:
    assert found is not None
    assert found.repository == expected.repository
    assert found.digests == expected.digests
    assert found.tags == expected.tags
    assert found.asked == expected.asked
    assert found.described == expected.described
    assert found.children == expected.children
