"""When a token is bought, how long it is used, and what it is used for."""

import json
from urllib.parse import parse_qs

import anyio
import attrs
import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from cip_async.errors import CredentialError, Denied, NotFound, RegistryError, Unauthorized, Unavailable
from cip_async.model.report import RequestClass
from cip_async.reference import Host, Repository
from cip_async.registry.credentials.provider import Anonymous, BearerToken, Credential, IdentityToken, Password
from cip_async.registry.credentials.scopes import Scopes, pull, push
from cip_async.registry.credentials.tokens import Authorizer
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.exchange import Answer, Request

pytestmark = pytest.mark.anyio

HOST = Host("registry.example")
FOO = Repository(HOST, "foo")
PULL, PUSH, MOUNT = pull("foo"), push("foo"), push("foo", "bar")
REALM = "https://registry.example/token"


@attrs.define
class Provider:
    found: Credential

    async def credential(self, host: Host, repository: Repository | None) -> Credential | None:
        return self.found


def refused(*challenges: str) -> Answer:
    headers = CIMultiDictProxy(CIMultiDict([("WWW-Authenticate", challenge) for challenge in challenges]))
    return Answer(status=401, headers=headers, body=b"", url=URL("https://registry.example/v2/foo/tags/list"))


BEARER = refused(f'Bearer realm="{REALM}",service="the service"')


class Shop:
    """A token service with a clock beside it; `sold` are the requests it had."""

    def __init__(self, expires_in: float | None = 300.0) -> None:
        self.expires_in = expires_in
        self.now = 1000.0
        self.sold: list[Request] = []
        self.error: RegistryError | None = None
        self.open = anyio.Event()
        self.open.set()

    async def ask(self, request: Request) -> Answer:
        self.sold.append(request)
        number = len(self.sold)
        await self.open.wait()
        if self.error is not None:
            raise self.error
        body: dict[str, object] = {"access_token": f"t{number}"}
        if self.expires_in is not None:
            body["expires_in"] = self.expires_in
        return Answer(
            status=200, headers=CIMultiDictProxy(CIMultiDict()), body=json.dumps(body).encode(), url=URL(REALM)
        )

    def scopes(self, purchase: int) -> list[str]:
        url = self.sold[purchase].url
        assert url is not None
        return parse_qs(url.raw_query_string)["scope"]

    def authorizer(self, credential: Credential = Anonymous()) -> Authorizer:  # noqa: B008 - it is immutable
        return Authorizer(Provider(credential), Endpoints(), self.ask, lambda: self.now, 1000)


async def meet(authorizer: Authorizer, scopes: Scopes = PULL) -> str | None:
    return await authorizer.answer_challenge(HOST, FOO, scopes, None, BEARER)


async def test_before_a_challenge_nothing_is_shown() -> None:
    shop = Shop()
    assert await shop.authorizer(Password(username="me", password="secret")).authorization(HOST, FOO, PULL) is None
    assert shop.sold == []


async def test_a_token_is_used_until_shortly_before_it_expires() -> None:
    shop = Shop(expires_in=300.0)
    authorizer = shop.authorizer()
    assert await meet(authorizer) == "Bearer t1"
    shop.now += 269.0
    assert await authorizer.authorization(HOST, FOO, PULL) == "Bearer t1"
    shop.now += 1.0
    assert await authorizer.authorization(HOST, FOO, PULL) == "Bearer t2"


async def test_a_token_without_a_lifetime_lives_a_minute() -> None:
    shop = Shop(expires_in=None)
    authorizer = shop.authorizer()
    await meet(authorizer)
    shop.now += 47.0
    assert await authorizer.authorization(HOST, FOO, PULL) == "Bearer t1"
    shop.now += 2.0
    assert await authorizer.authorization(HOST, FOO, PULL) == "Bearer t2"


@pytest.mark.parametrize("expires_in", [0.0, -10.0])
async def test_a_token_that_expires_at_once_is_used_once(expires_in: float) -> None:
    shop = Shop(expires_in=expires_in)
    authorizer = shop.authorizer()
    assert await meet(authorizer) == "Bearer t1"
    assert await authorizer.authorization(HOST, FOO, PULL) == "Bearer t2"
    assert await authorizer.authorization(HOST, FOO, PULL) == "Bearer t3"


async def test_one_token_carries_all_scopes_of_a_mount() -> None:
    shop = Shop()
    await meet(shop.authorizer(), MOUNT)
    assert shop.scopes(0) == ["repository:foo:pull,push", "repository:bar:pull"]


