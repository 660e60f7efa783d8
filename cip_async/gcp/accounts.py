"""Access tokens for Google accounts, from wherever they are to be had.

For a service account that is named: a key file of it, Application Default Credentials if they are of it, impersonation
of it with them, then gcloud. For nobody in particular: Application Default Credentials, then gcloud. Tokens are kept
until shortly before they expire, and each account's is asked for once at a time.

google-auth takes long to load, and many runs have no use for it, so it is loaded by the functions that do.
"""

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import attrs
from anyio import to_thread

from cip_async.errors import AccountError
from cip_async.gcp.access_token import AccessToken
from cip_async.gcp.files import read_default_credentials, read_key_files
from cip_async.gcp.http import Http

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

READ: Final = ("https://www.googleapis.com/auth/cloud-platform.read-only",)
"""What a dry run asks for (https://cloud.google.com/artifact-registry/docs/reference/rest, "Authorization scopes")."""
WRITE: Final = ("https://www.googleapis.com/auth/cloud-platform",)
_AMBIENT: Final = ""
_REFUSED_S: Final = 60.0
"""How long an account that cannot be had is not asked for again, since some sources are slow to say so."""
_STAND_IN_S: Final = 10.0
"""How long a token that should be replaced and cannot be is used before that is tried again."""
_ACCOUNT: Final = re.compile(r"[a-z0-9._%+-]+@[a-z0-9.-]+", re.ASCII)
"""It becomes part of a URL."""


@attrs.define
class _Kept:
    """The token of one account, where it came from, and who is asking for a new one."""

    lock: anyio.Lock = attrs.field(factory=anyio.Lock)
    attempts: int = 0
    token: AccessToken | None = None
    fresh_until_s: float = 0.0
    error: AccountError | None = None
    error_until_s: float = 0.0
    credentials: "Credentials | None" = None


