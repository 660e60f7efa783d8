"""Google access tokens for registry entries: each entry has its own account, so two on one host stay apart.

Google's hosts take an access token as it is, as a Bearer token, for every path
(https://cloud.google.com/artifact-registry/docs/docker/authentication#token): no ping and no exchange. No other host
ever gets one.
"""

import functools
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import attrs

from cip_async.errors import AccountError, CredentialError
from cip_async.gcp.access_token import AccessToken
from cip_async.reference import Host, RegistryPath, Repository
from cip_async.registry.credentials.entries import EntryMap
from cip_async.registry.credentials.provider import Anonymous, BearerToken, Credential
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.listing.artifact_repository import API_HOST

log = logging.getLogger(__name__)


class Accounts(Protocol):
    """Gives out access tokens."""

    async def open(self) -> None:
        """Read what has to be read first."""
        ...

    async def token(self, account: str, *, refused: str | None = None) -> AccessToken:
        """A token of a service account, other than one that was `refused`."""
        ...

    async def ambient_token(self, *, refused: str | None = None) -> AccessToken:
        """A token of whoever this machine or its user is, other than one that was `refused`."""
        ...


@attrs.frozen
class Binding:
    """The account of a registry entry. Where it is `required`, there is no doing without it."""

    account: str
    required: bool


class GoogleCredentials:
    """Finds the access token for a repository: of the account of its registry entry, else of whoever is here.

    The second goes only where `is_google` says so and where the way is encrypted: somebody's own account is nothing
    for a test registry that stands in for Google.
    """

    def __init__(self, accounts: Accounts, endpoints: Endpoints, is_google: Callable[[Host], bool]) -> None:
        self._accounts = accounts
        self._endpoints = endpoints
        self._is_google = functools.cache(is_google)
        self._bindings: EntryMap[Binding] = EntryMap()
        self._given_up: set[str] = set()
        self._is_nobody = False

    async def open(self) -> None:
        """Read the key files.

        Raises:
            FileProblem: one of them is none.
        """
        await self._accounts.open()

    async def bind(self, bindings: Mapping[RegistryPath, Binding]) -> None:
        """Let these registry entries, and no others, be used by their accounts from now on; get a token of each.

        Raises:
            CredentialError: accounts that are required have no credential; all of them are told.
        """
        self._bindings = EntryMap()
        self._given_up.clear()
        failures: dict[str, list[tuple[RegistryPath, AccountError]]] = {}
        for path, binding in sorted(bindings.items()):
            if not self._is_google(path.host):
                said = "%s is no registry of Google's, so the service account %s is not used for it"
                log.warning(said, path, binding.account)
                continue
            self._bindings.put(path, binding)
            try:
                await self._token(binding, path)
            except AccountError as error:
                failures.setdefault(binding.account, []).append((path, error))
        if failures:
            hosts = sorted({path.host for each in failures.values() for path, _ in each})
            reasons = [_lacking(account, [path for path, _ in each], each[0][1]) for account, each in failures.items()]
            raise CredentialError(", ".join(hosts), "; ".join(reasons))

    async def credential(self, host: Host, repository: Repository | None) -> Credential | None:
        """The token for `repository`, or for `host` itself.

        The Artifact Registry API is asked about a repository as the registry is that holds it.

        Raises:
            CredentialError: an account that is required has none.
        """
        holder = repository.host if host == API_HOST and repository is not None else host
        bound = self._bindings.of(holder, repository)
        if bound is not None:
            path, binding = bound
            return await self._of(binding, path)
        if self._is_nobody or not self._is_google(holder) or self._endpoints.origin(host).scheme != "https":
            return None
        return await self._ambient(host)

    async def access_token(self, repository: Repository) -> AccessToken:
        """A token of whoever may read `repository`, for another of Google's services.

        Raises:
            AccountError: there is none to be had.
        """
        bound = self._bindings.of(repository.host, repository)
        if bound is None:
            return await self._accounts.ambient_token()
        return await self._accounts.token(bound[1].account)

    async def _of(self, binding: Binding, path: RegistryPath) -> Credential:
        async def renew(refused: str) -> AccessToken:
            return await self._accounts.token(binding.account, refused=refused)

        try:
            token = await self._token(binding, path)
        except AccountError as error:
            reason = _lacking(binding.account, [path], error)
            raise CredentialError(path.host, reason, retryable=error.retryable) from None
        return Anonymous() if token is None else _bearer(path.host, token, renew)

    async def _token(self, binding: Binding, path: RegistryPath) -> AccessToken | None:
        """A token of the entry's account; None where it has none and is not required."""
        if binding.account in self._given_up:
            return None
        try:
            return await self._accounts.token(binding.account)
        except AccountError as error:
            if binding.required or error.retryable:
                raise
            self._given_up.add(binding.account)
            lacking = _lacking(binding.account, [path], error)
            log.warning("%s; what is for this account is read without credentials", lacking)
            return None

    async def _ambient(self, host: Host) -> Credential | None:
        async def renew(refused: str) -> AccessToken:
            return await self._accounts.ambient_token(refused=refused)

        try:
            return _bearer(host, await self._accounts.ambient_token(), renew)
        except AccountError as error:
            if error.retryable:
                raise CredentialError(host, str(error), retryable=True) from None
            self._is_nobody = True
            log.info("no Google account is used where none is named: %s", error.reason)
            return None


def _lacking(account: str, paths: Sequence[RegistryPath], error: AccountError) -> str:
    others = f" and {len(paths) - 1} more are" if len(paths) > 1 else " is"
    return f"no token of service account {account}, which {paths[0]}{others} for: {error.reason}"


def _bearer(host: Host, token: AccessToken, renew: Callable[[str], Awaitable[AccessToken]]) -> BearerToken:
    async def renewed() -> BearerToken:
        try:
            return _bearer(host, await renew(token.value), renew)
        except AccountError as error:
            raise CredentialError(host, str(error), retryable=error.retryable) from None

    return BearerToken(token=token.value, owner=token.account, renew=renewed)
