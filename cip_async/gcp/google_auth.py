"""google-auth, which is synchronous, behind functions that are called in worker threads.

It sends its requests through the HTTP client of the event loop that the thread works for.
"""

import datetime as dt
import importlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
from anyio import from_thread
from google.auth import credentials as google_credentials
from google.auth import exceptions, transport

from cip_async.errors import AccountError
from cip_async.gcp.access_token import AccessToken
from cip_async.gcp.http import Http, HttpAnswer, HttpFailure

_LIMIT_S: Final = 30.0
_LONGEST_REASON: Final = 300
_SECRET: Final = re.compile(r"[^\s'\"]{61,}")
"""Runs of characters as long as no word is, but as tokens and keys are."""
_MALFORMED: Final = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What google-auth raises over files and answers of an unexpected shape."""
_LOADERS: Final = {
    "service_account": ("google.oauth2.service_account", "from_service_account_info"),
    "authorized_user": ("google.oauth2.credentials", "from_authorized_user_info"),
    "impersonated_service_account": ("google.auth.impersonated_credentials", "from_impersonated_service_account_info"),
    "external_account_authorized_user": ("google.auth.external_account_authorized_user", "from_info"),
    "external_account": ("google.auth.identity_pool", "from_info"),
}
"""How to make credentials of each kind of file (https://google.aip.dev/auth/4110)."""
_AWS: Final = "urn:ietf:params:aws:token-type:aws4_request"


def load(info: Mapping[str, Any], where: str, scopes: Sequence[str]) -> google_credentials.Credentials:
    """The credentials that a JSON file `where` holds, asking for `scopes` if they are of a kind that asks.

    Raises:
        AccountError: they are of no known kind, or something is missing.
    """
    kind = info.get("type")
    module, maker = _LOADERS.get(str(kind), ("", ""))
    if not module:
        raise AccountError(where, f"type {str(kind)[:40]!r} is none of {', '.join(_LOADERS)}")
    if kind == "external_account":
        module = _external_module(info)
    try:
        loaded = getattr(importlib.import_module(module).Credentials, maker)(dict(info))
        scoped: google_credentials.Credentials = google_credentials.with_scopes_if_required(loaded, list(scopes))
    except (exceptions.GoogleAuthError, *_MALFORMED):
        raise AccountError(where, "is not whole: a field is missing or malformed") from None
    return scoped


def impersonated(
    source: google_credentials.Credentials, account: str, scopes: Sequence[str]
) -> google_credentials.Credentials:
    """Credentials of the service account `account`, as those of `source` may act for it."""
    from google.auth import impersonated_credentials  # noqa: PLC0415 - it loads all of cryptography

    return impersonated_credentials.Credentials(
        source_credentials=source, target_principal=account, target_scopes=list(scopes)
    )


def mint(credentials: google_credentials.Credentials, account: str, http: Http) -> AccessToken:
    """A new access token; called in a worker thread of anyio's.

    Raises:
        AccountError: there is none to be had.
    """
    try:
        credentials.refresh(ThreadRequest(http))
    except exceptions.GoogleAuthError as error:
        retryable = error.retryable or isinstance(error, exceptions.TransportError)
        raise AccountError(account, _reason(error), retryable=retryable) from None
    except _MALFORMED:
        raise AccountError(account, "the token service's answer is malformed") from None
    token = credentials.token
    if not isinstance(token, str) or not token:
        raise AccountError(account, "the token service did not answer with a token")
    if not isinstance(credentials.expiry, dt.datetime):
        return AccessToken(account=account, value=token)
    return AccessToken(account=account, value=token, expires_at_s=credentials.expiry.replace(tzinfo=dt.UTC).timestamp())


@attrs.frozen
class _Response(transport.Response):
    """An answer as google-auth wants it."""

    _answer: HttpAnswer

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, whose names may be asked for in any case."""
        return self._answer.headers

    @property
    def data(self) -> bytes:
        """The body."""
        return self._answer.body


class ThreadRequest(transport.Request):
    """Sends google-auth's requests from a worker thread through the event loop."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **options: object,
    ) -> _Response:
        """Send a request and wait for its answer.

        Raises:
            TransportError: there is none, or something is asked for that cannot be done, such as client certificates.
        """
        if options:
            raise exceptions.TransportError(f"{', '.join(sorted(options))} cannot be used here")
        sent = body.encode() if isinstance(body, str) else body
        try:
            answer = from_thread.run(self._http, method, url, dict(headers or {}), sent, timeout or _LIMIT_S)
        except HttpFailure as error:
            raise exceptions.TransportError(str(error)) from None
        return _Response(answer)


def _external_module(info: Mapping[str, Any]) -> str:
    if info.get("subject_token_type") == _AWS:
        return "google.auth.aws"
    source = info.get("credential_source")
    if isinstance(source, Mapping) and source.get("executable") is not None:
        return "google.auth.pluggable"
    return "google.auth.identity_pool"


def _reason(error: exceptions.GoogleAuthError) -> str:
    """What went wrong, in the service's words where it has some, without anything that may be a secret."""
    said = [str(arg) for arg in error.args if isinstance(arg, str)]
    text = _message(said[-1]) if said else ""
    text = text or (said[0] if said else str(error.args[0]) if error.args else type(error).__name__)
    text = " ".join(_SECRET.sub("…", text).split())
    return "".join(character for character in text if character.isprintable())[:_LONGEST_REASON]


def _message(text: str) -> str:
    """The message in the JSON that Google's APIs answer errors with."""
    try:
        error = json.loads(text)["error"]
        return str(error["message"]) if isinstance(error, dict) else ""
    except _MALFORMED:
        return ""
