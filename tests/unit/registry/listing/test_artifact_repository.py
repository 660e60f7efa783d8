"""Which of Artifact Registry's repositories an image name is in, and what the API calls it."""

import pytest

from cip_async.reference import Host, parse_repository
from cip_async.registry.listing.artifact_repository import ArtifactRepository, is_artifact_registry

WEST = Host("us-west1-docker.pkg.dev")
PLAIN = ArtifactRepository(WEST, "prod/images")
OF_DOMAIN = ArtifactRepository(WEST, "example.com/prod/images")


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        (f"{WEST}/prod/images/etcd", PLAIN),
        (f"{WEST}/prod/images/deep/er/etcd", PLAIN),
        (f"{WEST}/example.com/prod/images/etcd", OF_DOMAIN),
        (f"{WEST}/prod/images", None),
        (f"{WEST}/example.com/prod/images", None),
        ("gcr.io/prod/images/etcd", None),
        ("registry.example/prod/images/etcd", None),
    ],
)
def test_image_names_are_in_the_repository_that_their_path_begins_with(
    name: str, parent: ArtifactRepository | None
) -> None:
    assert ArtifactRepository.of(parse_repository(name)) == parent


@pytest.mark.parametrize(
    ("parent", "resource"),
    [
        (PLAIN, "projects/prod/locations/us-west1/repositories/images"),
        (OF_DOMAIN, "projects/example.com:prod/locations/us-west1/repositories/images"),
        (ArtifactRepository(Host(f"{WEST}:443"), "p/r"), "projects/p/locations/us-west1/repositories/r"),
    ],
)
def test_the_api_calls_it_by_project_location_and_name(parent: ArtifactRepository, resource: str) -> None:
    assert parent.resource == resource


@pytest.mark.parametrize(
    ("parent", "uri", "path"),
    [
        (PLAIN, f"{WEST}/prod/images/deep/etcd", "prod/images/deep/etcd"),
        (OF_DOMAIN, f"{WEST}/example.com/prod/images/etcd", "example.com/prod/images/etcd"),
        (OF_DOMAIN, f"{WEST}/example.com:prod/images/etcd", "example.com/prod/images/etcd"),
        (ArtifactRepository(Host(f"{WEST}:443"), "prod/images"), f"{WEST}/prod/images/etcd", "prod/images/etcd"),
        (PLAIN, f"{WEST}/prod/images-too/etcd", None),
        (PLAIN, f"{WEST}/prod/images", None),
        (PLAIN, "eu-docker.pkg.dev/prod/images/etcd", None),
        (PLAIN, "", None),
    ],
)
def test_what_the_api_names_is_found_by_its_path(parent: ArtifactRepository, uri: str, path: str | None) -> None:
    assert parent.path_within(uri) == path


@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        (WEST, True),
        ("us-docker.pkg.dev:443", True),
        ("us-python.pkg.dev", False),
        ("-docker.pkg.dev", False),
        ("us-docker.pkg.dev.example", False),
        ("gcr.io", False),
    ],
)
def test_artifact_registrys_hosts_are_known_by_name(host: str, is_one: bool) -> None:
    assert is_artifact_registry(Host(host)) is is_one
