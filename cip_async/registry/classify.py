"""What an answer that is not the hoped-for one means; pure.

Statuses and codes: OCI distribution specification, "Error Codes". Google answers BLOB_UNKNOWN where others say
MANIFEST_BLOB_UNKNOWN (github.com/cloudfoundry/korifi issue 2381).
"""

from http import HTTPStatus
from typing import Final

from cip_async.errors import (
    ContentUnknown,
    Denied,
    InvalidReference,
    NotFound,
    RegistryError,
    TagImmutable,
    Throttled,
    Unauthorized,
    Unavailable,
)
from cip_async.reference import Host, parse_digest
from cip_async.registry.wire import UNDECODABLE, ErrorBody, ErrorItem, error_decoder, without_controls

_RETRIED: Final = frozenset({408, 425, 500, 502, 503, 504, 522, 524})
"""Statuses that a second try may cure; the set that other registry clients settled on, with the 5xx of proxies."""

_CONTENT_UNKNOWN: Final = frozenset({"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN"})
_IMMUTABLE: Final = frozenset({"TAG_IMMUTABLE", "ImageTagAlreadyExistsException", "TAG_INVALID"})
_QUOTA_WORDS: Final = ("quota", "rate limit", "too many requests", "toomanyrequests", "throttl")


def failure(host: Host, method: str, where: str, status: int, body: bytes, retry_after: float | None) -> RegistryError:
    """The error that says what the registry said; `retry_after` is in seconds."""
    items = _items(body)
    code = items[0].code if items else ""
    sentence = f"{method} {where}"
    said = _said(status, items)
    if status == HTTPStatus.TOO_MANY_REQUESTS or (
        status == HTTPStatus.SERVICE_UNAVAILABLE and _speaks_of_quota(items, retry_after)
    ):
        return Throttled(host, sentence, said, status=status, retry_after_s=retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        return Unauthorized(host, sentence, said, status=status, code=code)
    if method == "PUT" and status in (400, 404) and any(item.code in _CONTENT_UNKNOWN for item in items):
        return ContentUnknown(host, sentence, said, status=status, code=code, unknown=_digests(items))
    if method == "PUT" and status in (400, 403, 409, 412) and _speaks_of_immutable_tags(items):
        return TagImmutable(host, sentence, said, status=status, code=code)
    if status == HTTPStatus.FORBIDDEN:
        return Denied(host, sentence, said, status=status, code=code)
    if status == HTTPStatus.NOT_FOUND:
        return NotFound(host, sentence, said, status=status, code=code)
    if status in _RETRIED:
        return Unavailable(host, sentence, said, status=status, code=code, retryable=True)
    return RegistryError(host, sentence, said, status=status, code=code)


def _items(body: bytes) -> list[ErrorItem]:
    try:
        decoded: ErrorBody = error_decoder.decode(body)
    except UNDECODABLE:
        return []
    return decoded.errors or _google_items(decoded.error)


def _google_items(error: object) -> list[ErrorItem]:
    """The one error of an API of Google's that is no registry (https://cloud.google.com/apis/design/errors)."""
    if not isinstance(error, dict):
        return []
    code, message = error.get("status"), error.get("message")
    return [ErrorItem(code=code, message=message)] if isinstance(code, str) and isinstance(message, str) else []


def _said(status: int, items: list[ErrorItem]) -> str:
    parts = [f"{item.code}: {item.message}".strip(": ") for item in items[:3]]
    return without_controls(f"status {status}" + (f" ({'; '.join(parts)})" if parts else ""))


def _speaks_of_quota(items: list[ErrorItem], retry_after: float | None) -> bool:
    text = " ".join(f"{item.code} {item.message}" for item in items).lower()
    return retry_after is not None or any(word in text for word in _QUOTA_WORDS)


def _speaks_of_immutable_tags(items: list[ErrorItem]) -> bool:
    return any(item.code in _IMMUTABLE or "immutable" in item.message.lower() for item in items)


def _digests(items: list[ErrorItem]) -> tuple[str, ...]:
    """The digests in `detail`, which is a string for some registries and an object for others."""
    found: set[str] = set()
    for item in items:
        detail = item.detail
        candidates = detail.values() if isinstance(detail, dict) else [detail]
        for candidate in candidates:
            try:
                found.add(parse_digest(candidate) if isinstance(candidate, str) else "")
            except InvalidReference:
                continue
    return tuple(sorted(found - {""}))
