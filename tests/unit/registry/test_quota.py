"""The rates that hosts grant by their names."""

import pytest

from cip_async.reference import Host
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.quota import usual_rate
from cip_async.settings import ARTIFACT_REGISTRY_RATE, Rate


@pytest.mark.parametrize("host", ["gcr.io", "us.gcr.io", "us-west1-docker.pkg.dev", "artifactregistry.googleapis.com"])
def test_googles_registries_grant_what_artifact_registry_documents(host: str) -> None:
    assert usual_rate(Endpoints())(Host(host)) == ARTIFACT_REGISTRY_RATE


@pytest.mark.parametrize("host", ["registry.example", "localhost:5000"])
def test_of_others_no_rate_is_known(host: str) -> None:
    assert usual_rate(Endpoints())(Host(host)) == Rate()


def test_a_name_that_this_machine_stands_for_has_no_quota() -> None:
    endpoints = Endpoints({"gcr.io": "http://127.0.0.1:5000", "us.gcr.io": "https://private.example"})
    assert usual_rate(endpoints)(Host("gcr.io")) == Rate()
    assert usual_rate(endpoints)(Host("us.gcr.io")) == ARTIFACT_REGISTRY_RATE
