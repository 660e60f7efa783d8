"""Only requests that Google signed for this service, and this account, are listened to."""

import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest

from cip_async.audit.happenings import Audited, PushRefused
from cip_async.fake_registry.images import single
from cip_async.gcp.push_tokens import PushTokens
from cip_async.registry.google_http import GoogleHttp
from cip_async.registry.session import HttpSession
from cip_async.settings import Timeouts
from tests.service.audit.conftest import Client
from tests.service.audit.signing import ACCOUNT, AUDIENCE, Certificates, Key, certificates
from tests.service.staging import Staging
from tests.unit.audit.pushes import push

pytestmark = pytest.mark.anyio

MESSAGE = push({"action": "DELETE", "tag": "us.gcr.io/prod/app:v1"})


@cache
def key(name: str) -> Key:
    """Keys take long to make, so each is made once."""
    return Key(name)


@attrs.define
class Clock:
    """A clock that a test moves."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@attrs.frozen
class Guarded:
    """An auditor that asks for tokens, and those who serve it certificates."""

    client: Client
    published: Certificates
    clock: Clock

    async def push(self, authorization: str | None, body: bytes = MESSAGE) -> tuple[int, dict[str, Any]]:
        """Push a message with this header."""
        headers = None if authorization is None else {"Authorization": authorization}
        return await self.client.push(body, headers)

    async def status(self, token: str) -> int:
        """The status that a push with this token is answered with."""
        return (await self.push(f"Bearer {token}"))[0]


@pytest.fixture
async def guarded(staging: Staging, auditor: Callable[..., Awaitable[Client]]) -> AsyncIterator[Guarded]:
    key("one"), key("two")
    staging.push("app", single(seed="image"), "v1")
    session, clock = HttpSession(timeouts=Timeouts()), Clock()
    await session.open()
    async with certificates(key("one")) as published:
        tokens = PushTokens(
            GoogleHttp(session), audience=AUDIENCE, account=ACCOUNT, certificates_url=published.url, clock=clock
        )
        yield Guarded(await auditor(verify_token=tokens.verify), published, clock)
    await session.close()


async def test_a_push_with_a_token_of_the_subscription_is_judged(guarded: Guarded) -> None:
    assert await guarded.push(f"Bearer {key('one').token()}") == (200, {"verdict": "deletion"})


async def test_certificates_are_fetched_once_for_many_pushes(guarded: Guarded) -> None:
    for number in range(20):
        assert await guarded.status(key("one").token(sub=str(number))) == 200
    assert guarded.published.asked == 1


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz"])
async def test_a_push_without_a_token_is_refused(guarded: Guarded, authorization: str | None) -> None:
    assert await guarded.push(authorization) == (401, {"problem": "push token: the request has none"})
    assert guarded.client.told.of(Audited) == []
    assert guarded.client.told.of(PushRefused) == [PushRefused(reason="push token: the request has none")]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"aud": "https://other.example/"}, f"is not valid for the audience {AUDIENCE} (InvalidValue)"),
        ({"aud": None}, f"is not valid for the audience {AUDIENCE} (InvalidValue)"),
        ({"aud": [AUDIENCE]}, f"is not valid for the audience {AUDIENCE} (InvalidValue)"),
        ({"exp": int(time.time()) - 60}, f"is not valid for the audience {AUDIENCE} (InvalidValue)"),
        ({"iat": int(time.time()) + 86_400}, f"is not valid for the audience {AUDIENCE} (InvalidValue)"),
        ({"exp": None}, f"is not valid for the audience {AUDIENCE} (MalformedError)"),
        ({"exp": "soon"}, f"is not valid for the audience {AUDIENCE} (TypeError)"),
        ({"iss": "https://elsewhere.example"}, "is not issued by Google"),
        ({"iss": None}, "is not issued by Google"),
        ({"email": "somebody@else.iam.gserviceaccount.com"}, f"is not that of {ACCOUNT}"),
        ({"email": None}, f"is not that of {ACCOUNT}"),
        ({"email_verified": False}, f"is not that of {ACCOUNT}"),
        ({"email_verified": "true"}, f"is not that of {ACCOUNT}"),
    ],
)
async def test_a_token_with_other_claims_is_refused(guarded: Guarded, changes: dict[str, Any], problem: str) -> None:
    told = await guarded.push(f"Bearer {key('one').token(**changes)}")
    assert told == (401, {"problem": f"push token: {problem}"})


def unsigned(header: object, claims: object, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "x.y.z",
        "....",
        unsigned({"alg": "none", "kid": "one"}, {"aud": AUDIENCE}),
        unsigned({"alg": "HS256", "kid": "one"}, {"aud": AUDIENCE}),
        unsigned({"alg": "RS256", "kid": ["one"]}, {"aud": AUDIENCE}, b"x" * 256),
        unsigned({"alg": "RS256", "kid": "one"}, {"aud": AUDIENCE}, b"x" * 256),
        unsigned({"alg": "ES256", "kid": "one"}, {"aud": AUDIENCE}, b"x" * 64),
        unsigned({"alg": {"a": 1}}, {"aud": AUDIENCE}, b"x"),
        unsigned([], []),
        f"{base64.urlsafe_b64encode(b'[' * 3000).decode()}.e30.e30",
    ],
)
async def test_what_is_no_token_or_not_signed_is_refused(guarded: Guarded, token: str) -> None:
    assert await guarded.status(token) == 401


async def test_a_token_whose_content_was_changed_is_refused(guarded: Guarded) -> None:
    header, _, signature = key("one").token().split(".")
    claims = key("two").token(email="somebody@else").split(".")[1]
    assert await guarded.status(f"{header}.{claims}.{signature}") == 401


async def test_a_token_that_another_key_signed_is_refused(guarded: Guarded) -> None:
    impostor = Key("one")
    assert await guarded.status(impostor.token()) == 401


async def test_a_new_key_is_fetched_when_a_token_names_it_but_not_more_often_than_once_a_minute(
    guarded: Guarded,
) -> None:
    assert await guarded.status(key("one").token()) == 200
    assert await guarded.status(key("two").token()) == 401
    guarded.published.publish(key("one"), key("two"))
    assert await guarded.status(key("two").token()) == 401
    assert guarded.published.asked == 1
    guarded.clock.now = 61.0
    assert await guarded.status(key("two").token()) == 200
    assert guarded.published.asked == 2


async def test_certificates_are_fetched_anew_after_an_hour_and_old_ones_kept_if_that_fails(guarded: Guarded) -> None:
    assert await guarded.status(key("one").token()) == 200
    guarded.clock.now = 3601.0
    guarded.published.status = 500
    assert await guarded.status(key("one").token(sub="2")) == 200
    assert guarded.published.asked == 2


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (500, "{}", "the certificates cannot be had: status 500"),
        (200, "<html>", "what should be certificates by key id is none"),
        (200, "[" * 20_000, "what should be certificates by key id is none"),
        (200, '{"keys": []}', "what should be certificates by key id is none"),
    ],
)
async def test_without_certificates_a_push_is_put_off(guarded: Guarded, status: int, body: str, problem: str) -> None:
    guarded.published.status, guarded.published.body = status, body
    assert await guarded.push(f"Bearer {key('one').token()}") == (503, {"problem": f"push token: {problem}"})
    guarded.published.status = 200
    guarded.published.publish(key("one"))
    guarded.clock.now = 61.0
    assert await guarded.status(key("one").token()) == 200


async def test_any_account_will_do_if_none_is_named(
    staging: Staging, auditor: Callable[..., Awaitable[Client]], tmp_path: Path
) -> None:
    staging.push("app", single(seed="image"), "v1")
    session = HttpSession(timeouts=Timeouts())
    await session.open()
    async with certificates(key("one")) as published:
        tokens = PushTokens(GoogleHttp(session), audience=AUDIENCE, certificates_url=published.url)
        client = await auditor(verify_token=tokens.verify)
        told = await client.push(MESSAGE, {"Authorization": f"Bearer {key('one').token(email='other@example.com')}"})
        assert told == (200, {"verdict": "deletion"})
    await session.close()


async def test_no_token_is_in_what_is_told(guarded: Guarded) -> None:
    token = key("one").token(iss="https://elsewhere.example")
    status, told = await guarded.push(f"Bearer {token}")
    assert status == 401
    for part in token.split("."):
        assert part not in f"{told}{guarded.client.told.happenings}"
