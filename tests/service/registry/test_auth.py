"""How a client says who it is: as little as possible, as seldom as possible, and never to anybody else."""

import json
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest

from cip_async.errors import CredentialError, RegistryError, Unauthorized, Unavailable
from cip_async.reference import Host, ImageName, Repository
from cip_async.registry.credentials.provider import BearerToken, IdentityToken, Password
from tests.service.registry.conftest import BAR, FOO, HOST, NOBODY, ONE_TRY, D, Open, Serve
from tests.service.registry.scripted import Reply, Seen, ToLoopback

pytestmark = pytest.mark.anyio

ME = Password(username="me", password="our-secret")
BASIC = "Basic bWU6b3VyLXNlY3JldA=="


class TokenRegistry:
    """A registry with a token service of its own; a token allows what it was bought for."""

    def __init__(self, realm: str = "/token", service: str = "registry.example", expires_in: object = 300) -> None:
        self.realm = realm
        self.service = service
        self.expires_in = expires_in
        self.bought: list[Seen] = []
        self.revoked: set[str] = set()

    def __call__(self, seen: Seen) -> Reply:
        if seen.path == "/token":
            self.bought.append(seen)
            return Reply(body=json.dumps({"token": f"t{len(self.bought)}", "expires_in": self.expires_in}).encode())
        token = (seen.authorization or "").removeprefix("Bearer ")
        if not token.startswith("t") or token in self.revoked:
            challenge = f'Bearer realm="{self.realm}",service="{self.service}"'
            return Reply(401, {"WWW-Authenticate": f'{challenge},scope="repository:whatever:pull"'})
        return Reply(202, {"Location": "u1"}) if seen.method == "POST" else Reply(body=b'{"tags":[]}')

    def scopes(self, purchase: int = 0) -> list[str]:
        return parse_qs(urlsplit(self.bought[purchase].target).query)["scope"]


async def test_an_anonymous_client_shows_nothing_to_who_asks_for_nothing(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(body=b'{"tags":[]}'))
    await (await reach(registry)).client.tags_page(FOO, n=9)
    assert [seen.authorization for seen in registry.seen] == [None]


async def test_a_password_is_shown_only_where_it_was_asked_for(serve: Serve, reach: Open) -> None:
    registry = await serve(
        lambda seen: (
            Reply(body=b'{"tags":[]}')
            if seen.authorization == BASIC
            else Reply(401, {"WWW-Authenticate": 'Basic realm="x"'})
        )
    )
    reached = await reach(registry, credential=ME)
    await reached.client.tags_page(FOO, n=9)
    await reached.client.tags_page(BAR, n=9)
    assert [seen.authorization for seen in registry.seen] == [None, BASIC, BASIC]


async def test_a_password_is_not_shown_twice_to_who_refused_it(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(401, {"WWW-Authenticate": 'Basic realm="x"'}))
    reached = await reach(registry, credential=ME)
    for _ in range(2):
        with pytest.raises(Unauthorized):
            await reached.client.tags_page(FOO, n=9)
    assert [seen.authorization for seen in registry.seen] == [None, BASIC, BASIC]


async def test_a_ready_token_needs_no_challenge(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(body=b'{"tags":[]}'))
    await (await reach(registry, credential=BearerToken(token="ready"))).client.tags_page(FOO, n=9)
    assert [seen.authorization for seen in registry.seen] == ["Bearer ready"]


async def test_a_token_is_bought_anonymously_or_with_the_password(serve: Serve, reach: Open) -> None:
    for credential, shown in ((NOBODY, None), (ME, BASIC)):
        rules = TokenRegistry()
        registry = await serve(rules)
        await (await reach(registry, credential=credential)).client.tags_page(FOO, n=9)
        assert [seen.authorization for seen in registry.seen] == [None, shown, "Bearer t1"]
        assert rules.bought[0].target == (
            "/token?service=registry.example&scope=repository:prod/foo:pull&client_id=cip-async"
        )


