"""What is told of google-auth's failures: the service's words, and nothing that may be a secret."""

import pytest
from anyio import to_thread
from google.auth import credentials, exceptions, transport

from cip_async.errors import AccountError
from cip_async.gcp.accounts import account_of
from cip_async.gcp.google_auth import ThreadRequest, load, mint
from cip_async.gcp.http import HttpAnswer

SECRET = "Marker" * 20


async def unreachable(method: str, url: str, headers: object, body: bytes | None, timeout_s: float) -> HttpAnswer:
    raise AssertionError("nothing is asked here")


class Failing(credentials.Credentials):
    def __init__(self, error: Exception) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # google-auth has no types
        self.error = error

    def refresh(self, request: transport.Request) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            exceptions.RefreshError("invalid_grant: Token has been revoked.", {}),
            "invalid_grant: Token has been revoked.",
        ),
        (exceptions.RefreshError("Unable", '{"error":{"message":"Permission denied"}}'), "Permission denied"),
        (exceptions.RefreshError("Unable", '{"error":"no object"}'), "Unable"),
        (exceptions.RefreshError("Unable", "<html>"), "Unable"),
        (exceptions.RefreshError("Unable", '{"error":{}}'), "Unable"),
        (exceptions.RefreshError(f"bad assertion {SECRET}"), "bad assertion …"),
        (exceptions.RefreshError("line\nline\x1b[2J\u202e"), "line line[2J"),
        (exceptions.RefreshError("word " * 1000), ("word " * 60)[:300]),
        (exceptions.RefreshError(exceptions.TransportError("inner")), "inner"),
        (exceptions.RefreshError(), "RefreshError"),
        (ValueError(SECRET), "the token service's answer is malformed"),
    ],
)
def test_a_failure_is_told_in_one_short_line(error: Exception, reason: str) -> None:
    with pytest.raises(AccountError) as caught:
        mint(Failing(error), "me@example.com", unreachable)
    assert caught.value.reason == reason
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (exceptions.RefreshError("x"), False),
        (exceptions.RefreshError("x", retryable=True), True),
        (exceptions.TransportError("x"), True),
    ],
)
def test_what_may_pass_may_be_tried_again(error: Exception, retryable: bool) -> None:
    with pytest.raises(AccountError) as caught:
        mint(Failing(error), "me@example.com", unreachable)
    assert caught.value.retryable is retryable


@pytest.mark.parametrize("info", [{}, {"type": "gdch_service_account"}, {"type": None}, {"type": "x" * 1000}])
def test_files_of_unknown_kinds_are_told(info: dict[str, object]) -> None:
    with pytest.raises(AccountError, match="is none of service_account, authorized_user") as caught:
        load(info, "the file", ())
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "kind",
    [
        "service_account",
        "authorized_user",
        "impersonated_service_account",
        "external_account_authorized_user",
        "external_account",
    ],
)
def test_files_that_are_not_whole_are_told(kind: str) -> None:
    with pytest.raises(AccountError, match="is not whole"):
        load({"type": kind, "private_key": SECRET, "client_secret": SECRET}, "the file", ())


@pytest.mark.parametrize(
    ("more", "module"),
    [
        ({"credential_source": {"file": "/token"}}, "google.auth.identity_pool"),
        ({"credential_source": {"executable": {"command": "/token"}}}, "google.auth.pluggable"),
        (
            {
                "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
                "credential_source": {
                    "environment_id": "aws1",
                    "regional_cred_verification_url": "https://sts.{region}.amazonaws.com",
                },
            },
            "google.auth.aws",
        ),
    ],
)
def test_accounts_of_other_clouds_are_understood(more: dict[str, object], module: str) -> None:
    info = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/x",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url": (
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/Me@p.iam.gserviceaccount.com:generateAccessToken"
        ),
    }
    loaded = load(info | more, "the file", ("scope",))
    assert type(loaded).__module__ == module
    assert account_of(loaded) == "me@p.iam.gserviceaccount.com"


@pytest.mark.anyio
async def test_client_certificates_are_refused_and_not_left_out() -> None:
    def ask() -> None:
        ThreadRequest(unreachable)("https://sts.googleapis.com", cert=("a", "b"))

    with pytest.raises(exceptions.TransportError, match="cert cannot be used here"):
        await to_thread.run_sync(ask)
