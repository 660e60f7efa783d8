"""The tokens that Pub/Sub signs its push requests with.

What is in them: https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import anyio
import attrs
from anyio import to_thread
from google.auth import exceptions, jwt, transport
from google.oauth2 import id_token

from cip_async.errors import TokenUnverified
from cip_async.gcp.http import Http, HttpFailure

GOOGLE_CERTIFICATES: Final = "https://www.googleapis.com/oauth2/v1/certs"
"""Google's certificates by key id."""

_ISSUERS: Final = ("accounts.google.com", "https://accounts.google.com")
_SKEW_S: Final = 10
"""By how much our clock may differ from Google's."""
_FETCH_S: Final = 10.0
_USED_S: Final = 3600.0
"""How long certificates are used before they are fetched again; Google replaces them after days."""
_PAUSE_S: Final = 60.0
"""Between two fetches, at least, whatever keys tokens name."""
_MOST_TOKENS: Final = 1000
_REFUSED: Final = (exceptions.GoogleAuthError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What google-auth raises over a token that is wrong, or none at all."""


@attrs.frozen
class _Certificates:
    """Certificates as they were fetched, and when."""

    body: bytes
    keys: frozenset[str]
    fetched_at: float


class PushTokens:
    """Verifies the tokens of one push subscription: signature, audience, and if `account` is given, whose they are.

    `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        http: Http,
        *,
        audience: str,
        account: str | None = None,
        certificates_url: str = GOOGLE_CERTIFICATES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._audience = audience
        self._account = account
        self._url = certificates_url
        self._clock = clock
        self._certificates: _Certificates | None = None
        self._tried_at = float("-inf")
        self._failure = ""
        self._fetching = anyio.Lock()
        self._verified: dict[bytes, float] = {}

    async def verify(self, authorization: str) -> None:
        """Check the `Authorization` header of a push request.

        Raises:
            TokenUnverified: it holds no such token; or, retryable, the certificates cannot be had.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenUnverified("the request has none")
        key = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
        if self._verified.get(key, 0.0) > time.time():
            return
        certificates = await self._certificates_for(_key_id(token))
        claims = await to_thread.run_sync(self._claims, token, certificates)
        self._check(claims)
        self._verified[key] = float(claims["exp"])
        if len(self._verified) > _MOST_TOKENS:
            del self._verified[next(iter(self._verified))]

    def _claims(self, token: str, certificates: _Certificates) -> Mapping[str, Any]:
        """What a token claims, if its signature, audience and times are right; blocks."""
        held = _Held(certificates.body)
        try:
            claims: Mapping[str, Any] = id_token.verify_token(
                token, held, self._audience, self._url, clock_skew_in_seconds=_SKEW_S
            )
        except _REFUSED as error:
            reason = type(error).__name__
            raise TokenUnverified(f"is not valid for the audience {self._audience} ({reason})") from None
        return claims

    def _check(self, claims: Mapping[str, Any]) -> None:
        if claims.get("iss") not in _ISSUERS:
            raise TokenUnverified("is not issued by Google")
        if self._account is None:
            return
        if claims.get("email") != self._account or claims.get("email_verified") is not True:
            raise TokenUnverified(f"is not that of {self._account}")

    async def _certificates_for(self, key: str) -> _Certificates:
        """The certificates, fetched anew if they are old or do not have `key`, but not more often than a pause."""
        async with self._fetching:
            now, held = self._clock(), self._certificates
            is_fit = held is not None and now - held.fetched_at < _USED_S and key in held.keys
            if not is_fit and now - self._tried_at >= _PAUSE_S:
                self._tried_at = now
                await self._fetch(now)
            if self._certificates is None:
                raise TokenUnverified(self._failure, retryable=True)
            return self._certificates

    async def _fetch(self, now: float) -> None:
        try:
            answer = await self._http("GET", self._url, {"Accept": "application/json"}, None, _FETCH_S)
        except HttpFailure as error:
            self._failure = f"the certificates cannot be had: {error}"
            return
        if answer.status != HTTPStatus.OK:
            self._failure = f"the certificates cannot be had: status {answer.status}"
            return
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
            self._failure = "what should be certificates by key id is none"
            return
        self._certificates = _Certificates(answer.body, frozenset(found), now)


def _key_id(token: str) -> str:
    """The id of the key that a token says it is signed with."""
    try:
        return str(jwt.decode_header(token).get("kid", ""))
    except _REFUSED:
        raise TokenUnverified("is none") from None


@attrs.frozen
class _Held(transport.Request):
    """Gives google-auth what was fetched before, so that it sends nothing itself."""

    _body: bytes

    def __call__(self, url: str, *args: object, **options: object) -> "_Answer":
        """The certificates, whatever is asked for."""
        del url, args, options
        return _Answer(self._body)


@attrs.frozen
class _Answer(transport.Response):
    """The certificates as google-auth wants them."""

    _body: bytes

    @property
    def status(self) -> int:
        """That they are there."""
        return HTTPStatus.OK

    @property
    def headers(self) -> Mapping[str, str]:
        """None."""
        return {}

    @property
    def data(self) -> bytes:
        """The certificates."""
        return self._body
