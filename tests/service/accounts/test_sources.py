"""Where the token of an account comes from: real google-auth, real programs, and services that the test runs."""

import json
import time
import traceback
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest

from cip_async.errors import AccountError, FileProblem
from cip_async.gcp.accounts import READ, GoogleAccounts
from cip_async.registry.google_http import GoogleHttp
from cip_async.registry.session import HttpSession
from cip_async.settings import Timeouts
from tests.service.accounts.conftest import PROMOTER, READER, KeyFile, Open, ToPort, write_program
from tests.service.accounts.google import FakeGoogle
from tests.service.registry.scripted import Reply, scripted

pytestmark = pytest.mark.anyio
NOT_FOUND = "the program gcloud is not on PATH"


@pytest.fixture
def gcloud(programs: Path) -> Path:
    """A gcloud that has a token for the reader alone, and notes how it was called."""
    text = f"""
open(os.path.join({str(programs)!r}, "calls"), "a").write(" ".join(sys.argv[1:]) + "\\n")
accounts = [argument.partition("=")[2] for argument in sys.argv if argument.startswith("--account=")]
if accounts not in ([], [{READER!r}]):
    sys.exit("ERROR: Marker-in-stderr")
print("ya29.Marker-from-gcloud")
"""
    write_program(programs, "gcloud", text)
    return programs / "calls"


async def use_default(environment: dict[str, str], path: Path, info: dict[str, Any] | None = None) -> None:
    if info is not None:
        await anyio.Path(path).write_text(json.dumps(info))
    environment["GOOGLE_APPLICATION_CREDENTIALS"] = str(path)


async def test_a_key_file_serves_the_account_that_it_is_of(
    google: FakeGoogle, key_file: KeyFile, open_accounts: Open
) -> None:
    accounts = await open_accounts(await key_file(PROMOTER), await key_file(READER))
    token = await accounts.token(READER)
    assert google.issued[token.value] == READER
    assert google.asked == ["POST /token"]
    assert google.scopes == list(READ)
    assert token.expires_at_s == pytest.approx(time.time() + 3600, abs=60)


async def test_an_account_is_the_same_in_upper_case(google: FakeGoogle, key_file: KeyFile, open_accounts: Open) -> None:
    accounts = await open_accounts(await key_file(PROMOTER))
    assert google.issued[(await accounts.token(PROMOTER.upper())).value] == PROMOTER


async def test_application_default_credentials_serve_their_own_account(
    google: FakeGoogle, key_file: KeyFile, open_accounts: Open, environment: dict[str, str]
) -> None:
    await use_default(environment, await key_file(PROMOTER))
    token = await (await open_accounts()).token(PROMOTER)
    assert google.issued[token.value] == PROMOTER
    assert google.asked == ["POST /token"]


async def test_application_default_credentials_impersonate_another_account(
    google: FakeGoogle, key_file: KeyFile, open_accounts: Open, environment: dict[str, str]
) -> None:
    google.may_act_for[PROMOTER] = {READER}
    await use_default(environment, await key_file(READER))
    token = await (await open_accounts()).token(PROMOTER)
    assert google.issued[token.value] == PROMOTER
    assert google.scopes[-1] == READ[0]


async def test_the_machine_serves_its_own_account(
    google: FakeGoogle, open_accounts: Open, environment: dict[str, str]
) -> None:
    google.machine = PROMOTER
    environment |= {"NO_GCE_CHECK": "", "GCE_METADATA_HOST": google.url.removeprefix("http://")}
    token = await (await open_accounts()).token(PROMOTER)
    assert token.value == google.tokens_of(PROMOTER)[-1]


async def test_the_machine_impersonates_another_account(
    google: FakeGoogle, open_accounts: Open, environment: dict[str, str]
) -> None:
    google.machine = READER
    google.may_act_for[PROMOTER] = {READER}
    environment |= {"NO_GCE_CHECK": "", "GCE_METADATA_HOST": google.url.removeprefix("http://")}
    assert google.issued[(await (await open_accounts()).token(PROMOTER)).value] == PROMOTER


