"""Hosts over loopback."""

import contextlib
import ssl

import aiohttp
import anyio
import anyio.lowlevel
import pytest
import trustme

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


@pytest.fixture
def certified() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server on 127.0.0.1 needs, and a client that trusts it."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    return server, client


async def test_a_host_is_served_over_tls(
    certified: tuple[ssl.SSLContext, ssl.SSLContext], http: aiohttp.ClientSession
) -> None:
    server, client = certified
    async with serve(FakeRegistries("gcr.io"), tls=server) as servers:
        assert servers.endpoints["gcr.io"].startswith("https://127.0.0.1:")
        async with http.get(f"{servers.endpoints['gcr.io']}/v2/", ssl=client) as response:
            assert response.status == 200


async def test_serving_ends_although_a_request_is_still_waiting(http: aiohttp.ClientSession) -> None:
    registries = FakeRegistries("gcr.io")
    host = registries["gcr.io"]
    host.latency.ms = 3_600_000
    async with anyio.create_task_group() as tasks:

        async def wait_for_an_answer() -> None:
            with contextlib.suppress(aiohttp.ClientError):
                await http.get(f"{servers.endpoints['gcr.io']}/v2/")

        with anyio.fail_after(30):
            async with serve(registries) as servers:
                tasks.start_soon(wait_for_an_answer)
                while not host.ledger.in_flight:
                    await anyio.lowlevel.checkpoint()
    assert (host.ledger.in_flight, host.failures) == (0, [])
