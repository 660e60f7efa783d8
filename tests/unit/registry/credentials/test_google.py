"""Which account is shown to whom."""

import logging

import attrs
import pytest

from cip_async.errors import AccountError, CredentialError
from cip_async.gcp.access_token import AccessToken
from cip_async.reference import Host, Repository, parse_registry_path, parse_repository
from cip_async.registry.credentials.google import Binding, GoogleCredentials
from cip_async.registry.credentials.provider import Anonymous, BearerToken, Credential
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.listing.artifact_repository import API_HOST
from cip_async.registry.listing.strategy import is_google

pytestmark = pytest.mark.anyio
PROD = parse_registry_path("us.gcr.io/prod")
ME = "me@example.com"


@attrs.define
class Accounts:
    """Gives out `<account>-<number>`, unless it has an error for that account; "" is whoever is here."""

    errors: dict[str, AccountError] = attrs.field(factory=dict)
    asked: list[str] = attrs.field(factory=list)
    number: int = 1

    async def open(self) -> None:
        self.number = 1

    async def token(self, account: str, *, refused: str | None = None) -> AccessToken:
        self.asked.append(account)
        if account in self.errors:
            raise self.errors[account]
        if refused == f"{account}-{self.number}":
            self.number += 1
        return AccessToken(account=account, value=f"{account}-{self.number}")

    async def ambient_token(self, *, refused: str | None = None) -> AccessToken:
        return await self.token("", refused=refused)


def google(accounts: Accounts) -> GoogleCredentials:
    return GoogleCredentials(accounts, Endpoints({"gcr.io": "http://localhost:5000"}), is_google)


async def ask(credentials: GoogleCredentials, name: str) -> Credential | None:
    repository = parse_repository(name)
    return await credentials.credential(repository.host, repository)


async def token(credentials: GoogleCredentials, name: str) -> str:
    found = await ask(credentials, name)
    assert isinstance(found, BearerToken)
    return found.token


async def test_a_bound_entry_has_its_account_and_others_have_whoever_is_here() -> None:
    credentials = google(Accounts())
    await credentials.bind({PROD: Binding(ME, required=True)})
    assert await token(credentials, "us.gcr.io/prod/foo") == f"{ME}-1"
    assert await token(credentials, "us.gcr.io/other/foo") == "-1"


@pytest.mark.parametrize("name", ["gcr.io/foo", "registry.example/foo", "docker.io/foo", "localhost:5000/foo"])
async def test_whoever_is_here_is_not_asked_for_plain_http_or_other_hosts(name: str) -> None:
    accounts = Accounts()
    assert await ask(google(accounts), name) is None
    assert accounts.asked == []


async def test_the_artifact_registry_api_is_asked_as_the_registry_is_that_holds_the_repository() -> None:
    west = parse_registry_path("us-west1-docker.pkg.dev/prod/images")
    credentials = google(Accounts())
    await credentials.bind({west: Binding(ME, required=True)})
    shown = []
    for name in (f"{west}/foo", "us-west1-docker.pkg.dev/other/images/foo", "registry.example/prod/foo"):
        found = await credentials.credential(API_HOST, parse_repository(name))
        shown.append(found.token if isinstance(found, BearerToken) else found)
    assert shown == [f"{ME}-1", "-1", None]


async def test_a_refused_token_is_renewed() -> None:
    credentials = google(Accounts())
    await credentials.bind({PROD: Binding(ME, required=True)})
    found = await ask(credentials, "us.gcr.io/prod/foo")
    assert isinstance(found, BearerToken)
    assert found.renew is not None
    renewed = await found.renew()
    assert (renewed.token, renewed.owner) == (f"{ME}-2", ME)


async def test_a_required_account_without_a_token_is_an_error_each_time() -> None:
    credentials = google(Accounts({ME: AccountError(ME, "no luck")}))
    expected = f"credentials for us.gcr.io: no token of service account {ME}, which us.gcr.io/prod is for: no luck"
    with pytest.raises(CredentialError) as caught:
        await credentials.bind({PROD: Binding(ME, required=True)})
    assert str(caught.value) == expected
    with pytest.raises(CredentialError) as caught:
        await ask(credentials, "us.gcr.io/prod/foo")
    assert str(caught.value) == expected


async def test_an_account_that_is_not_required_is_given_up_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    accounts = Accounts({ME: AccountError(ME, "no luck")})
    credentials = google(accounts)
    await credentials.bind({PROD: Binding(ME, required=False)})
    for _ in range(3):
        assert await ask(credentials, "us.gcr.io/prod/foo") == Anonymous()
    assert accounts.asked == [ME]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize("required", [True, False])
async def test_what_may_pass_is_tried_again_and_never_taken_for_nobody(required: bool) -> None:
    accounts = Accounts({ME: AccountError(ME, "down", retryable=True), "": AccountError("", "down", retryable=True)})
    credentials = google(accounts)
    with pytest.raises(CredentialError):
        await credentials.bind({PROD: Binding(ME, required=required)})
    for name in ("us.gcr.io/prod/foo", "us.gcr.io/other/foo"):
        with pytest.raises(CredentialError) as caught:
            await ask(credentials, name)
        assert caught.value.retryable
    accounts.errors.clear()
    assert await token(credentials, "us.gcr.io/prod/foo") == f"{ME}-1"


async def test_nobody_is_looked_for_once() -> None:
    accounts = Accounts({"": AccountError("", "nobody")})
    credentials = google(accounts)
    for _ in range(3):
        assert await ask(credentials, "us.gcr.io/foo") is None
    assert accounts.asked == [""]


async def test_all_accounts_without_a_token_are_told_at_once() -> None:
    errors = {name: AccountError(name, f"no {name}") for name in ("a@b.c", "d@e.f")}
    bindings = {
        parse_registry_path("us.gcr.io/prod"): Binding("a@b.c", required=True),
        parse_registry_path("eu.gcr.io/prod"): Binding("d@e.f", required=True),
    }
    with pytest.raises(CredentialError, match=r"credentials for eu.gcr.io, us.gcr.io: .*no d@e.f; .*no a@b.c"):
        await google(Accounts(errors)).bind(bindings)


async def test_what_is_about_a_whole_host_is_asked_as_whoever_is_here() -> None:
    credentials = google(Accounts())
    await credentials.bind({PROD: Binding(ME, required=True)})
    found = await credentials.credential(Host("us.gcr.io"), None)
    assert isinstance(found, BearerToken)
    assert found.token == "-1"
    assert found == BearerToken(token="-1")
    assert isinstance(await ask(credentials, str(Repository(Host("us.gcr.io"), "prod"))), BearerToken)
