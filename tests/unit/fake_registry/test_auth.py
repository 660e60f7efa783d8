"""Passwords, and tokens from elsewhere."""

import base64

import pytest

from cip_async.fake_registry.accounts import Accounts
from cip_async.fake_registry.auth import BasicAuth, BearerAuth
from cip_async.fake_registry.refusal import Refusal
from tests.unit.fake_registry.visits import refused, visit

PULL = ("GET", "/v2/a/tags/list")
PUSH = ("PUT", "/v2/a/manifests/v1")
PING = ("GET", "/v2/")


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def admit(auth: BasicAuth | BearerAuth, asked: tuple[str, str], authorization: str = "") -> str:
    headers = {"Authorization": authorization} if authorization else {}
    return auth.admit(visit(*asked, headers=headers), 0.0)


def challenge(auth: BasicAuth | BearerAuth, asked: tuple[str, str], authorization: str = "") -> str:
    with pytest.raises(Refusal) as raised:
        admit(auth, asked, authorization)
    assert (raised.value.status, raised.value.complaints[0].code) == (401, "UNAUTHORIZED")
    return raised.value.headers["WWW-Authenticate"]


@pytest.fixture
def password() -> BasicAuth:
    accounts = Accounts(passwords={"user": "se:cret", "reader": "x"}, anonymous_pull=True)
    accounts.permit("reader", "*", "pull")
    return BasicAuth(accounts=accounts)


def test_the_right_password_opens_the_door(password: BasicAuth) -> None:
    assert admit(password, PUSH, basic("user:se:cret")) == "user"


@pytest.mark.parametrize(
    "authorization",
    [basic("user:wrong"), basic("nobody:"), basic("user"), "Basic ???", "Basic /w==", "Bearer se:cret", "nonsense"],
)
def test_anything_else_is_challenged(password: BasicAuth, authorization: str) -> None:
    assert challenge(password, PULL, authorization) == 'Basic realm="registry"'


def test_without_credentials_only_reading_is_open(password: BasicAuth) -> None:
    assert admit(password, PULL) == ""
    assert challenge(password, PUSH)
    assert challenge(password, PING)


def test_without_anonymous_pull_nothing_is_open() -> None:
    assert challenge(BasicAuth(accounts=Accounts(passwords={"user": "x"})), PULL)


def test_who_is_known_and_not_permitted_is_denied(password: BasicAuth) -> None:
    assert admit(password, PULL, basic("reader:x")) == "reader"
    with refused(403, "DENIED"):
        admit(password, PUSH, basic("reader:x"))


@pytest.fixture
def bearer() -> BearerAuth:
    accounts = Accounts()
    accounts.permit("reader@project", "*", "pull")
    return BearerAuth(accounts=accounts, tokens={"ya29.writer": "writer@project", "ya29.reader": "reader@project"})


def test_an_access_token_is_taken_as_it_is(bearer: BearerAuth) -> None:
    assert admit(bearer, PUSH, "Bearer ya29.writer") == "writer@project"
    assert admit(bearer, PING, "bearer ya29.reader") == "reader@project"


@pytest.mark.parametrize("authorization", ["", "Bearer other", "Basic ya29.writer", "Bearer"])
def test_whatever_is_no_known_token_is_challenged(bearer: BearerAuth, authorization: str) -> None:
    realm = "http://127.0.0.1:5000/v2/token"
    assert challenge(bearer, PUSH, authorization) == f'Bearer realm="{realm}",service="gcr.io"'


def test_a_token_that_does_not_permit_it_is_denied(bearer: BearerAuth) -> None:
    with refused(403, "DENIED"):
        admit(bearer, PUSH, "Bearer ya29.reader")


def test_public_images_need_no_token(bearer: BearerAuth) -> None:
    bearer.accounts.anonymous_pull = True
    assert admit(bearer, PULL) == ""
    assert challenge(bearer, PUSH)
