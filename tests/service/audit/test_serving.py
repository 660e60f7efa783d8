"""The service is bounded in time and size, tells that it is alive, and survives clients that misbehave."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import anyio
import attrs
import pytest

from cip_async.audit.happenings import Deferred, Heartbeat
from cip_async.audit.keeper import Manifests
from cip_async.audit.limits import AuditLimits
from cip_async.audit.service import served
from cip_async.errors import InvalidSettings
from cip_async.fake_registry.images import single
from tests.service.audit.conftest import QUICK, Client, Serve
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

APP = "us.gcr.io/prod/app"
Start = Callable[..., Awaitable[Client]]


class Stuck:
    """A source of manifests that never answers."""

    async def read(self, held: str | None) -> Manifests | None:
        await anyio.sleep_forever()
        return None


async def raw(client: Client, *pieces: bytes) -> bytes:
    """What comes back when just these bytes are sent, each piece when the service has taken the one before."""
    parts = urlsplit(client.url)
    async with await anyio.connect_tcp(parts.hostname or "", parts.port or 0) as stream:
        for piece in pieces:
            await stream.send(piece)
            await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(10):
            return await stream.receive()


async def test_a_request_that_takes_too_long_is_put_off(staging: Staging, serve_auditor: Serve) -> None:
    limits = attrs.evolve(QUICK, request_s=0.01)
    client = await serve_auditor(Stuck(), staging, limits=limits, wait=False)
    assert await client.event("INSERT", digest=f"{APP}@sha256:{'11' * 32}") == (
        503,
        {"problem": "the time for one request is over"},
    )
    assert [each.reason for each in client.told.of(Deferred)] == ["the time for one request is over"]
    assert (await client.get("readyz"))[0] == 503
    assert (await client.get("healthz"))[0] == 200


async def test_a_body_that_does_not_come_does_not_wait_for_ever(staging: Staging, auditor: Start) -> None:
    staging.push("app", single(seed="image"), "v1")
    client = await auditor(limits=attrs.evolve(QUICK, request_s=0.01))
    told = await raw(client, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert told.startswith(b"HTTP/1.1 503 ")


async def test_a_body_whose_pieces_are_malformed_ends(staging: Staging, auditor: Start) -> None:
    staging.push("app", single(seed="image"), "v1")
    client = await auditor(limits=attrs.evolve(QUICK, request_s=0.5))
    headers = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    told = await raw(client, headers + b"1\r\n{\r\n", b"zz\r\n")
    # Of aiohttp's two parsers, the one in C tells its reader nothing: then the time for the request ends it. And where
    # both pieces arrive together, the request is refused before anything of it is handled.
    assert told.split()[1] in (b"400", b"503")


async def test_a_client_that_breaks_the_rules_of_http_is_answered_and_not_logged(
    staging: Staging, auditor: Start, caplog: pytest.LogCaptureFixture
) -> None:
    staging.push("app", single(seed="image"), "v1")
    client = await auditor()
    told = await raw(client, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    assert told.partition(b"\r\n")[0].endswith(b" 400 Bad Request")
    assert caplog.messages == []


async def test_a_client_that_goes_away_in_the_middle_harms_nobody(staging: Staging, auditor: Start) -> None:
    image = single(seed="image")
    staging.push("app", image, "v1")
    client = await auditor()
    parts = urlsplit(client.url)
    for _ in range(3):
        async with await anyio.connect_tcp(parts.hostname or "", parts.port or 0) as stream:
            await stream.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert await client.verdict("INSERT", digest=f"{APP}@{image.digest}") == "verified"


async def test_a_heartbeat_tells_what_was_judged(staging: Staging, auditor: Start) -> None:
    image = single(seed="image")
    staging.push("app", image, "v1")
    client = await auditor(limits=attrs.evolve(QUICK, heartbeat_s=0.01))
    await client.verdict("INSERT", digest=f"{APP}@{image.digest}")
    await client.verdict("DELETE", digest=f"{APP}@{image.digest}")
    beats = len(client.told.of(Heartbeat))
    beat = await client.told.until(Heartbeat, beats + 1)
    assert (beat.verified, beat.rejected, beat.deferred) == (1, 1, 0)
    assert beat.manifests_age_s >= 0


async def test_a_port_that_cannot_be_had_is_a_clear_error(staging: Staging, auditor: Start) -> None:
    staging.push("app", single(seed="image"), "v1")
    client = await auditor()
    port = urlsplit(client.url).port or 0
    with pytest.raises(InvalidSettings, match="Address already in use"):
        async with served(  # the application does not matter
            None,  # type: ignore[arg-type]  # it is never reached
            address="127.0.0.1",
            port=port,
            limits=AuditLimits(),
        ):
            pytest.fail("the port was taken")
