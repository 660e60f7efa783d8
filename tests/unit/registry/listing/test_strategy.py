"""Which hosts are listed the way Google's registries allow."""

import pytest

from cip_async.reference import Host
from cip_async.registry.listing.strategy import Strategies, Strategy


@pytest.mark.parametrize("host", ["gcr.io", "us.gcr.io", "asia.gcr.io:443", "us-west1-docker.pkg.dev"])
def test_googles_registries_are_known_by_name(host: str) -> None:
    assert Strategies().of(Host(host)) is Strategy.GOOGLE


@pytest.mark.parametrize(
    "host", ["localhost:5000", "registry.k8s.io", "notgcr.io", "gcr.io.example", "us-west1-python.pkg.dev", "pkg.dev"]
)
def test_every_other_registry_is_plain(host: str) -> None:
    assert Strategies().of(Host(host)) is Strategy.OCI


def test_the_operator_has_the_last_word() -> None:
    strategies = Strategies({Host("gcr.io"): Strategy.OCI, Host("localhost:5000"): Strategy.GOOGLE})
    assert strategies.of(Host("gcr.io")) is Strategy.OCI
    assert strategies.of(Host("localhost:5000")) is Strategy.GOOGLE
    assert strategies.of(Host("us.gcr.io")) is Strategy.GOOGLE
