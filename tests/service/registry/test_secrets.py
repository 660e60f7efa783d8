"""No secret shows in a log, an error, a traceback, an event or a `repr`."""

import logging
import traceback
from collections.abc import Awaitable

import pytest

from cip_async.errors import CipError
from cip_async.registry.credentials.provider import BearerToken, Credential, IdentityToken, Password
from cip_async.settings import Timeouts
from tests.service.registry.bodies import Pieces
from tests.service.registry.conftest import FOO, ONE_TRY, V1, D, Open, Reach, Serve
from tests.service.registry.scripted import Reply, Seen

pytestmark = pytest.mark.anyio

SECRETS = ("pass-Marker", "cGFzcy1NYXJrZXI", "refresh-Marker", "ready-Marker", "bought-Marker", "signed-Marker")
CREDENTIALS = (
    Password(username="me", password="pass-Marker"),
    IdentityToken(token="refresh-Marker"),
    BearerToken(token="ready-Marker"),
)
FAILURES = (
    Reply(400),
    Reply(401),
    Reply(403, body=b"<html>"),
    Reply(404),
    Reply(500),
    Reply(body=b"too long " * 100),
    Reply(break_off=0),
    Reply(body=b"x" * 100, break_off=50),
    Reply(body=b"x" * 100, stall_after=50),
    Reply(307, {"Location": "http://127.0.0.1:1/x?sig=signed-Marker"}),
    Reply(307, {"Location": "https://me:signed-Marker@storage.example/x"}),
    Reply(307, {"Location": "http://storage.example:99999/x?sig=signed-Marker"}),
    Reply(202, {"Location": "ftp://storage.example/x?sig=signed-Marker"}),
    Reply(202, {"Location": "http://127.0.0.1:1/x?sig=signed-Marker"}),
    Reply(200, {"Link": '<http://127.0.0.1:1/x?sig=signed-Marker>; rel="next"'}, b'{"tags":[]}'),
)


async def all_that_is_shown(reached: Reach) -> list[str]:
    """Everything that operations show, whether they fail or not."""
    shown = []

    async def blob() -> object:
        async with reached.client.blob(FOO, D, 50) as stream:
            return [stream.answer, [piece async for piece in stream.pieces]]

    async def upload() -> object:
        session = await reached.client.start_upload(FOO)
        shown.append(repr(session))
        await reached.client.upload(session, D, Pieces(b"x"))
        return session

    operations: list[Awaitable[object]] = [
        reached.client.tags_page(FOO, n=9),
        reached.client.head_manifest(FOO, V1),
        blob(),
        upload(),
    ]
    for operation in operations:
        try:
            shown.append(repr(await operation))
        except CipError as error:
            shown += [str(error), repr(error), "".join(traceback.format_exception(error))]
    return [*shown, *map(repr, reached.events), *map(repr, reached.transport.ledger.lines())]


@pytest.mark.parametrize("credential", CREDENTIALS, ids=lambda credential: type(credential).__name__)
async def test_no_secret_shows_whatever_happens(
    serve: Serve, reach: Open, credential: Credential, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = [repr(credential)]
    for failure in FAILURES:

        def answer(seen: Seen, failure: Reply = failure) -> Reply:
            if seen.path == "/token":
                return Reply(body=b'{"token":"bought-Marker"}')
            if not (seen.authorization or "").startswith("Bearer"):
                return Reply(401, {"WWW-Authenticate": 'Bearer realm="/token?k=signed-Marker"'})
            return failure

        timeouts = Timeouts(connect_s=1.0, first_byte_s=0.05, stall_s=0.05)
        reached = await reach(await serve(answer), credential=credential, retries=ONE_TRY, timeouts=timeouts)
        shown += await all_that_is_shown(reached)
    text = "\n".join([*shown, caplog.text])
    assert "registry.example" in text
    assert [secret for secret in SECRETS if secret in text] == []


async def test_a_token_service_that_breaks_shows_no_secret(serve: Serve, reach: Open) -> None:
    for broken in (Reply(403, body=b"<html>"), Reply(break_off=0), Reply(body=b'{"token":"bought-Marker\\n"}')):

        def answer(seen: Seen, broken: Reply = broken) -> Reply:
            challenge = Reply(401, {"WWW-Authenticate": 'Bearer realm="/token?k=signed-Marker"'})
            return broken if seen.path == "/token" else challenge

        for credential in CREDENTIALS[:2]:
            reached = await reach(await serve(answer), credential=credential, retries=ONE_TRY)
            text = "\n".join(await all_that_is_shown(reached))
            assert [secret for secret in SECRETS if secret in text] == []