class GoogleAccounts:
    """Gives out access tokens for what `scopes` allow.

    `environment` says where Application Default Credentials, the metadata server and gcloud are; `clock` is in seconds
    since 1970.
    """

    def __init__(
        self,
        http: Http,
        *,
        scopes: Sequence[str] = READ,
        key_files: Sequence[Path] = (),
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._scopes = tuple(scopes)
        self._key_files = tuple(key_files)
        self._environment = environment
        self._clock = clock
        self._keys: dict[str, Mapping[str, Any]] = {}
        self._kept: dict[str, _Kept] = {}
        self._default_lock = anyio.Lock()
        self._default: tuple[Credentials | None] | None = None

    async def open(self) -> None:
        """Read the key files.

        Raises:
            FileProblem: one of them is none.
        """
        if self._key_files:
            self._keys = await to_thread.run_sync(read_key_files, self._key_files)

    async def token(self, account: str, *, refused: str | None = None) -> AccessToken:
        """A token of a service account, other than one that was `refused`.

        Raises:
            AccountError: there is none to be had.
        """
        account = account.lower()
        if not _ACCOUNT.fullmatch(account):
            raise AccountError(account, "is not the e-mail address of an account")
        return await self._token(account, refused)

    async def ambient_token(self, *, refused: str | None = None) -> AccessToken:
        """A token of whoever this machine or its user is to Google, other than one that was `refused`.

        Raises:
            AccountError: it is nobody.
        """
        return await self._token(_AMBIENT, refused)

    async def _token(self, account: str, refused: str | None) -> AccessToken:
        kept = self._kept.setdefault(account, _Kept())
        token = self._usable(kept, refused)
        if token is not None:
            return token
        attempts = kept.attempts
        async with kept.lock:
            token = self._usable(kept, refused)
            if token is not None:
                return token
            asked_meanwhile = kept.attempts != attempts
            if kept.error is not None and (asked_meanwhile or self._clock() < kept.error_until_s):
                return self._stand_in(kept, refused, kept.error)
            return await self._renew(account, kept, refused)

    def _usable(self, kept: _Kept, refused: str | None) -> AccessToken | None:
        if kept.token is None or kept.token.value == refused or self._clock() >= kept.fresh_until_s:
            return None
        return kept.token

    async def _renew(self, account: str, kept: _Kept, refused: str | None) -> AccessToken:
        try:
            token = await self._from_somewhere(account, kept)
        except AccountError as error:
            kept.attempts += 1
            kept.error = error
            kept.error_until_s = 0.0 if error.retryable else self._clock() + _REFUSED_S
            return self._stand_in(kept, refused, error)
        kept.attempts += 1
        kept.error = None
        kept.token, kept.fresh_until_s = token, token.fresh_until_s(self._clock())
        return token

    def _stand_in(self, kept: _Kept, refused: str | None, error: AccountError) -> AccessToken:
        """The token that is there, for as long as it lives, where a new one cannot be had just now."""
        old, now_s = kept.token, self._clock()
        if not error.retryable or old is None or old.value == refused or now_s >= old.expires_at_s:
            raise AccountError(error.account, error.reason, retryable=error.retryable)
        kept.fresh_until_s = min(old.expires_at_s, now_s + _STAND_IN_S)
        return old

    async def _from_somewhere(self, account: str, kept: _Kept) -> AccessToken:
        if kept.credentials is not None:
            return await self._mint(kept.credentials, account)
        errors: list[AccountError] = []
        for find in (self._own_credentials, self._impersonation):
            try:
                credentials = await find(account)
                if credentials is None:
                    continue
                token = await self._mint(credentials, account)
            except AccountError as error:
                errors.append(error)
                if find == self._own_credentials and account in self._keys:
                    raise
                continue
            kept.credentials = credentials
            return token
        from cip_async.gcp.gcloud import gcloud_token  # noqa: PLC0415 - it is the last resort

        try:
            return await gcloud_token(account or None, self._environment, self._clock)
        except AccountError as error:
            errors.append(error)
        raise self._none(account, errors)

    async def _own_credentials(self, account: str) -> "Credentials | None":
        """Credentials of the account itself: its key file, or the default ones if they are of it."""
        if account in self._keys:
            return await to_thread.run_sync(_load, self._keys[account], f"the key file of {account}", self._scopes)
        default = await self._default_credentials()
        if default is None or account == _AMBIENT:
            return default
        return default if account_of(default) == account else None

    async def _impersonation(self, account: str) -> "Credentials | None":
        """Credentials by which the default ones act for the account."""
        default = None if account == _AMBIENT else await self._default_credentials()
        if default is None or account_of(default) == account:
            return None
        return await to_thread.run_sync(_impersonated, default, account, self._scopes)

    async def _default_credentials(self) -> "Credentials | None":
        """Application Default Credentials, looked for once; not being there is remembered, not being whole is not."""
        async with self._default_lock:
            if self._default is None:
                self._default = (await to_thread.run_sync(self._find_default),)
            return self._default[0]

    def _find_default(self) -> "Credentials | None":
        found = read_default_credentials(self._environment)
        if found is not None:
            path, info = found
            return _load(info, f"the Application Default Credentials in {path}", self._scopes)
        return _machine_credentials(self._http, self._environment)

    async def _mint(self, credentials: "Credentials", account: str) -> AccessToken:
        whose = account or account_of(credentials) or "the Application Default Credentials"
        return await to_thread.run_sync(_mint, credentials, whose, self._http)

    def _none(self, account: str, errors: Sequence[AccountError]) -> AccountError:
        """The error that nothing gave a token; what is wrong with each source is part of it."""
        retryable = any(error.retryable for error in errors)
        reasons = [error.reason for error in errors]
        if not account:
            return AccountError("the ambient Google account", "; ".join(reasons), retryable=retryable)
        if account not in self._keys:
            reasons.insert(0, "no key file of it was given")
        return AccountError(account, "; ".join(reasons), retryable=retryable)


def account_of(credentials: "Credentials") -> str:
    """Whose credentials these are; empty where they do not tell."""
    return str(
        getattr(credentials, "service_account_email", None) or getattr(credentials, "account", None) or ""
    ).lower()


def _load(info: Mapping[str, Any], where: str, scopes: Sequence[str]) -> "Credentials":
    from cip_async.gcp.google_auth import load  # noqa: PLC0415

    return load(info, where, scopes)


def _impersonated(source: "Credentials", account: str, scopes: Sequence[str]) -> "Credentials":
    from cip_async.gcp.google_auth import impersonated  # noqa: PLC0415

    return impersonated(source, account, scopes)


def _machine_credentials(http: Http, environment: Mapping[str, str]) -> "Credentials | None":
    from cip_async.gcp.google_auth import ThreadRequest  # noqa: PLC0415
    from cip_async.gcp.metadata_server import machine_credentials  # noqa: PLC0415

    return machine_credentials(ThreadRequest(http), environment)


def _mint(credentials: "Credentials", account: str, http: Http) -> AccessToken:
    from cip_async.gcp.google_auth import mint  # noqa: PLC0415

    return mint(credentials, account, http)
