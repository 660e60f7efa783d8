"""What may be written, and where."""

import pytest

from cip_async.errors import WriteRefused
from cip_async.reference import Host, Repository
from cip_async.registry.guard import Guard

STAGING, PROD = Repository(Host("gcr.io"), "staging/foo"), Repository(Host("gcr.io"), "prod/foo")
WRITES = ("POST", "PUT", "PATCH", "DELETE", "put", "ANYTHING")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reads_are_always_allowed(method: str) -> None:
    guard = Guard(writable=False)
    guard.protect([STAGING])
    for repository in (STAGING, PROD, None):
        guard.check(method, repository)


@pytest.mark.parametrize("method", WRITES)
def test_a_dry_run_refuses_every_other_method(method: str) -> None:
    with pytest.raises(WriteRefused, match=f"refused to send {method} to gcr.io/prod/foo: this is a dry run"):
        Guard(writable=False).check(method, PROD)


@pytest.mark.parametrize("method", WRITES)
def test_a_source_is_never_written(method: str) -> None:
    guard = Guard(writable=True)
    guard.protect([STAGING])
    guard.protect([])
    guard.check(method, PROD)
    with pytest.raises(WriteRefused, match="sources are read-only"):
        guard.check(method, STAGING)


def test_a_source_of_one_run_may_be_a_mirror_of_the_next() -> None:
    guard = Guard(writable=True)
    guard.begin([STAGING])
    guard.protect([PROD])
    guard.begin([PROD])
    guard.check("PUT", STAGING)
    with pytest.raises(WriteRefused, match="sources are read-only"):
        guard.check("PUT", PROD)


def test_a_source_is_known_by_its_place_not_by_its_name() -> None:
    guard = Guard(writable=True, place=lambda repository: repository.path)
    guard.protect([STAGING])
    with pytest.raises(WriteRefused):
        guard.check("PUT", Repository(Host("mirror.example"), STAGING.path))


def test_a_write_must_say_where_it_goes() -> None:
    with pytest.raises(WriteRefused, match="a write must name its repository"):
        Guard(writable=True).check("POST", None)
