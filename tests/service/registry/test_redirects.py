"""Redirects are followed by our own rules: reads alone, a few hops, and credentials never to another origin."""

import pytest

from cip_async.errors import CredentialError, RegistryError, UntrustedAnswer
from cip_async.registry.credentials.provider import BearerToken, Password
from tests.service.registry.conftest import FOO, HOST, ONE_TRY, V1, D, Open, Reach, Serve
from tests.service.registry.scripted import ABSENT, Reply, Scripted, Seen, ToLoopback

pytestmark = pytest.mark.anyio

TOKEN = BearerToken(token="our-secret")
BLOB = f"/v2/prod/foo/blobs/{D}"


async def read_blob(reached: Reach) -> bytes:
    async with reached.client.blob(FOO, D, 100) as stream:
        return b"".join([piece async for piece in stream.pieces])


def redirecting(target: str, status: int = 307) -> Reply:
    return Reply(status, {"Location": target})


async def test_credentials_do_not_follow_to_another_origin(serve: Serve, reach: Open) -> None:
    storage = await serve(lambda _: Reply(body=b"blob"))
    registry = await serve(lambda _: redirecting(f"{storage.url}/bucket"))
    assert await read_blob(await reach(registry, credential=TOKEN)) == b"blob"
    assert [seen.authorization for seen in registry.seen] == ["Bearer our-secret"]
    assert [seen.authorization for seen in storage.seen] == [None]


async def test_credentials_follow_within_the_origin(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda seen: redirecting("/moved") if seen.path == BLOB else Reply(body=b"blob"))
    assert await read_blob(await reach(registry, credential=TOKEN)) == b"blob"
    assert [seen.authorization for seen in registry.seen] == ["Bearer our-secret"] * 2


async def test_credentials_once_left_behind_do_not_come_back(serve: Serve, reach: Open) -> None:
    home: list[Scripted] = []
    storage = await serve(lambda _: redirecting(f"{home[0].url}/back"))
    registry = await serve(
        lambda seen: redirecting(f"{storage.url}/away") if seen.path == BLOB else Reply(body=b"blob")
    )
    home.append(registry)
    await read_blob(await reach(registry, credential=TOKEN))
    assert [seen.authorization for seen in registry.seen] == ["Bearer our-secret", None]


async def test_the_port_is_part_of_the_origin(serve: Serve, reach: Open) -> None:
    other_port = await serve(lambda _: Reply(body=b"blob"))
    registry = await serve(lambda _: redirecting(f"{other_port.url}{BLOB}"))
    await read_blob(await reach(registry, credential=TOKEN))
    assert other_port.seen[0].authorization is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_every_redirecting_status_keeps_the_method_of_a_read(serve: Serve, reach: Open, status: int) -> None:
    registry = await serve(
        lambda seen: (
            redirecting("/moved", status) if seen.path != "/moved" else Reply(headers={"Docker-Content-Digest": D})
        )
    )
    head = await (await reach(registry)).client.head_manifest(FOO, V1)
    assert head is not None
    assert head.digest == D
    assert registry.lines == ["HEAD /v2/prod/foo/manifests/v1", "HEAD /moved"]


async def test_a_signed_url_is_asked_as_it_was_given(serve: Serve, reach: Open) -> None:
    signed = "/a%2Fb/c,d?X-Sig=%2Fx%2B,y+z%3D&e=~(1)"
    storage = await serve(lambda _: Reply(body=b"blob"))
    registry = await serve(lambda _: redirecting(f"{storage.url}{signed}#fragment"))
    await read_blob(await reach(registry))
    assert storage.seen[0].target == signed


async def test_the_public_name_of_an_endpoint_leads_back_to_it(serve: Serve, reach: Open) -> None:
    registry = await serve(
        lambda seen: redirecting(f"https://{HOST}/moved") if seen.path == BLOB else Reply(body=b"blob")
    )
    await read_blob(await reach(registry, credential=TOKEN))
    assert registry.lines == [f"GET {BLOB}", "GET /moved"]
    assert registry.seen[1].authorization == "Bearer our-secret"


async def test_a_redirected_write_is_refused(serve: Serve, reach: Open) -> None:
    storage = await serve(lambda _: Reply(201))
    registry = await serve(lambda _: redirecting(f"{storage.url}/v2/x"))
    reached = await reach(registry, credential=TOKEN)
    with pytest.raises(UntrustedAnswer, match="a write was redirected"):
        await reached.client.start_upload(FOO)
    assert storage.seen == []


