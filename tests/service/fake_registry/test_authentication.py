"""Who may do what, over the wire."""

import base64
import json
import re

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.accounts import Accounts
from cip_async.fake_registry.auth import BasicAuth, BearerAuth
from cip_async.fake_registry.tokens import TokenAuth
from tests.service.fake_registry.conftest import Client

pytestmark = pytest.mark.anyio

IMAGE = images.single(seed="a")
PASSWORD = f"Basic {base64.b64encode(b'user:secret').decode()}"


@pytest.fixture(autouse=True)
def _filled(client: Client) -> None:
    images.push(client.host.store, "app", IMAGE, ["v1"])


async def test_a_challenge_leads_to_a_token_that_opens_the_door(client: Client) -> None:
    client.host.auth = TokenAuth(Accounts({"user": "secret"}))
    refused = await client("GET", "/v2/app/tags/list")
    challenge = dict(re.findall(r'(\w+)="([^"]*)"', refused.headers["WWW-Authenticate"]))
    assert (refused.status, challenge["realm"]) == (401, f"{client.origin}/token")
    target = f"{challenge['realm']}?service={challenge['service']}&scope={challenge['scope']}"
    granted = await client("GET", target, headers={"Authorization": PASSWORD})
    token = json.loads(granted.body)["token"]
    assert (await client("GET", "/v2/app/tags/list", headers={"Authorization": f"Bearer {token}"})).status == 200
    seen = [
        (entry.call_class, entry.authorization, entry.account, entry.status) for entry in client.host.ledger.entries
    ]
    assert seen == [("tags", "", "", 401), ("token", "basic", "", 200), ("tags", "bearer", "user", 200)]


async def test_the_ledger_knows_no_secret(client: Client) -> None:
    client.host.auth = TokenAuth(Accounts({"user": "secret"}))
    form = b"grant_type=password&username=user&password=secret&service=gcr.io&scope=repository:app:pull"
    granted = await client("POST", "/token", form, {"Content-Type": "application/x-www-form-urlencoded"})
    token = json.loads(granted.body)["access_token"]
    assert (await client("GET", "/v2/app/tags/list", headers={"Authorization": f"Bearer {token}"})).status == 200
    assert (await client("GET", "/token?service=gcr.io", headers={"Authorization": PASSWORD})).status == 200
    told = repr(client.host.ledger)
    assert not [secret for secret in ("secret", token, PASSWORD.split()[1]) if secret in told]


async def test_one_host_may_give_out_the_tokens_of_another(client: Client) -> None:
    auth = TokenAuth(Accounts({"user": "secret"}), realm=f"{client.origin}/v2/token", service="registry.example")
    client.host.auth = auth
    granted = await client(
        "GET", "/v2/token?service=registry.example&scope=repository:app:pull", headers={"Authorization": PASSWORD}
    )
    headers = {"Authorization": f"Bearer {json.loads(granted.body)['token']}"}
    assert (await client("GET", "/v2/app/tags/list", headers=headers)).status == 200


async def test_tokens_expire_by_the_clock_of_the_host(client: Client) -> None:
    now = 1_700_000_000.0
    client.host.clock = lambda: now
    client.host.auth = TokenAuth(Accounts({"user": "secret"}), lifetime_s=60)
    granted = await client("GET", "/token?service=gcr.io", headers={"Authorization": PASSWORD})
    headers = {"Authorization": f"Bearer {json.loads(granted.body)['token']}"}
    assert (await client("GET", "/v2/", headers=headers)).status == 200
    now += 60
    assert (await client("GET", "/v2/", headers=headers)).status == 401


async def test_a_password_opens_the_door(client: Client) -> None:
    client.host.auth = BasicAuth(Accounts({"user": "secret"}))
    refused = await client("GET", "/v2/")
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="registry"')
    assert (await client("GET", "/v2/", headers={"Authorization": PASSWORD})).status == 200
    assert client.host.ledger.entries[-1].account == "user"


async def test_an_access_token_from_elsewhere_opens_the_door(client: Client) -> None:
    client.host.auth = BearerAuth(tokens={"ya29.token": "writer@project"})
    assert (await client("GET", "/v2/", headers={"Authorization": "Bearer ya29.token"})).status == 200
    assert client.host.ledger.entries[-1].account == "writer@project"
    assert (await client("GET", "/v2/token", headers={"Authorization": "Bearer ya29.token"})).status == 404


async def test_a_refused_upload_leaves_nothing_behind(client: Client) -> None:
    client.host.auth = TokenAuth(Accounts({"user": "secret"}))
    digest = next(iter(IMAGE.blobs))
    for method, target in [
        ("POST", "/v2/new/blobs/uploads/"),
        ("POST", f"/v2/new/blobs/uploads/?mount={digest}&from=app"),
        ("PUT", "/v2/app/manifests/v2"),
        ("DELETE", "/v2/app/manifests/v1"),
    ]:
        assert (await client(method, target, b"")).status == 401
    assert (client.host.store.open_uploads, client.host.store.repositories()) == (0, ["app"])
    assert client.host.store.repository("app").tags == {"v1": IMAGE.digest}