async def test_the_metadata_server_is_asked_through_no_proxy(
    google: FakeGoogle, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    google.machine = PROMOTER
    proxy = await stack.enter_async_context(scripted(lambda _: Reply(502)))
    monkeypatch.setenv("http_proxy", proxy.url)
    assert google.server is not None
    connector = aiohttp.TCPConnector(resolver=ToPort(port=google.server.port))
    stack.push_async_callback(connector.close)
    session = HttpSession(timeouts=Timeouts(connect_s=5.0), connector=connector)
    await session.open()
    stack.push_async_callback(session.close)
    environment = {"GCE_METADATA_HOST": "metadata.google.internal"}
    token = await GoogleAccounts(GoogleHttp(session), environment=environment).ambient_token()
    assert google.issued[token.value] == PROMOTER
    assert proxy.seen == []


async def test_a_server_that_does_not_speak_as_google_is_no_metadata_server(
    google: FakeGoogle, open_accounts: Open, environment: dict[str, str]
) -> None:
    google.failing = Reply(body=b"<html>welcome</html>")
    environment |= {"NO_GCE_CHECK": "", "GCE_METADATA_HOST": google.url.removeprefix("http://")}
    with pytest.raises(AccountError, match=NOT_FOUND):
        await (await open_accounts()).ambient_token()


async def test_a_user_is_the_ambient_account(
    google: FakeGoogle, open_accounts: Open, environment: dict[str, str], tmp_path: Path
) -> None:
    google.users["Marker-refresh"] = "me@example.com"
    info = {
        "type": "authorized_user",
        "client_id": "me",
        "client_secret": "Marker-secret",
        "refresh_token": "Marker-refresh",
        "token_uri": f"{google.url}/token",
        "account": "me@example.com",
    }
    await use_default(environment, tmp_path / "adc.json", info)
    token = await (await open_accounts()).ambient_token()
    assert google.issued[token.value] == "me@example.com"
    assert token.account == "me@example.com"
    assert google.scopes == [""], "a user's token can be had only with the scopes of the log-in"


async def test_the_usual_file_of_gcloud_is_found(
    google: FakeGoogle, key_file: KeyFile, open_accounts: Open, environment: dict[str, str], tmp_path: Path
) -> None:
    path = await key_file(PROMOTER)
    environment["CLOUDSDK_CONFIG"] = str(tmp_path)
    await anyio.Path(path).rename(tmp_path / "application_default_credentials.json")
    assert google.issued[(await (await open_accounts()).ambient_token()).value] == PROMOTER


async def test_gcloud_serves_an_account_that_nothing_else_does(gcloud: Path, open_accounts: Open) -> None:
    token = await (await open_accounts()).token(READER)
    assert token.value == "ya29.Marker-from-gcloud"
    assert await anyio.Path(gcloud).read_text() == f"auth print-access-token --account={READER} --quiet\n"


async def test_the_active_account_of_gcloud_is_the_ambient_one(gcloud: Path, open_accounts: Open) -> None:
    token = await (await open_accounts()).ambient_token()
    assert (token.account, token.value) == ("the active gcloud account", "ya29.Marker-from-gcloud")
    assert await anyio.Path(gcloud).read_text() == "auth print-access-token --quiet\n"


async def test_an_account_without_any_source_is_told_with_what_was_tried(
    google: FakeGoogle, key_file: KeyFile, open_accounts: Open, environment: dict[str, str]
) -> None:
    await use_default(environment, await key_file(READER))
    with pytest.raises(AccountError) as caught:
        await (await open_accounts()).token(PROMOTER)
    assert str(caught.value) == (
        f"{PROMOTER}: no key file of it was given; Permission 'iam.serviceAccounts.getAccessToken' denied; {NOT_FOUND}"
    )
    assert not caught.value.retryable


async def test_gcloud_that_fails_is_told_without_what_it_said(gcloud: Path, open_accounts: Open) -> None:
    with pytest.raises(AccountError) as caught:
        await (await open_accounts()).token(PROMOTER)
    assert "gcloud has no token for it (exit code 1)" in str(caught.value)
    assert "Marker" not in str(caught.value)


async def test_a_revoked_key_is_told_and_nothing_else_is_tried(
    google: FakeGoogle, key_file: KeyFile, open_accounts: Open, gcloud: Path
) -> None:
    accounts = await open_accounts(await key_file(READER))
    google.failing = Reply(400, {"Content-Type": "application/json"}, b'{"error":"invalid_grant"}')
    with pytest.raises(AccountError, match="invalid_grant") as caught:
        await accounts.token(READER)
    assert not caught.value.retryable
    assert not await anyio.Path(gcloud).exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"expires_in":3600}',
        b'{"access_token":1,"expires_in":3600}',
        b'{"access_token":"","expires_in":3600}',
        b'{"access_token":"a","expires_in":"soon"}',
        b"\xff" * 100,
        b"[" * 100_000,
        b"x" * 300_000,
    ],
)
async def test_an_answer_that_is_no_token_is_an_error(
    google: FakeGoogle, key_file: KeyFile, open_accounts: Open, body: bytes
) -> None:
    google.failing = Reply(200, {"Content-Type": "application/json"}, body)
    with pytest.raises(AccountError):
        await (await open_accounts(await key_file(PROMOTER))).token(PROMOTER)


