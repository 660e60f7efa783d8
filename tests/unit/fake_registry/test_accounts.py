"""Who may use a host, and for what."""

import pytest

from cip_async.fake_registry.accounts import ANONYMOUS, Accounts
from cip_async.fake_registry.scopes import parse_scopes

(ALL,) = parse_scopes(["repository:team/app:pull,push,delete"])
(CATALOG,) = parse_scopes(["registry:catalog:*"])


def test_an_account_without_permissions_of_its_own_may_do_everything() -> None:
    accounts = Accounts()
    accounts.permit("other", "*", "pull")
    assert accounts.allowed("user", ALL) == {"pull", "push", "delete"}
    assert accounts.allowed("user", CATALOG) == {"*"}


@pytest.mark.parametrize(
    ("repositories", "actions", "allowed"),
    [
        ("team/*", ["pull"], {"pull"}),
        ("team/app", ["pull", "push"], {"pull", "push"}),
        ("TEAM/*", ["pull"], set()),
        ("other/*", ["pull"], set()),
    ],
)
def test_an_account_may_do_what_it_is_permitted(repositories: str, actions: list[str], allowed: set[str]) -> None:
    accounts = Accounts()
    accounts.permit("user", repositories, *actions)
    assert accounts.allowed("user", ALL) == allowed


def test_nobody_is_allowed_what_was_not_asked_for() -> None:
    accounts = Accounts()
    accounts.permit("user", "*", "pull", "push")
    (pull,) = parse_scopes(["repository:team/app:pull"])
    assert accounts.allowed("user", pull) == accounts.allowed("other", pull) == {"pull"}


def test_permissions_add_up() -> None:
    accounts = Accounts()
    accounts.permit("user", "*", "pull")
    accounts.permit("user", "team/*", "push")
    assert accounts.permits("user", parse_scopes(["repository:team/app:pull,push", "repository:x:pull"]))
    assert not accounts.permits("user", parse_scopes(["repository:x:push"]))


def test_an_account_that_is_held_to_repositories_does_not_see_the_catalog() -> None:
    accounts = Accounts()
    accounts.permit("user", "*", "pull", "*")
    assert accounts.allowed("user", CATALOG) == set()


@pytest.mark.parametrize(("anonymous_pull", "allowed"), [(True, {"pull"}), (False, set())])
def test_somebody_without_credentials_may_pull_at_most(anonymous_pull: bool, allowed: set[str]) -> None:
    accounts = Accounts(anonymous_pull=anonymous_pull)
    assert accounts.allowed(ANONYMOUS, ALL) == allowed
    assert accounts.allowed(ANONYMOUS, CATALOG) == set()


def test_only_the_right_password_is_accepted() -> None:
    accounts = Accounts(passwords={"user": "secret"})
    assert accounts.accepts("user", "secret")
    assert not accounts.accepts("user", "Secret")
    assert not accounts.accepts("somebody", "secret")
