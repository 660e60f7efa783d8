"""Another client, which shares no code with ours, gets along with the fake registry."""

import json
import os
import shutil
from pathlib import Path
from typing import Protocol

import pytest
from anyio import run_process

from cip_async.fake_registry import images
from cip_async.fake_registry.accounts import Accounts
from cip_async.fake_registry.images import Image
from cip_async.fake_registry.tokens import TokenAuth
from tests.service.fake_registry.conftest import Client

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        shutil.which("skopeo") is None and os.environ.get("CIP_REQUIRE_REAL_REGISTRY") != "1",
        reason="skopeo is not on PATH: install the package skopeo",
    ),
]

IMAGES = {
    "oci": images.multi_arch(seed="a"),
    "docker": images.multi_arch(seed="a", image_format="docker"),
    "single": images.single(seed="a", layers=4),
}


class Skopeo(Protocol):
    """Runs skopeo with a command and its arguments, and returns what it printed."""

    async def __call__(self, command: str, *arguments: str) -> str: ...


@pytest.fixture
def skopeo(client: Client, tmp_path: Path) -> Skopeo:
    client.host.rules.exact_locations = False  # skopeo quotes them anew
    policy = tmp_path / "policy.json"
    policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')

    async def run(command: str, *arguments: str) -> str:
        ended = await run_process(["skopeo", f"--policy={policy}", command, *arguments])
        return ended.stdout.decode()

    return run


def named(client: Client, path: str) -> str:
    return f"docker://{client.origin.removeprefix('http://')}/{path}"


@pytest.mark.parametrize("image", IMAGES.values(), ids=IMAGES)
async def test_it_copies_an_image_byte_for_byte(client: Client, skopeo: Skopeo, image: Image, tmp_path: Path) -> None:
    images.push(client.host.store, "staging/app", image, ["v1"])
    plain = ["--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false"]
    await skopeo("copy", *plain, named(client, "staging/app:v1"), f"dir:{tmp_path / 'image'}")
    await skopeo("copy", *plain, f"dir:{tmp_path / 'image'}", named(client, "prod/app:v1"))
    assert client.host.store.repository("prod/app").tags == {"v1": image.digest}
    assert client.host.store.missing_content() == []


async def test_it_copies_with_tokens(client: Client, skopeo: Skopeo) -> None:
    image = IMAGES["oci"]
    images.push(client.host.store, "staging/app", image, ["v1"])
    client.host.auth = TokenAuth(Accounts({"user": "secret"}))
    plain = ["--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false"]
    users = ["--src-creds=user:secret", "--dest-creds=user:secret"]
    await skopeo("copy", *plain, *users, named(client, "staging/app:v1"), named(client, "prod/app:v1"))
    assert client.host.store.repository("prod/app").tags == {"v1": image.digest}
    assert {entry.account for entry in client.host.ledger.writes() if entry.status < 400} == {"user"}


async def test_it_lists_tags_page_by_page(client: Client, skopeo: Skopeo) -> None:
    tags = [f"v{number}" for number in range(5)]
    images.push(client.host.store, "app", IMAGES["oci"], tags)
    client.host.rules.page_size = 2
    listed = json.loads(await skopeo("list-tags", "--tls-verify=false", named(client, "app")))
    assert listed["Tags"] == tags
    assert client.host.ledger.count(call_class="tags") == 3
