"""Encryption: the system's authorities and the operator's own, and nobody else's."""

import ssl
from pathlib import Path

import pytest
import trustme

from cip_async.errors import FileProblem, Unavailable
from tests.service.registry.conftest import FOO, HOST, V1, D, Open, Serve
from tests.service.registry.scripted import Reply, Seen, ToLoopback

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_cert(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def served_as(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def loopback(authority: trustme.CA) -> ssl.SSLContext:
    return served_as(authority, "127.0.0.1")


@pytest.fixture(scope="module")
def elsewhere(authority: trustme.CA) -> ssl.SSLContext:
    return served_as(authority, "elsewhere.example")


@pytest.fixture(scope="module")
def public_names(authority: trustme.CA) -> ssl.SSLContext:
    return served_as(authority, "registry.org", "storage.registry.org", "auth.registry.org", "auth.cloud.net")


def answer(seen: Seen) -> Reply:
    return Reply(headers={"Docker-Content-Digest": D})


async def test_an_authority_of_ones_own_is_trusted(
    serve: Serve, reach: Open, loopback: ssl.SSLContext, ca_cert: Path
) -> None:
    reached = await reach(await serve(answer, loopback), ca_cert=ca_cert)
    assert await reached.client.head_manifest(FOO, V1) is not None


async def test_nobody_elses_certificate_is_trusted_and_the_way_out_is_named(
    serve: Serve, reach: Open, loopback: ssl.SSLContext
) -> None:
    registry = await serve(answer, loopback)
    with pytest.raises(Unavailable, match="certificate cannot be verified; --ca-cert") as refused:
        await (await reach(registry)).client.head_manifest(FOO, V1)
    assert not refused.value.retryable
    assert registry.seen == []


async def test_a_certificate_for_another_name_is_refused(
    serve: Serve, reach: Open, elsewhere: ssl.SSLContext, ca_cert: Path
) -> None:
    registry = await serve(answer, elsewhere)
    with pytest.raises(Unavailable, match="certificate cannot be verified"):
        await (await reach(registry, ca_cert=ca_cert)).client.head_manifest(FOO, V1)
    assert registry.seen == []


@pytest.fixture(params=[None, "", "no certificate"])
def no_certificates(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "mine.pem"
    if request.param is not None:
        path.write_text(request.param)
    return path


async def test_a_file_without_certificates_is_named(reach: Open, no_certificates: Path) -> None:
    with pytest.raises(FileProblem, match=r"mine\.pem: is no readable file of PEM certificates"):
        await reach(endpoints={HOST: "https://127.0.0.1:1"}, ca_cert=no_certificates)


async def test_storage_beside_a_registry_of_a_private_network_is_reached(
    serve: Serve, reach: Open, public_names: ssl.SSLContext, ca_cert: Path
) -> None:
    storage = await serve(lambda _: Reply(body=b"blob"), public_names)
    registry = await serve(
        lambda _: Reply(307, {"Location": f"https://storage.registry.org:{storage.port}/x"}), public_names
    )
    reached = await reach(
        endpoints={HOST: f"https://registry.org:{registry.port}"}, ca_cert=ca_cert, resolver=ToLoopback()
    )
    async with reached.client.blob(FOO, D, 4) as stream:
        assert [piece async for piece in stream.pieces] == [b"blob"]


@pytest.mark.parametrize(("name", "trusted"), [("auth.registry.org", ()), ("auth.cloud.net", ("auth.cloud.net",))])
async def test_a_token_service_of_the_registrys_domain_or_trusted_by_name_is_asked(
    serve: Serve, reach: Open, public_names: ssl.SSLContext, ca_cert: Path, name: str, trusted: tuple[str, ...]
) -> None:
    tokens = await serve(lambda _: Reply(body=b'{"token":"t"}'), public_names)
    realm = f'Bearer realm="https://{name}:{tokens.port}/token"'
    registry = await serve(
        lambda seen: answer(seen) if seen.authorization else Reply(401, {"WWW-Authenticate": realm}), public_names
    )
    reached = await reach(
        endpoints={HOST: f"https://registry.org:{registry.port}"},
        ca_cert=ca_cert,
        resolver=ToLoopback(),
        trusted_realms=frozenset(trusted),
    )
    assert await reached.client.head_manifest(FOO, V1) is not None
    assert [line.host for line in reached.transport.ledger.lines() if line.request_class == "token"] == [
        f"{name}:{tokens.port}"
    ]
