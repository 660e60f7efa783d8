"""The Authorization of each request: Basic, a ready Bearer token, or one bought from the registry's token service.

The exchange is that of https://distribution.github.io/distribution/spec/auth/token/ and, for identity tokens,
https://distribution.github.io/distribution/spec/auth/oauth/. A challenge is learnt once per host, a token is kept
until shortly before it expires, and what many requests need at one time is asked for once.
"""

import base64
from collections.abc import Awaitable, Callable
from typing import Final, TypeGuard
from urllib.parse import quote, urlencode

import attrs
from yarl import URL

from cip_async.errors import CredentialError, Denied, HostGivenUp, InvalidReference, RegistryError, Unauthorized
from cip_async.model.report import RequestClass
from cip_async.reference import Host, Repository, parse_host
from cip_async.registry.credentials.provider import (
    Anonymous,
    BearerToken,
    Credential,
    CredentialProvider,
    IdentityToken,
    Password,
    shown_account,
)
from cip_async.registry.credentials.scopes import Scopes, asked_by
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.exchange import Answer, Request
from cip_async.registry.once import Once
from cip_async.registry.origins import objection_to_realm, supplied
from cip_async.registry.wire import UNDECODABLE, Challenge, challenges, token_decoder
from cip_async.settings import GARBLED_TRIES

_CLIENT_ID: Final = "cip-async"
_DEFAULT_LIFETIME_S: Final = 60.0
_LONGEST_MARGIN_S: Final = 30.0


@attrs.frozen(kw_only=True)
class _Bearer:
    realm: URL
    service: str


@attrs.frozen(kw_only=True)
class _Token:
    value: str = attrs.field(repr=False)
    scopes: frozenset[str]
    fresh_until: float


