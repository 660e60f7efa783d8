"""Who may use a host, and for what; pure."""

import fnmatch
from typing import Final

import attrs

from cip_async.fake_registry.scopes import Scope

ANONYMOUS: Final = ""
"""The account of somebody who shows no credentials."""
_EVERYTHING: Final = frozenset({"pull", "push", "delete", "*"})


@attrs.frozen
class Permission:
    """Lets `account` do `actions` in the repositories that match the glob `repositories`."""

    account: str
    repositories: str
    actions: frozenset[str]


@attrs.define
class Accounts:
    """The accounts of a host, with their passwords. One with no permission of its own may do everything.

    `anonymous_pull` lets everybody read without credentials.
    """

    passwords: dict[str, str] = attrs.field(factory=dict)
    permissions: list[Permission] = attrs.field(factory=list)
    anonymous_pull: bool = False

    def permit(self, account: str, repositories: str, *actions: str) -> None:
        """Let an account do these actions there; from now on it may do only what it is permitted."""
        self.permissions.append(Permission(account, repositories, frozenset(actions)))

    def accepts(self, account: str, password: str) -> bool:
        """Whether this is the password of that account."""
        return self.passwords.get(account) == password

    def allowed(self, account: str, scope: Scope) -> frozenset[str]:
        """Those of the scope's actions that the account may do."""
        if account == ANONYMOUS:
            public = scope.kind == "repository" and self.anonymous_pull
            return scope.actions & {"pull"} if public else frozenset()
        own = [permission for permission in self.permissions if permission.account == account]
        if not own:
            return scope.actions & _EVERYTHING
        granted: set[str] = set()
        for permission in own:
            if scope.kind == "repository" and fnmatch.fnmatchcase(scope.name, permission.repositories):
                granted |= permission.actions
        return scope.actions & granted

    def permits(self, account: str, scopes: tuple[Scope, ...]) -> bool:
        """Whether the account may do all of this."""
        return all(self.allowed(account, scope) == scope.actions for scope in scopes)
