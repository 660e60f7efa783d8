"""Names that a public registry gives and that lead into inner networks: no connection is made there."""

import ssl
from pathlib import Path

import pytest
import trustme

from cip_async.errors import Unavailable
from cip_async.registry import session
from cip_async.registry.credentials.provider import BearerToken
from tests.service.registry.bodies import Pieces
from tests.service.registry.conftest import FOO, HOST, D, Open, Reach, Serve
from tests.service.registry.scripted import Reply, Scripted, Seen, ToLoopback

pytestmark = pytest.mark.anyio

THIEF = "storage.thief.net"
REFUSED = f"the name {THIEF} leads to a private address, where no public registry may send us, and was refused"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def certified(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("registry.org", THIEF).configure_cert(context)
    return context


@pytest.fixture
def ca_cert(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(autouse=True)
def _every_name_is_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "NameResolver", lambda patience_s: ToLoopback())


@pytest.fixture
async def inner(serve: Serve, certified: ssl.SSLContext) -> Scripted:
    """A service of the inner network, which trusts whoever reaches it; its certificate would even be believed."""
    return await serve(lambda _: Reply(201, body=b"blob"), certified)


@pytest.fixture
async def reached(serve: Serve, reach: Open, certified: ssl.SSLContext, ca_cert: Path, inner: Scripted) -> Reach:
    """A client of a public registry that names `inner` wherever it may name something."""

    def answer(seen: Seen) -> Reply:
        return Reply(202 if seen.method == "POST" else 307, {"Location": f"https://{THIEF}:{inner.port}/x"})

    registry = await serve(answer, certified)
    return await reach(
        endpoints={HOST: f"https://registry.org:{registry.port}"},
        ca_cert=ca_cert,
        resolver=ToLoopback(),
        credential=BearerToken(token="our-secret"),
    )


async def test_a_redirect_to_a_name_of_an_inner_address_is_not_followed(reached: Reach, inner: Scripted) -> None:
    with pytest.raises(Unavailable, match=REFUSED) as failed:
        async with reached.client.blob(FOO, D, 4):
            pass
    assert not failed.value.retryable
    assert inner.seen == []


async def test_an_upload_to_a_name_of_an_inner_address_is_not_sent(reached: Reach, inner: Scripted) -> None:
    session = await reached.client.start_upload(FOO)
    body = Pieces(b"blob")
    with pytest.raises(Unavailable, match=REFUSED) as failed:
        await reached.client.upload(session, D, body)
    assert not failed.value.retryable
    assert (inner.seen, body.sends) == ([], 0)
