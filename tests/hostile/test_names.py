"""Names and digests that climb, hide or drive a terminal: they spoil the answer and never become part of a URL."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from cip_async.errors import UntrustedAnswer
from cip_async.fake_registry.images import single
from cip_async.reference import RegistryPath, Repository
from cip_async.registry.listing.strategy import Strategy
from tests.hostile.test_documents import INDEX, MANIFEST, descriptor, digest_of, encoded
from tests.service.registry.conftest import FOO, HOST, D, Open, Serve
from tests.service.registry.scripted import Reply
from tests.service.staging import Staging
from tests.unit.audit.pushes import push

pytestmark = pytest.mark.anyio

ROOT = Repository(HOST, "prod")
NAMES = (
    "..",
    "../../other/manifests/v1",
    "a/../../b",
    "a/./b",
    "/etc",
    "//thief.example/x",
    "a%2fb",
    "%2e%2e",
    "a?b=c",
    "a#b",
    "a b",
    "a\x00b",
    "a\r\nX-Injected: 1",
    "a\x1b[2J",
    "a\u202eb",
    "å",
    "",
    "a" * 300,
)
DIGESTS = (
    "sha256:..",
    "../../other/blobs/x",
    f"{D}/../x",
    f"{D}%2f",
    f"{D}\r\n",
    f"{D}\x1b[2J",
    D.upper(),
    D[:-1],
    f"md5:{'a' * 32}",
    "",
)


def reply(**members: Any) -> Reply:
    return Reply(headers={"Content-Type": "application/json"}, body=json.dumps(members).encode())


@pytest.mark.parametrize("name", NAMES)
async def test_a_listed_tag(serve: Serve, reach: Open, name: str) -> None:
    registry = await serve(lambda _: reply(tags=["v1", name]))
    with pytest.raises(UntrustedAnswer, match="cannot be used: tag"):
        await (await reach(registry, page_size=9)).lister.whole(FOO)
    assert len(registry.seen) == 1


@pytest.mark.parametrize("name", NAMES)
async def test_a_listed_child(serve: Serve, reach: Open, name: str) -> None:
    registry = await serve(lambda _: reply(tags=[], manifest={}, child=["app", name]))
    reached = await reach(registry, page_size=9, strategy=Strategy.GOOGLE)
    with pytest.raises(UntrustedAnswer, match="cannot be used: image name"):
        await reached.lister.whole(ROOT)
    assert len(registry.seen) == 1


@pytest.mark.parametrize("name", NAMES)
async def test_a_repository_of_the_catalog(serve: Serve, reach: Open, name: str) -> None:
    registry = await serve(lambda _: reply(repositories=["prod/app", name]))
    reached = await reach(registry, page_size=9)
    with pytest.raises(UntrustedAnswer, match="cannot be used: image name"):
        [repository async for repository in reached.lister.catalog(RegistryPath(HOST, "prod"))]
    assert len(registry.seen) == 1


@pytest.mark.parametrize("digest", DIGESTS)
async def test_a_digest_of_a_listing(serve: Serve, reach: Open, digest: str) -> None:
    registry = await serve(lambda _: reply(tags=["v1"], manifest={digest: {"tag": ["v1"]}}))
    reached = await reach(registry, page_size=9, strategy=Strategy.GOOGLE)
    with pytest.raises(UntrustedAnswer, match="cannot be used: digest"):
        await reached.lister.whole(FOO)
    assert len(registry.seen) == 1


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("place", ["manifests", "layers", "config", "subject"])
async def test_a_digest_of_an_image_manifest(serve: Serve, reach: Open, digest: str, place: str) -> None:
    hostile = descriptor(digest)
    members: dict[str, object] = {} if place == "manifests" else {"config": descriptor(), "layers": []}
    members[place] = [hostile] if place in ("manifests", "layers") else hostile
    body = encoded(**members)
    served = INDEX if place == "manifests" else MANIFEST
    registry = await serve(lambda _: Reply(headers={"Content-Type": served}, body=body))
    with pytest.raises(UntrustedAnswer, match=r"digest .* is malformed"):
        await (await reach(registry)).client.get_document(FOO, digest_of(body))
    assert len(registry.seen) == 1


@pytest.mark.parametrize("name", [name for name in NAMES if name])
async def test_a_name_in_a_push_of_pub_sub(staging: Staging, auditor: Callable[..., Any], name: str) -> None:
    image = single(seed="app")
    staging.push("app", image, "v1")
    client = await auditor()
    staging.forget_requests()
    for change in (
        {"action": "INSERT", "digest": f"us.gcr.io/{name}@{image.digest}"},
        {"action": "INSERT", "digest": f"us.gcr.io/prod/app@{image.digest}", "tag": f"us.gcr.io/prod/app:{name}"},
        {"action": "INSERT", "digest": f"us.gcr.io/prod/app@{name}"},
    ):
        assert await client.push(push(change, message_id=quote(str(change)))) == (200, {"verdict": "malformed"})
    assert [entry for host in staging.servers.registries.values() for entry in host.ledger.entries] == []
