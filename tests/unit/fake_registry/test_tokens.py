"""Tokens that a host gives out."""

import base64
from typing import Any
from urllib.parse import urlencode

import pytest

from cip_async.fake_registry.accounts import Accounts
from cip_async.fake_registry.refusal import Refusal
from cip_async.fake_registry.tokens import TokenAuth
from tests.unit.fake_registry.visits import decoded, refused, visit

NOON = 1_700_000_000.0
PULL = ("GET", "/v2/a/tags/list")
PUSH = ("PUT", "/v2/a/manifests/v1")
PING = ("GET", "/v2/")
MOUNT = ("POST", f"/v2/a/blobs/uploads/?mount=sha256:{'0' * 64}&from=b")


@pytest.fixture
def auth() -> TokenAuth:
    accounts = Accounts(passwords={"user": "secret", "reader": "x"})
    accounts.permit("reader", "*", "pull")
    return TokenAuth(accounts=accounts)


def ask(auth: TokenAuth, *scopes: str, user: str = "user:secret", service: str = "gcr.io", more: str = "") -> Any:
    query = urlencode([("service", service), *(("scope", scope) for scope in scopes)])
    headers = {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"} if user else {}
    return decoded(auth.give_token(visit("GET", f"/token?{query}{more}", headers=headers), b"", NOON))


def post(auth: TokenAuth, **form: str) -> Any:
    return decoded(auth.give_token(visit("POST", "/token"), urlencode(form).encode(), NOON))


def admit(auth: TokenAuth, asked: tuple[str, str], token: str, *, host: str = "gcr.io", now_s: float = NOON) -> str:
    return auth.admit(visit(*asked, host=host, headers={"Authorization": f"Bearer {token}"}), now_s)


def challenge(auth: TokenAuth, asked: tuple[str, str], authorization: str = "", now_s: float = NOON) -> str:
    headers = {"Authorization": authorization} if authorization else {}
    with pytest.raises(Refusal) as raised:
        auth.admit(visit(*asked, headers=headers), now_s)
    assert (raised.value.status, raised.value.complaints[0].code) == (401, "UNAUTHORIZED")
    return raised.value.headers["WWW-Authenticate"]


# -- challenges


def test_without_a_token_a_challenge_says_where_to_get_one(auth: TokenAuth) -> None:
    realm = 'Bearer realm="http://127.0.0.1:5000/token",service="gcr.io"'
    assert challenge(auth, PING) == realm
    assert challenge(auth, PULL) == f'{realm},scope="repository:a:pull"'
    assert challenge(auth, MOUNT) == f'{realm},scope="repository:a:pull,push repository:b:pull"'


def test_realm_and_service_can_be_set(auth: TokenAuth) -> None:
    auth.realm, auth.service = "https://auth.example/token", "registry.example"
    assert challenge(auth, PING) == 'Bearer realm="https://auth.example/token",service="registry.example"'


@pytest.mark.parametrize("authorization", ["Bearer other", "Basic dXNlcjpzZWNyZXQ=", "Bearer"])
def test_a_token_nobody_gave_out_is_invalid(auth: TokenAuth, authorization: str) -> None:
    assert challenge(auth, PULL, authorization).endswith(',error="invalid_token"')


# -- tokens


def test_a_token_opens_what_it_was_given_for(auth: TokenAuth) -> None:
    token = ask(auth, "repository:a:pull,push")["token"]
    assert admit(auth, PUSH, token) == "user"
    assert admit(auth, PULL, token) == "user"
    assert admit(auth, PING, token) == "user"
    assert auth.issued == 1


@pytest.mark.parametrize("asked", [PUSH, ("GET", "/v2/b/tags/list"), ("DELETE", "/v2/a/manifests/v1"), MOUNT])
def test_a_token_does_not_open_more(auth: TokenAuth, asked: tuple[str, str]) -> None:
    token = ask(auth, "repository:a:pull")["token"]
    assert challenge(auth, asked, f"Bearer {token}").endswith(',error="insufficient_scope"')


def test_a_mount_needs_one_token_for_both_repositories(auth: TokenAuth) -> None:
    assert admit(auth, MOUNT, ask(auth, "repository:a:pull,push", "repository:b:pull")["token"]) == "user"


def test_a_host_may_deny_what_a_token_does_not_open(auth: TokenAuth) -> None:
    auth.lacking = "denied"
    with refused(403, "DENIED"):
        admit(auth, PUSH, ask(auth, "repository:a:pull")["token"])


def test_a_token_expires_by_the_clock_of_the_host(auth: TokenAuth) -> None:
    auth.lifetime_s = 60
    answer = ask(auth, "repository:a:pull")
    assert (answer["expires_in"], answer["issued_at"]) == (60, "2023-11-14T22:13:20+00:00")
    assert admit(auth, PULL, answer["token"], now_s=NOON + 59.9)
    assert challenge(auth, PULL, f"Bearer {answer['token']}", NOON + 60).endswith(',error="invalid_token"')


def test_tokens_can_be_revoked(auth: TokenAuth) -> None:
    token = ask(auth, "repository:a:pull")["token"]
    auth.revoke()
    assert challenge(auth, PULL, f"Bearer {token}").endswith(',error="invalid_token"')


def test_a_token_of_one_host_is_worth_nothing_at_another_that_shares_the_service(auth: TokenAuth) -> None:
    token = ask(auth, "repository:a:pull", service="gcr.io")["token"]
    with refused(401, "UNAUTHORIZED"):
        admit(auth, PULL, token, host="eu.gcr.io")


def test_what_is_not_permitted_is_left_out_of_a_token_without_a_word(auth: TokenAuth) -> None:
    token = ask(auth, "repository:a:pull,push", user="reader:x")["token"]
    assert admit(auth, PULL, token) == "reader"
    assert challenge(auth, PUSH, f"Bearer {token}").endswith(',error="insufficient_scope"')


# -- asking for tokens


@pytest.mark.parametrize("user", ["user:wrong", "nobody:x", ""])
def test_a_token_is_not_given_without_the_right_password(auth: TokenAuth, user: str) -> None:
    with refused(401, "UNAUTHORIZED"):
        ask(auth, "repository:a:pull", user=user)
    assert auth.issued == 0


def test_anybody_may_have_a_token_for_what_is_public(auth: TokenAuth) -> None:
    auth.accounts.anonymous_pull = True
    token = ask(auth, "repository:a:pull,push", user="")["token"]
    assert admit(auth, PULL, token) == ""
    assert challenge(auth, PUSH, f"Bearer {token}").endswith(',error="insufficient_scope"')


@pytest.mark.parametrize(
    ("named", "keys"), [("both", {"token", "access_token"}), ("token", {"token"}), ("access_token", {"access_token"})]
)
def test_a_token_has_one_of_two_names_or_both(auth: TokenAuth, named: str, keys: set[str]) -> None:
    auth.named = named  # type: ignore[assignment]
    assert ask(auth).keys() == keys | {"expires_in", "issued_at"}


def test_a_password_is_exchanged_by_post(auth: TokenAuth) -> None:
    answer = post(
        auth, grant_type="password", username="user", password="secret", service="gcr.io", scope="repository:a:pull"
    )
    assert admit(auth, PULL, answer["access_token"]) == "user"
    assert (answer["scope"], "refresh_token" in answer) == ("repository:a:pull", False)


def test_an_identity_token_is_exchanged_by_post(auth: TokenAuth) -> None:
    auth.refresh_tokens["identity"] = "user"
    answer = post(
        auth, grant_type="refresh_token", refresh_token="identity", service="gcr.io", scope="repository:a:pull,push"
    )
    assert admit(auth, PUSH, answer["access_token"]) == "user"


def test_a_refresh_token_is_given_to_who_asks_for_one(auth: TokenAuth) -> None:
    by_get = ask(auth, more="&offline_token=true")["refresh_token"]
    by_post = post(auth, grant_type="refresh_token", refresh_token=by_get, service="gcr.io", access_type="offline")
    assert by_post["refresh_token"] == by_get
    assert "refresh_token" not in ask(auth)


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"grant_type": "password", "username": "user", "password": "wrong"}, 401, "UNAUTHORIZED"),
        ({"grant_type": "refresh_token", "refresh_token": "unknown"}, 401, "UNAUTHORIZED"),
        ({"grant_type": "refresh_token"}, 401, "UNAUTHORIZED"),
        ({"grant_type": "magic"}, 400, "UNSUPPORTED"),
        ({}, 400, "UNSUPPORTED"),
    ],
)
def test_a_wrong_exchange_is_refused(auth: TokenAuth, form: dict[str, str], status: int, code: str) -> None:
    with refused(status, code):
        post(auth, **form)


def test_a_host_may_not_know_the_exchange(auth: TokenAuth) -> None:
    auth.posts = False
    with refused(404, "UNSUPPORTED"):
        post(auth, grant_type="password", username="user", password="secret")


def test_the_tokens_do_not_show_when_the_service_is_printed(auth: TokenAuth) -> None:
    token = ask(auth)["token"]
    assert token not in repr(auth)
