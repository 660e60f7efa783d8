"""What each refusal of a registry means, and who may try again."""

from collections.abc import Mapping

import msgspec
import pytest

from cip_async.errors import (
    ContentUnknown,
    Denied,
    NotFound,
    RegistryError,
    TagImmutable,
    Throttled,
    Unauthorized,
    Unavailable,
)
from cip_async.reference import Host
from cip_async.registry.classify import failure

HOST = Host("us.example")
A, B = (f"sha256:{letter * 64}" for letter in "ab")


def errors(*items: Mapping[str, object]) -> bytes:
    return msgspec.json.encode({"errors": items})


def failed(status: int, body: bytes = b"", *, method: str = "GET", retry_after: float | None = None) -> RegistryError:
    return failure(HOST, method, "/v2/foo/manifests/v1", status, body, retry_after)


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, RegistryError, False),
        (401, Unauthorized, False),
        (403, Denied, False),
        (404, NotFound, False),
        (405, RegistryError, False),
        (408, Unavailable, True),
        (416, RegistryError, False),
        (429, Throttled, True),
        (500, Unavailable, True),
        (501, RegistryError, False),
        (502, Unavailable, True),
        (503, Unavailable, True),
        (504, Unavailable, True),
        (522, Unavailable, True),
    ],
)
def test_a_status_says_what_went_wrong_and_whether_to_try_again(
    status: int, kind: type[RegistryError], retryable: bool
) -> None:
    error = failed(status)
    assert type(error) is kind
    assert (error.retryable, error.status) == (retryable, status)


def test_an_error_tells_what_another_api_of_googles_said() -> None:
    body = b'{"error":{"code":403,"message":"API has not been used","status":"PERMISSION_DENIED","details":[]}}'
    assert str(failed(403, body)).endswith("status 403 (PERMISSION_DENIED: API has not been used)")


@pytest.mark.parametrize("body", [b'{"error":"no"}', b'{"error":{"code":403}}', b'{"error":{"status":1,"message":2}}'])
def test_an_error_of_another_form_tells_its_status(body: bytes) -> None:
    assert str(failed(403, body)).endswith("status 403")


def test_an_error_tells_what_the_registry_said() -> None:
    error = failed(403, errors({"code": "DENIED", "message": "not\x1b[2J\nyours"}))
    assert str(error) == "us.example: GET /v2/foo/manifests/v1: status 403 (DENIED: not [2J yours)"
    assert error.code == "DENIED"


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000, b'{"errors":"x"}', b'{"errors":[{"code":"\xff"}]}'])
def test_a_body_that_is_no_error_document_is_passed_over(body: bytes) -> None:
    assert str(failed(404, body)).endswith("status 404")


def test_a_long_list_of_errors_is_cut() -> None:
    assert len(str(failed(400, errors(*[{"code": "X" * 200, "message": "y" * 200}] * 50)))) < 400


@pytest.mark.parametrize("message", ["Quota exceeded for quota metric", "Rate Limit reached", "request was throttled"])
def test_a_503_that_speaks_of_quota_is_throttling(message: str) -> None:
    assert isinstance(failed(503, errors({"message": message})), Throttled)


def test_a_503_that_asks_for_a_pause_is_throttling() -> None:
    error = failed(503, retry_after=7.0)
    assert isinstance(error, Throttled)
    assert error.retry_after_s == 7.0


@pytest.mark.parametrize("code", ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN"])
@pytest.mark.parametrize("status", [400, 404])
def test_a_put_refused_for_unknown_content_names_what_is_unknown(code: str, status: int) -> None:
    body = errors(
        {"code": code, "detail": B},
        {"code": code, "detail": {"digest": A, "size": 3}},
        {"code": code, "detail": "../../x"},
        {"code": code, "detail": [A]},
    )
    error = failed(status, body, method="PUT")
    assert isinstance(error, ContentUnknown)
    assert error.unknown == (A, B)


def test_a_read_of_something_unknown_is_not_found() -> None:
    assert isinstance(failed(404, errors({"code": "MANIFEST_UNKNOWN"})), NotFound)


@pytest.mark.parametrize("status", [400, 403, 409, 412])
@pytest.mark.parametrize(
    "item",
    [
        {"code": "TAG_INVALID", "message": "The image tag 'v1' already exists"},
        {"code": "ImageTagAlreadyExistsException"},
        {"code": "DENIED", "message": "the repository has Immutable tags"},
    ],
)
def test_a_put_refused_for_an_immutable_tag_says_so(status: int, item: dict[str, object]) -> None:
    assert isinstance(failed(status, errors(item), method="PUT"), TagImmutable)


def test_a_put_that_is_not_allowed_is_denied() -> None:
    assert isinstance(failed(403, errors({"code": "DENIED"}), method="PUT"), Denied)