async def test_a_token_that_allows_more_serves_what_needs_less() -> None:
    shop = Shop()
    authorizer = shop.authorizer()
    await meet(authorizer, MOUNT)
    assert await authorizer.authorization(HOST, FOO, PUSH) == "Bearer t1"
    assert await authorizer.authorization(HOST, FOO, MOUNT) == "Bearer t1"


async def test_a_token_that_allows_less_serves_not_what_needs_more() -> None:
    shop = Shop()
    authorizer = shop.authorizer()
    await meet(authorizer, PULL)
    assert await authorizer.authorization(HOST, FOO, PUSH) == "Bearer t2"
    assert await authorizer.authorization(HOST, FOO, MOUNT) == "Bearer t3"
    assert await authorizer.authorization(HOST, FOO, PUSH) in ("Bearer t2", "Bearer t3")


async def test_a_token_for_one_repository_serves_no_other() -> None:
    shop = Shop()
    authorizer = shop.authorizer()
    await meet(authorizer)
    assert await authorizer.authorization(HOST, Repository(HOST, "bar"), pull("bar")) == "Bearer t2"


async def test_fifty_tasks_buy_one_token() -> None:
    shop = Shop(expires_in=0.0)
    authorizer = shop.authorizer()
    await meet(authorizer)
    shop.open = anyio.Event()
    got: list[str | None] = []

    async def want() -> None:
        got.append(await authorizer.authorization(HOST, FOO, PULL))

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(want)
        await anyio.wait_all_tasks_blocked()
        shop.open.set()
    assert got == ["Bearer t2"] * 50


async def test_a_refused_token_is_not_used_again() -> None:
    shop = Shop()
    authorizer = shop.authorizer()
    await meet(authorizer)
    assert await authorizer.answer_challenge(HOST, FOO, PULL, "Bearer t1", BEARER) == "Bearer t2"
    assert await authorizer.authorization(HOST, FOO, PULL) == "Bearer t2"


async def test_a_token_that_another_task_bought_meanwhile_is_kept() -> None:
    shop = Shop()
    authorizer = shop.authorizer()
    await meet(authorizer)
    for _ in range(2):
        assert await authorizer.answer_challenge(HOST, FOO, PULL, "Bearer t1", BEARER) == "Bearer t2"
    assert len(shop.sold) == 2


async def test_a_registry_that_wants_a_wider_scope_is_heard_after_it_refused_the_narrow_one() -> None:
    shop = Shop()
    authorizer = shop.authorizer()
    wider = refused(f'Bearer realm="{REALM}",scope="repository:foo:pull repository:base:pull"')
    await authorizer.answer_challenge(HOST, FOO, PULL, None, wider)
    assert shop.scopes(0) == ["repository:foo:pull"]
    await authorizer.answer_challenge(HOST, FOO, PULL, "Bearer t1", wider)
    assert shop.scopes(1) == ["repository:foo:pull", "repository:base:pull"]


async def test_a_ready_token_is_used_as_it_is_and_not_improved() -> None:
    shop = Shop()
    authorizer = shop.authorizer(BearerToken(token="ready"))
    assert await authorizer.authorization(HOST, FOO, PULL) == "Bearer ready"


@pytest.mark.parametrize("token", ["", "two\r\nlines", "ünicode"])
async def test_a_ready_token_must_fit_into_a_header(token: str) -> None:
    with pytest.raises(CredentialError, match="characters that no token has"):
        await Shop().authorizer(BearerToken(token=token)).authorization(HOST, FOO, PULL)


async def test_tokens_are_preferred_to_passwords() -> None:
    shop = Shop()
    authorizer = shop.authorizer(Password(username="me", password="secret"))
    both = refused('Basic realm="x"', f'Bearer realm="{REALM}"')
    assert await authorizer.answer_challenge(HOST, FOO, PULL, None, both) == "Bearer t1"
    assert shop.sold[0].authorization == "Basic bWU6c2VjcmV0"


@pytest.mark.parametrize("challenges", [(), ("Negotiate",), ('Basic realm="x"',)])
async def test_without_a_challenge_that_can_be_met_there_is_nothing_better(challenges: tuple[str, ...]) -> None:
    assert await Shop().authorizer().answer_challenge(HOST, FOO, PULL, None, refused(*challenges)) is None


