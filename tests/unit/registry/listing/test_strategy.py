"""Which hosts are listed the way Google's registries allow."""

import pytest

from cip_async.reference import Host
from cip_async.registry.listing.strategy import Strategies, Strategy, is_google

API = "artifactregistry.googleapis.com"
WEST = Host("us-west1-docker.pkg.dev")


@pytest.mark.parametrize("host", ["gcr.io", "us.gcr.io", "asia.gcr.io:443"])
def test_container_registrys_names_are_known(host: str) -> None:
    assert Strategies().of(Host(host)) is Strategy.GOOGLE
    assert is_google(Host(host))


@pytest.mark.parametrize("host", [WEST, "us-docker.pkg.dev:443"])
def test_artifact_registrys_names_are_known(host: str) -> None:
    assert Strategies().of(Host(host)) is Strategy.ARTIFACT_REGISTRY
    assert is_google(Host(host))


@pytest.mark.parametrize(
    ("elsewhere", "strategy"),
    [
        ({WEST}, Strategy.GOOGLE),
        ({WEST, API}, Strategy.ARTIFACT_REGISTRY),
        ({API}, Strategy.ARTIFACT_REGISTRY),
        ({"us-docker.pkg.dev"}, Strategy.ARTIFACT_REGISTRY),
    ],
)
def test_the_api_is_not_asked_about_what_stands_in_for_a_registry(elsewhere: set[str], strategy: Strategy) -> None:
    assert Strategies(is_elsewhere=elsewhere.__contains__).of(WEST) is strategy


def test_what_the_operator_chose_holds_wherever_a_host_is_served() -> None:
    chosen = {WEST: Strategy.ARTIFACT_REGISTRY, Host("eu-docker.pkg.dev"): Strategy.GOOGLE}
    strategies = Strategies(chosen, is_elsewhere=lambda host: host == WEST)
    assert [strategies.of(host) for host in chosen] == list(chosen.values())


def test_only_plain_registries_are_none_of_googles() -> None:
    assert [strategy for strategy in Strategy if not strategy.is_google] == [Strategy.OCI]


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
