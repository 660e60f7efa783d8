"""What a credential is, and the protocol of those who find one. Secrets never show in a `repr`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import attrs

from cip_async.reference import Host, Repository


@attrs.frozen
class Anonymous:
    """Nobody in particular."""


_NOBODY: Final = Anonymous()


@attrs.frozen(kw_only=True)
class Password:
    """A user name and a password, or what a registry takes for one."""

    username: str
    password: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class IdentityToken:
    """A refresh token of a registry's token service."""

    token: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class BearerToken:
    """A token that the registry takes as it is, such as a Google access token: no challenge, no exchange.

    `owner` says whose it is, where that is known. `renew` gets another one once this one is refused, and raises
    `CredentialError` if there is none to be had.
    """

    token: str = attrs.field(repr=False)
    owner: str = ""
    renew: "Callable[[], Awaitable[BearerToken]] | None" = attrs.field(default=None, repr=False, eq=False)


Credential = Anonymous | Password | IdentityToken | BearerToken


def shown_account(credential: Credential | None) -> str:
    """Whose credential this is, for people; as much as it tells."""
    match credential:
        case None | Anonymous():
            return "anonymous"
        case Password(username=username):
            return username
        case BearerToken(owner=owner) if owner:
            return owner
        case _:
            return "a token"


class CredentialProvider(Protocol):
    """Finds the credential for a host, and keeps it fresh."""

    async def credential(self, host: Host, repository: Repository | None) -> Credential | None:
        """The credential for `host`, or for one repository there; None where this provider knows of none.

        It is asked often, so it remembers.

        Raises:
            CredentialError: there should be one, and it cannot be had.
        """
        ...


@attrs.frozen
class Chain:
    """The first of several providers that knows of a credential; anonymous if none does."""

    providers: Sequence[CredentialProvider]

    async def credential(self, host: Host, repository: Repository | None) -> Credential:
        """The credential of the first provider that has one."""
        for provider in self.providers:
            found = await provider.credential(host, repository)
            if found is not None:
                return found
        return _NOBODY