async def test_a_token_endpoint_that_redirects_is_not_followed(
    google: FakeGoogle, key_file: KeyFile, open_accounts: Open
) -> None:
    google.failing = Reply(307, {"Location": f"{google.url}/elsewhere"})
    with pytest.raises(AccountError):
        await (await open_accounts(await key_file(PROMOTER))).token(PROMOTER)
    assert set(google.asked) == {"POST /token"}


async def test_a_token_endpoint_that_is_not_there_may_be_tried_again(
    key_file: KeyFile, open_accounts: Open, nobody: str
) -> None:
    key = await key_file(PROMOTER, f"http://{nobody}/token")
    with pytest.raises(AccountError, match="cannot be reached") as caught:
        await (await open_accounts(key)).token(PROMOTER)
    assert caught.value.retryable


@pytest.mark.parametrize("account", ["", "promoter", "a/b@c.d", "a@b.c?x=y", "a@b.c\n"])
async def test_what_is_no_account_is_never_asked_for(google: FakeGoogle, open_accounts: Open, account: str) -> None:
    with pytest.raises(AccountError, match="is not the e-mail address of an account"):
        await (await open_accounts()).token(account)
    assert google.asked == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Marker", "is not a JSON object"),
        ("[]", "is not a JSON object"),
        ("[" * 100_000, "is not a JSON object"),
        ('{"type": "authorized_user"}', "is no key file of a service account"),
        ('{"type": "service_account"}', "is no key file of a service account"),
    ],
)
async def test_what_is_no_key_file_is_told_at_once(open_accounts: Open, tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "key.json"
    await anyio.Path(path).write_text(text)
    with pytest.raises(FileProblem, match=reason) as caught:
        await open_accounts(path)
    assert "Marker" not in str(caught.value)


async def test_two_keys_of_one_account_are_told(key_file: KeyFile, open_accounts: Open) -> None:
    key = await key_file(PROMOTER)
    with pytest.raises(FileProblem, match=f"is a second key of {PROMOTER}"):
        await open_accounts(key, key)


async def test_a_key_that_cannot_sign_is_told_without_the_key(open_accounts: Open, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    info = {"type": "service_account", "client_email": PROMOTER, "token_uri": "http://x", "private_key": "Marker-key"}
    await anyio.Path(path).write_text(json.dumps(info))
    accounts = await open_accounts(path)
    with pytest.raises(AccountError, match="is not whole") as caught:
        await accounts.token(PROMOTER)
    assert "Marker" not in "".join(traceback.format_exception(caught.value))
