"""What is a name, and what only looks like one."""

import pytest

from cip_async.errors import InvalidReference
from cip_async.reference import parse_host, parse_registry_path


@pytest.mark.parametrize("host", ["[::1]", "[::1]:5000", "[fe80::1:2]", "[::]", "[2001:db8::ffff]:443"])
def test_an_address_of_version_6_is_a_host(host: str) -> None:
    assert parse_host(host) == host


@pytest.mark.parametrize(
    ("written", "host"),
    [("[::0001]:5", "[::1]:5"), ("[0:0:0:0:0:0:0:1]", "[::1]"), ("[2001:DB8:0::7]:443", "[2001:db8::7]:443")],
)
def test_an_address_is_the_same_host_however_it_is_written(written: str, host: str) -> None:
    assert parse_host(written) == host


@pytest.mark.parametrize(
    "host", ["[::::]", "[1::2::3]", "[fffff::]", "[12:]", "[::1]:", "[::1]:0", "[1:2:3:4:5:6:7:8:9]", "[::ffff:a00:1]"]
)
def test_what_only_looks_like_an_address_is_no_host(host: str) -> None:
    with pytest.raises(InvalidReference) as refused:
        parse_host(host)
    expected = "expected a host name or address, with an optional port: us.gcr.io, localhost:5000"
    assert str(refused.value) == f"host {host!r} is malformed: {expected}"
    with pytest.raises(InvalidReference, match=r"^registry '.*' is malformed: expected a host and a path"):
        parse_registry_path(f"{host}/prod")