async def test_an_identity_token_is_sent_in_a_form(serve: Serve, reach: Open) -> None:
    rules = TokenRegistry()
    await (await reach(await serve(rules), credential=IdentityToken(token="refresh me"))).client.tags_page(FOO, n=9)
    bought = rules.bought[0]
    assert (bought.method, bought.target, bought.authorization) == ("POST", "/token", None)
    assert parse_qs(bought.body.decode()) == {
        "grant_type": ["refresh_token"],
        "service": ["registry.example"],
        "client_id": ["cip-async"],
        "scope": ["repository:prod/foo:pull"],
        "refresh_token": ["refresh me"],
    }


async def test_a_mount_takes_one_token_for_both_repositories(serve: Serve, reach: Open) -> None:
    rules = TokenRegistry()
    await (await reach(await serve(rules))).client.mount(BAR, FOO, D)
    assert len(rules.bought) == 1
    assert rules.scopes() == ["repository:prod/foo:pull,push", "repository:prod/bar:pull"]


async def test_a_mount_from_another_host_asks_for_nothing_there(serve: Serve, reach: Open) -> None:
    rules = TokenRegistry()
    await (await reach(await serve(rules))).client.mount(Repository(Host("gcr.io"), "staging/foo"), FOO, D)
    assert rules.scopes() == ["repository:prod/foo:pull,push"]


async def test_a_token_for_a_mount_serves_what_needs_less(serve: Serve, reach: Open) -> None:
    rules = TokenRegistry()
    reached = await reach(await serve(rules))
    await reached.client.mount(BAR, FOO, D)
    await reached.client.start_upload(FOO)
    await reached.client.mount(BAR, FOO, D)
    assert len(rules.bought) == 1


async def test_the_challenge_is_learnt_once_per_host(serve: Serve, reach: Open) -> None:
    rules = TokenRegistry()
    registry = await serve(rules)
    reached = await reach(registry)
    for name in ("a", "b", "a"):
        await reached.client.tags_page(Repository(HOST, name), n=9)
    assert len(registry.seen) - len(rules.bought) == 4
    assert [rules.scopes(purchase) for purchase in range(2)] == [["repository:a:pull"], ["repository:b:pull"]]


async def test_fifty_requests_at_once_learn_the_challenge_and_buy_the_token_once(serve: Serve, reach: Open) -> None:
    rules = TokenRegistry()
    registry = await serve(rules)
    reached = await reach(registry)
    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(lambda: reached.client.tags_page(FOO, n=9))
    assert len(rules.bought) == 1
    assert sum(seen.authorization is None for seen in registry.seen) == 2
    assert len(registry.seen) == 52