@pytest.mark.parametrize("parameter", ['service="caf\udce9"', 'service="a\x1b[2J"', 'scope="repository:\udcff:pull"'])
async def test_a_challenge_that_is_no_text_is_refused_and_nothing_is_asked(parameter: str) -> None:
    shop = Shop()
    challenge = refused(f'Bearer realm="{REALM}",{parameter}')
    with pytest.raises(CredentialError) as told:
        await shop.authorizer().answer_challenge(HOST, FOO, PULL, None, challenge)
    reason = "its challenge holds what is no text, and no token can be asked for with it"
    assert str(told.value) == f"credentials for {HOST}: {reason}"
    assert shop.sold == []


@pytest.mark.parametrize("error", [Unauthorized, Denied])
async def test_a_refusal_says_whether_anybody_was_named(error: type[RegistryError]) -> None:
    shop = Shop()
    shop.error = error("registry.example", "GET /token", "status 403", status=403)
    with pytest.raises(CredentialError, match="refused anonymous access for repository:foo:pull"):
        await meet(shop.authorizer())
    with pytest.raises(CredentialError, match="refused the credential for repository:foo:pull"):
        await meet(shop.authorizer(Password(username="me", password="secret")))


async def test_a_failure_that_may_pass_stays_one() -> None:
    shop = Shop()
    shop.error = Unavailable("registry.example", "GET /token", "status 500", status=500, retryable=True)
    with pytest.raises(Unavailable):
        await meet(shop.authorizer())
    shop.error = NotFound("registry.example", "GET /token", "status 404", status=404)
    with pytest.raises(CredentialError, match="no token for repository:foo:pull"):
        await meet(shop.authorizer())


async def test_a_token_request_counts_as_one_at_the_host_of_the_realm() -> None:
    shop = Shop()
    for realm, host in ((REALM, HOST), ("https://auth.registry.example/token", "auth.registry.example")):
        await shop.authorizer().answer_challenge(HOST, FOO, PULL, None, refused(f'Bearer realm="{realm}"'))
        assert (shop.sold[-1].host, shop.sold[-1].request_class) == (host, RequestClass.TOKEN)


async def test_no_request_for_a_token_shows_a_secret() -> None:
    shop = Shop()
    await meet(shop.authorizer(Password(username="me", password="secret")))
    assert "bWU6" not in repr(shop.sold[0])
    assert "secret" not in repr(shop.sold[0])


class Renewable:
    """Ready tokens of somebody, each with the next one behind it; `left` is how many there are."""

    def __init__(self, left: int = 1) -> None:
        self.left = left
        self.number = 1
        self.renewed = 0

    async def credential(self, host: Host, repository: Repository | None) -> Credential:
        return BearerToken(token=f"ready{self.number}", owner="me@example.com", renew=self.renew)

    async def renew(self) -> BearerToken:
        self.renewed += 1
        if self.left:
            self.left -= 1
            self.number += 1
        return BearerToken(token=f"ready{self.number}", renew=self.renew)


async def test_a_ready_token_that_is_refused_is_renewed_and_none_is_bought() -> None:
    shop, provider = Shop(), Renewable()
    authorizer = Authorizer(provider, Endpoints(), shop.ask, lambda: shop.now, 1000)
    assert await authorizer.answer_challenge(HOST, FOO, PULL, "Bearer ready1", BEARER) == "Bearer ready2"
    assert await authorizer.answer_challenge(HOST, FOO, PULL, "Bearer ready2", BEARER) is None
    assert shop.sold == []


async def test_a_ready_token_that_another_task_renewed_meanwhile_is_taken() -> None:
    shop, provider = Shop(), Renewable()
    provider.number = 7
    authorizer = Authorizer(provider, Endpoints(), shop.ask, lambda: shop.now, 1000)
    assert await authorizer.answer_challenge(HOST, FOO, PULL, "Bearer ready6", BEARER) == "Bearer ready7"
    assert provider.renewed == 0


@pytest.mark.parametrize(
    ("credential", "owner", "account"),
    [
        (Anonymous(), "", "anonymous"),
        (Password(username="me", password="secret"), "", "me"),
        (IdentityToken(token="secret"), "", "a token"),
        (BearerToken(token="secret"), "", "a token"),
        (BearerToken(token="secret", owner="me@example.com"), "me@example.com", "me@example.com"),
    ],
)
async def test_it_is_known_as_whom_a_host_is_used(credential: Credential, owner: str, account: str) -> None:
    authorizer = Shop().authorizer(credential)
    assert await authorizer.owner(HOST, FOO) == owner
    assert await authorizer.account(HOST, FOO) == account
