"""Hosts over loopback."""

import aiohttp
import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.host import FakeRegistries
from cip_async.fake_registry.server import Servers, serve

pytestmark = pytest.mark.anyio


async def test_each_host_is_served_on_a_port_of_its_own(registries: Servers, http: aiohttp.ClientSession) -> None:
    assert list(registries.endpoints) == ["gcr.io", "eu.gcr.io", "us.gcr.io"]
    assert len(set(registries.endpoints.values())) == 3
    for endpoint in registries.endpoints.values():
        async with http.get(f"{endpoint}/v2/") as response:
            assert (response.status, await response.json()) == (200, {})


async def test_what_was_pushed_into_a_store_is_served(registries: Servers, http: aiohttp.ClientSession) -> None:
    image = images.single(seed="a")
    images.push(registries["gcr.io"].store, "staging/a", image, ["v1"])
    url = f"{registries.endpoints['gcr.io']}/v2/staging/a/manifests/v1"
    async with http.get(url, headers={"Accept": image.media_type}) as response:
        assert await response.read() == image.body
        assert response.headers["Docker-Content-Digest"] == image.digest
        assert response.headers["Content-Type"] == image.media_type


async def test_an_error_inside_the_registry_is_raised_when_the_serving_ends(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    registries = FakeRegistries("gcr.io")
    with pytest.raises(ExceptionGroup, match="the fake registry failed") as raised:  # noqa: PT012 - the end of it raises
        async with serve(registries) as servers:
            monkeypatch.setattr(registries["gcr.io"], "latency", None)
            async with http.get(f"{servers.endpoints['gcr.io']}/v2/") as response:
                assert response.status == 500
    assert [type(error) for error in raised.value.exceptions] == [AttributeError]