class Authorizer:
    """Knows what each host wants to see, and has it at hand.

    `ask` sends one token request. `trusted_realms` are hosts that may serve tokens for any registry.
    """

    def __init__(
        self,
        provider: CredentialProvider,
        endpoints: Endpoints,
        ask: Callable[[Request], Awaitable[Answer]],
        clock: Callable[[], float],
        most_bytes: int,
        trusted_realms: frozenset[str] = frozenset(),
    ) -> None:
        self._provider = provider
        self._endpoints = endpoints
        self._ask = ask
        self._clock = clock
        self._most_bytes = most_bytes
        self._trusted_realms = trusted_realms
        self._challenges: dict[Host, _Bearer | Challenge] = {}
        self._tokens: dict[tuple[Host, str], list[_Token]] = {}
        self._once: Once[tuple[Host, frozenset[str]], _Token] = Once()

    async def authorization(self, host: Host, repository: Repository | None, scopes: Scopes) -> str | None:
        """The value of the Authorization header that `host` is known to want, or None.

        Raises:
            CredentialError: a credential or token that should be there cannot be had.
        """
        credential = await self._provider.credential(host, repository)
        if isinstance(credential, BearerToken):
            return _ready(host, credential)
        known = self._challenges.get(host)
        if isinstance(known, _Bearer):
            token = await self._token(host, known, credential, scopes)
            return f"Bearer {token.value}"
        if known is not None and isinstance(credential, Password):
            return _basic(credential)
        return None

    async def answer_challenge(
        self, host: Host, repository: Repository | None, scopes: Scopes, sent: str | None, refused: Answer
    ) -> str | None:
        """What to send after a 401, or None if there is nothing better than what was `sent`."""
        headers = refused.headers.getall("WWW-Authenticate", [])
        offered = {challenge.scheme: challenge for challenge in challenges(headers)}
        credential = await self._provider.credential(host, repository)
        if isinstance(credential, BearerToken) and credential.renew is not None:
            ready = _ready(host, credential)
            renewed = _ready(host, await credential.renew()) if ready == sent else ready
            return renewed if renewed != sent else None
        if "bearer" in offered:
            bearer = self._challenges[host] = self._vetted(host, offered["bearer"])
            is_too_narrow = offered["bearer"].parameters.get("error") == "insufficient_scope"
            self._forget(host, scopes, sent, alone=is_too_narrow)
            wider = asked_by(offered["bearer"].parameters.get("scope", ""))
            if sent is not None:
                scopes = tuple(dict.fromkeys((*scopes, *wider)))
            token = await self._token(host, bearer, credential, scopes or wider)
            return f"Bearer {token.value}"
        if "basic" in offered and isinstance(credential, Password):
            if not isinstance(self._challenges.get(host), _Bearer):
                self._challenges[host] = offered["basic"]
            basic = _basic(credential)
            return basic if basic != sent else None
        return None

    async def owner(self, host: Host, repository: Repository | None) -> str:
        """Whose ready token is shown to `host`; empty where there is none, or it is not known whose it is.

        Raises:
            CredentialError: as `authorization`.
        """
        credential = await self._provider.credential(host, repository)
        return credential.owner if isinstance(credential, BearerToken) else ""

    async def account(self, host: Host, repository: Repository | None) -> str:
        """As whom `host` is used, for people.

        Raises:
            CredentialError: as `authorization`.
        """
        return shown_account(await self._provider.credential(host, repository))

    def _vetted(self, host: Host, challenge: Challenge) -> _Bearer:
        origin = self._endpoints.origin(host)
        try:
            realm = self._endpoints.map_back(host, supplied(origin, challenge.parameters.get("realm", "")))
        except ValueError as error:
            raise CredentialError(host, "its token realm is not a URL") from error
        if not "".join(challenge.parameters.values()).isprintable():
            raise CredentialError(host, "its challenge holds what is no text, and no token can be asked for with it")
        objection = objection_to_realm(origin, realm, self._trusted_realms)
        if objection is not None:
            raise CredentialError(host, f"{objection}; no credential was sent there")
        return _Bearer(realm=realm, service=challenge.parameters.get("service", ""))

    def _forget(self, host: Host, scopes: Scopes, sent: str | None, *, alone: bool) -> None:
        """Drop the token that was refused, and unless it `alone` is at fault those that were got before it was.

        Whatever ended its validity before its time, such as new keys of the registry, ended theirs. Where it was
        dropped already, another task has got a new one meanwhile, which stays.
        """
        tokens = self._tokens.get((host, _first(scopes)), [])
        refused = [token for token in tokens if f"Bearer {token.value}" == sent]
        if refused:
            tokens[:] = [token for token in tokens if alone and token not in refused]

    async def _token(self, host: Host, bearer: _Bearer, credential: Credential | None, scopes: Scopes) -> _Token:
        wanted = frozenset(scopes)
        now = self._clock()
        for token in self._tokens.get((host, _first(scopes)), ()):
            if token.fresh_until > now and wanted <= token.scopes:
                return token
        return await self._once.get((host, wanted), lambda: self._buy(host, bearer, credential, scopes))

    async def _buy(self, host: Host, bearer: _Bearer, credential: Credential | None, scopes: Scopes) -> _Token:
        request = self._token_request(host, bearer, credential, scopes)
        try:
            answer = await self._ask(request)
        except (Unauthorized, Denied) as error:
            raise CredentialError(host, _refusal(credential, scopes, error)) from error
        except RegistryError as error:
            if error.retryable or isinstance(error, HostGivenUp):
                raise
            raise CredentialError(host, f"no token for {' '.join(scopes)}: {error}") from error
        token = self._parsed(host, answer, scopes)
        kept = self._tokens.setdefault((host, _first(scopes)), [])
        kept[:] = [other for other in kept if other.fresh_until > self._clock() and not other.scopes <= token.scopes]
        kept.append(token)
        return token

    def _parsed(self, host: Host, answer: Answer, scopes: Scopes) -> _Token:
        try:
            body = token_decoder.decode(answer.body)
        except UNDECODABLE as error:
            raise _no_token(host) from error
        value = body.token or body.access_token
        if not _fits_a_header(value):
            raise _no_token(host)
        lifetime_s = _DEFAULT_LIFETIME_S if body.expires_in is None else max(0.0, body.expires_in)
        margin_s = min(_LONGEST_MARGIN_S, lifetime_s / 5)
        return _Token(value=value, scopes=frozenset(scopes), fresh_until=self._clock() + lifetime_s - margin_s)

    def _token_request(self, host: Host, bearer: _Bearer, credential: Credential | None, scopes: Scopes) -> Request:
        realm = bearer.realm
        try:
            realm_host = host if realm.origin() == self._endpoints.origin(host) else parse_host(realm.raw_authority)
        except InvalidReference as error:
            raise CredentialError(host, "its token realm has no proper host") from error
        body = None
        url = realm
        if isinstance(credential, IdentityToken):
            form = {
                "grant_type": "refresh_token",
                "service": bearer.service,
                "client_id": _CLIENT_ID,
                "scope": " ".join(scopes),
                "refresh_token": credential.token,
            }
            body = urlencode(form).encode()
        else:
            asked = [("service", bearer.service), *(("scope", scope) for scope in scopes), ("client_id", _CLIENT_ID)]
            query = "&".join(f"{name}={quote(value, safe=':/,*')}" for name, value in asked if value)
            url = URL(f"{realm}{'&' if realm.raw_query_string else '?'}{query}", encoded=True)
        return Request(
            host=realm_host,
            method="GET" if body is None else "POST",
            target=url.raw_path_qs,
            url=url,
            request_class=RequestClass.TOKEN,
            repository=None,
            scopes=(),
            expected=frozenset({200}),
            most_bytes=self._most_bytes,
            body=body,
            content_type=None if body is None else "application/x-www-form-urlencoded",
            authorization=_basic(credential) if isinstance(credential, Password) else None,
        )


def _no_token(host: Host) -> CredentialError:
    reason = "its token service did not answer with a token"
    return CredentialError(host, reason, retryable=True, most_tries=GARBLED_TRIES)


def _ready(host: Host, credential: BearerToken) -> str:
    if not _fits_a_header(credential.token):
        raise CredentialError(host, "its token is empty or contains characters that no token has")
    return f"Bearer {credential.token}"


def _fits_a_header(token: str | None) -> TypeGuard[str]:
    return token is not None and token != "" and token.isascii() and token.isprintable()


def _first(scopes: Scopes) -> str:
    return scopes[0] if scopes else ""


def _basic(credential: Password) -> str:
    joined = f"{credential.username}:{credential.password}".encode()
    return f"Basic {base64.b64encode(joined).decode()}"


def _refusal(credential: Credential | None, scopes: Scopes, error: RegistryError) -> str:
    who = "anonymous access" if credential is None or isinstance(credential, Anonymous) else "the credential"
    return f"its token service refused {who} for {' '.join(scopes)} ({error.reason}); log in with an account that may"