async def test_a_cancelled_buyer_leaves_the_purchase_to_another(serve: Serve, reach: Open) -> None:
    rules = TokenRegistry()
    asked, go_on = anyio.Event(), anyio.Event()

    async def answer(seen: Seen) -> Reply:
        if seen.path == "/token" and not asked.is_set():
            asked.set()
            await go_on.wait()
        return rules(seen)

    reached = await reach(await serve(answer))
    done: list[str] = []

    async def list_tags(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            await reached.client.tags_page(FOO, n=9)
            done.append(name)

    first = anyio.CancelScope()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(list_tags, "first", first)
        await asked.wait()
        for name in ("second", "third"):
            tasks.start_soon(list_tags, name, anyio.CancelScope())
        await anyio.wait_all_tasks_blocked()
        first.cancel()
    go_on.set()
    assert sorted(done) == ["second", "third"]
    assert len(rules.bought) == 1


async def test_a_refused_token_is_replaced_and_the_request_repeated_once(serve: Serve, reach: Open) -> None:
    rules = TokenRegistry()
    registry = await serve(rules)
    reached = await reach(registry)
    await reached.client.tags_page(FOO, n=9)
    rules.revoked.add("t1")
    await reached.client.tags_page(FOO, n=9)
    assert [seen.authorization for seen in registry.seen[3:]] == ["Bearer t1", None, "Bearer t2"]
    assert reached.count(request_class="listing", status=401) == 2


async def test_a_registry_that_refuses_every_token_is_asked_twice(serve: Serve, reach: Open) -> None:
    rules = TokenRegistry()
    rules.revoked = {"t1", "t2"}
    registry = await serve(rules)
    with pytest.raises(Unauthorized):
        await (await reach(registry)).client.tags_page(FOO, n=9)
    assert len(registry.seen) == 3


async def test_a_blob_read_is_repeated_with_a_token_too(serve: Serve, reach: Open) -> None:
    rules = TokenRegistry()
    registry = await serve(rules)
    async with (await reach(registry)).client.blob(FOO, D, 100) as stream:
        assert b"".join([piece async for piece in stream.pieces]) == b'{"tags":[]}'
    assert [seen.authorization for seen in registry.seen] == [None, None, "Bearer t1"]


@pytest.mark.parametrize("expires_in", [0, -5, 1, 300, 1e300, None])
async def test_any_lifetime_of_a_token_ends_well(serve: Serve, reach: Open, expires_in: object) -> None:
    rules = TokenRegistry(expires_in=expires_in)
    registry = await serve(rules)
    reached = await reach(registry)
    for _ in range(3):
        await reached.client.tags_page(FOO, n=9)
    assert len(rules.bought) <= 3
    assert reached.count(request_class="listing", status=200) == 3


@pytest.mark.parametrize("status", [401, 403, 400, 404])
async def test_a_token_service_that_refuses_is_named_with_what_was_asked(
    serve: Serve, reach: Open, status: int
) -> None:
    registry = await serve(
        lambda seen: Reply(status if seen.path == "/token" else 401, {"WWW-Authenticate": 'Bearer realm="/token"'})
    )
    with pytest.raises(CredentialError, match="repository:prod/foo:pull") as refused:
        await (await reach(registry, credential=ME)).client.tags_page(FOO, n=9)
    assert str(refused.value).startswith("credentials for registry.example: ")


async def test_a_host_that_refuses_credentials_still_answers_many_at_a_time(serve: Serve, reach: Open) -> None:
    waiting = 0
    together = anyio.Event()

    async def answer(seen: Seen) -> Reply:
        nonlocal waiting
        if seen.path == "/token":
            return Reply(403)
        waiting += 1
        if waiting == 3:
            together.set()
        if waiting > 1:
            await together.wait()
        return Reply(401, {"WWW-Authenticate": 'Bearer realm="/token"'})

    reached = await reach(await serve(answer), retries=ONE_TRY)

    async def refused(name: str) -> None:
        with pytest.raises(CredentialError):
            await reached.client.head_manifest(Repository(HOST, name), D)

    with pytest.raises(CredentialError):
        await reached.client.tags_page(FOO, n=9)
    async with anyio.create_task_group() as tasks:
        for name in ("a", "b"):
            tasks.start_soon(refused, name)


@pytest.mark.parametrize("status", [500, 429])
async def test_a_token_service_that_fails_for_a_while_is_asked_again(serve: Serve, reach: Open, status: int) -> None:
    rules = TokenRegistry()
    failures = iter([Reply(status), Reply(break_off=0), Reply(break_off=0)])
    registry = await serve(lambda seen: next(failures, None) or rules(seen) if seen.path == "/token" else rules(seen))
    assert (await (await reach(registry)).client.tags_page(FOO, n=9)).tags == ()
    assert len(rules.bought) == 1


async def test_a_token_service_that_keeps_failing_fails_the_request_in_time(serve: Serve, reach: Open) -> None:
    registry = await serve(
        lambda seen: Reply(500) if seen.path == "/token" else Reply(401, {"WWW-Authenticate": 'Bearer realm="/token"'})
    )
    with pytest.raises(Unavailable):
        await (await reach(registry, retries=ONE_TRY)).client.tags_page(FOO, n=9)
    assert registry.lines.count("GET /token") == 1


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"token":""}', b'{"token":"a\\nb"}', b'{"token":"\xc3\xa9"}', b"[" * 100_000, b'{"token":1}']
)
async def test_an_answer_without_a_proper_token_is_an_error(serve: Serve, reach: Open, body: bytes) -> None:
    registry = await serve(
        lambda seen: (
            Reply(body=body) if seen.path == "/token" else Reply(401, {"WWW-Authenticate": 'Bearer realm="/token"'})
        )
    )
    with pytest.raises(CredentialError, match="did not answer with a token"):
        await (await reach(registry)).client.tags_page(FOO, n=9)