async def test_a_redirected_token_request_is_refused(serve: Serve, reach: Open) -> None:
    elsewhere = await serve(lambda _: Reply(body=b'{"token":"stolen"}'))

    def answer(seen: Seen) -> Reply:
        if seen.path == "/token":
            return redirecting(f"{elsewhere.url}/token")
        return Reply(401, {"WWW-Authenticate": 'Bearer realm="/token"'})

    reached = await reach(await serve(answer), credential=Password(username="me", password="our-secret"))
    with pytest.raises(CredentialError, match="a token request was redirected"):
        await reached.client.tags_page(FOO, n=9)
    assert elsewhere.seen == []


async def test_five_redirects_are_followed_and_no_more(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda seen: redirecting(f"{seen.path}x"))
    reached = await reach(registry)
    with pytest.raises(UntrustedAnswer, match="more than 5 redirects"):
        await reached.client.head_manifest(FOO, V1)
    assert len(registry.seen) == 6


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("", "not a URL"),
        ("http://[::1", "not a URL"),
        ("https://a..b/", "not a URL"),
        ("https:///x", "not a URL"),
        ("https://exa mple.org/", "not a URL"),
        ("ftp://storage.example/x", "not an http URL"),
        ("file:///etc/passwd", "not a URL"),
        ("https://me:secret@storage.example/x", "carries a user name"),
    ],
)
async def test_a_redirect_to_what_may_not_be_asked_is_refused(
    serve: Serve, reach: Open, location: str, reason: str
) -> None:
    registry = await serve(lambda _: redirecting(location))
    reached = await reach(registry)
    with pytest.raises(UntrustedAnswer, match=reason) as refused:
        await reached.client.head_manifest(FOO, V1)
    assert "secret" not in str(refused.value)
    assert len(registry.seen) == 1


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("https://127.0.0.1:1/x", "a private address"),
        ("https://169.254.169.254/token", "a private address"),
        ("https://[::ffff:10.0.0.1]/x", "a private address"),
        ("https://localhost./x", "a private address"),
        ("https://metadata.google.internal/x", "a private address"),
        ("http://storage.example/x", "not https"),
    ],
)
async def test_a_public_registry_does_not_lead_us_into_inner_networks(
    serve: Serve, reach: Open, location: str, reason: str
) -> None:
    registry = await serve(lambda _: redirecting(location))
    public = f"http://registry.example:{registry.port}"
    reached = await reach(endpoints={HOST: public}, resolver=ToLoopback())
    with pytest.raises(UntrustedAnswer, match=reason):
        await reached.client.head_manifest(FOO, V1)


async def test_absence_is_believed_where_a_redirect_ended(serve: Serve, reach: Open) -> None:
    backend = await serve(lambda _: ABSENT)
    registry = await serve(lambda seen: redirecting(f"{backend.url}{seen.path}"))
    assert await (await reach(registry)).client.head_manifest(FOO, V1) is None


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_a_refusal_where_a_redirect_ended_is_no_absence(serve: Serve, reach: Open, status: int) -> None:
    backend = await serve(lambda _: Reply(status, {"WWW-Authenticate": 'Basic realm="x"'}))
    registry = await serve(lambda seen: redirecting(f"{backend.url}{seen.path}"))
    me = Password(username="me", password="our-secret")
    reached = await reach(registry, credential=me, retries=ONE_TRY)
    with pytest.raises(RegistryError) as refused:
        await reached.client.head_manifest(FOO, V1)
    assert refused.value.status == status
    assert {seen.authorization for seen in backend.seen} == {None}


async def test_a_redirect_is_a_request_of_its_own_in_the_ledger(serve: Serve, reach: Open) -> None:
    storage = await serve(lambda _: Reply(body=b"blob"))
    registry = await serve(lambda _: redirecting(f"{storage.url}/bucket"))
    reached = await reach(registry)
    await read_blob(reached)
    assert [
        (line.request_class, line.status, line.requests, line.received_bytes)
        for line in reached.transport.ledger.lines()
    ] == [("blob-get", 307, 1, 0), ("redirect", 200, 1, 4)]


async def test_a_redirecting_connection_is_kept(serve: Serve, reach: Open) -> None:
    storage = await serve(lambda _: Reply(body=b"blob"))
    registry = await serve(lambda _: redirecting(f"{storage.url}/bucket"))
    reached = await reach(registry)
    await read_blob(reached)
    assert sum(len(idle) for idle in reached.connector._conns.values()) == 2
