"""Who is asking, and may they: how a host is told, with a password or with a token from elsewhere; pure.

The third way, tokens that the host itself gives out, is in `tokens`.
"""

import base64
import binascii
from typing import Protocol

import attrs

from cip_async.fake_registry.accounts import ANONYMOUS, Accounts
from cip_async.fake_registry.docker_images import API_HOST
from cip_async.fake_registry.refusal import Refusal, refusal
from cip_async.fake_registry.scopes import Scope, needed_scopes
from cip_async.fake_registry.visit import Visit


class Auth(Protocol):
    """A way to tell who is asking."""

    def admit(self, visit: Visit, now_s: float) -> str:
        """The account that a request is made by, if it may be made.

        Raises:
            Refusal: 401 with a challenge, or 403.
        """


@attrs.define
class BasicAuth:
    """A user name and a password with every request (RFC 7617)."""

    accounts: Accounts
    realm: str = "registry"

    def admit(self, visit: Visit, now_s: float) -> str:
        """The user, if the password is right and what is asked for is permitted."""
        del now_s
        account = ANONYMOUS
        if visit.credentials:
            given = basic_credentials(visit.credentials)
            if given is None or not self.accounts.accepts(*given):
                raise unauthorized(f'Basic realm="{self.realm}"')
            account = given[0]
        scopes = needed_scopes(visit.call)
        if account == ANONYMOUS and not (scopes and self.accounts.permits(account, scopes)):
            raise unauthorized(f'Basic realm="{self.realm}"')
        if not self.accounts.permits(account, scopes):
            raise denied(scopes)
        return account


@attrs.define
class BearerAuth:
    """Access tokens that were had elsewhere, sent as they are: how Google's hosts take OAuth 2 tokens.

    `tokens` says whose each one is. cloud.google.com/artifact-registry/docs/reference/docker-api
    """

    accounts: Accounts = attrs.field(factory=Accounts)
    tokens: dict[str, str] = attrs.field(factory=dict)

    def admit(self, visit: Visit, now_s: float) -> str:
        """The account of the token, if what is asked for is permitted."""
        del now_s
        scopes = needed_scopes(visit.call)
        challenge = f'Bearer realm="{visit.origin}/v2/token",service="{visit.host}"'
        if visit.host == API_HOST:
            challenge = 'Bearer realm="https://accounts.google.com/"'
        account = ANONYMOUS
        if visit.credentials:
            scheme, _, token = visit.credentials.partition(" ")
            if scheme.lower() != "bearer" or token not in self.tokens:
                raise unauthorized(challenge)
            account = self.tokens[token]
        elif not (scopes and self.accounts.permits(account, scopes)):
            raise unauthorized(challenge)
        if not self.accounts.permits(account, scopes):
            raise denied(scopes)
        return account


def basic_credentials(header: str) -> tuple[str, str] | None:
    """User name and password of an `Authorization` header; None if that is not what it holds."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None


def unauthorized(challenge: str) -> Refusal:
    """401 with a challenge."""
    headers = {"WWW-Authenticate": challenge}
    return refusal(401, "UNAUTHORIZED", "authentication required", headers=headers)


def denied(scopes: tuple[Scope, ...]) -> Refusal:
    """403, naming what would be needed."""
    needed = " ".join(map(str, scopes))
    return refusal(403, "DENIED", f"requested access to the resource is denied: {needed} is needed")