async def test_an_endless_token_is_not_read(serve: Serve, reach: Open) -> None:
    registry = await serve(
        lambda seen: (
            Reply(body=b'{"token":"' + b"x" * 2_000_000)
            if seen.path == "/token"
            else Reply(401, {"WWW-Authenticate": 'Bearer realm="/token"'})
        )
    )
    with pytest.raises(CredentialError, match="larger than 262144 bytes"):
        await (await reach(registry)).client.tags_page(FOO, n=9)


async def test_the_public_name_in_a_realm_leads_to_the_endpoint(serve: Serve, reach: Open) -> None:
    rules = TokenRegistry(realm=f"https://{HOST}/token?old=1")
    await (await reach(await serve(rules), credential=ME)).client.tags_page(FOO, n=9)
    assert rules.bought[0].target.startswith("/token?old=1&service=")
    assert rules.bought[0].authorization == BASIC


@pytest.mark.parametrize(
    ("realm", "reason"),
    [
        ("", "not a URL"),
        ("http://[::1", "not a URL"),
        ("https://thief.example/token", "another domain"),
        ("https://registry.example.thief.org/token", "another domain"),
        ("http://auth.registry.org/token", "not https"),
        ("https://me:x@registry.org/token", "carries a user name"),
        ("https://169.254.169.254/computeMetadata/v1/token", "a private address"),
        ("https://127.0.0.1/token", "a private address"),
        ("https://metadata.google.internal/token", "a private address"),
    ],
)
async def test_a_realm_that_the_registry_may_not_name_gets_nothing(
    serve: Serve, reach: Open, realm: str, reason: str
) -> None:
    registry = await serve(TokenRegistry(realm=realm))
    reached = await reach(
        endpoints={HOST: f"http://registry.org:{registry.port}"}, resolver=ToLoopback(), credential=ME
    )
    with pytest.raises(CredentialError, match=reason):
        await reached.client.tags_page(FOO, n=9)
    assert {seen.authorization for seen in registry.seen} == {None}


async def test_another_server_on_this_machine_is_not_the_registrys_token_service(serve: Serve, reach: Open) -> None:
    thief = await serve(TokenRegistry())
    registry = await serve(TokenRegistry(realm=f"{thief.url}/token"))
    with pytest.raises(CredentialError, match="not https"):
        await (await reach(registry, credential=ME)).client.tags_page(FOO, n=9)
    assert thief.seen == []


async def test_one_hosts_credentials_are_not_shown_to_another(serve: Serve, reach: Open) -> None:
    one, other = await serve(TokenRegistry()), await serve(TokenRegistry())
    reached = await reach(one, other, credential=ME)
    await reached.client.tags_page(FOO, n=9)
    await reached.client.tags_page(Repository(Host("other.example"), ImageName("foo")), n=9)
    assert [seen.authorization for seen in other.seen] == [None, None, "Bearer t1"]


async def test_a_registry_that_spoke_of_tokens_and_then_of_passwords_keeps_to_tokens(serve: Serve, reach: Open) -> None:
    rules = TokenRegistry()

    def answer(seen: Seen) -> Reply:
        if "/odd/" in seen.path:
            return Reply(401, {"WWW-Authenticate": 'Basic realm="x"'})
        return rules(seen)

    registry = await serve(answer)
    reached = await reach(registry, credential=ME)
    await reached.client.tags_page(FOO, n=9)
    with pytest.raises(RegistryError):
        await reached.client.tags_page(Repository(HOST, "odd/one"), n=9)
    await reached.client.tags_page(BAR, n=9)
    assert [seen.authorization for seen in registry.seen if "/bar/" in seen.path] == ["Bearer t3"]
