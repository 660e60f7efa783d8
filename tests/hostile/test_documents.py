"""Image manifests and indexes that are not what they seem."""

import hashlib
import json
from typing import Any

import pytest

from cip_async.errors import DigestMismatch, UnsupportedContent, UntrustedAnswer
from cip_async.fake_registry import images
from cip_async.model.outcome import Fate
from cip_async.reference import Digest
from cip_async.settings import MIB, Bodies
from tests.service.copying.conftest import Make, wanted
from tests.service.registry.conftest import FOO, D, Open, Serve
from tests.service.registry.scripted import Reply, scripted

pytestmark = pytest.mark.anyio

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"


def descriptor(digest: str = D, media_type: str = MANIFEST) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": 1}


def encoded(**members: object) -> bytes:
    return json.dumps({"schemaVersion": 2, **members}).encode()


def digest_of(body: bytes) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(body).hexdigest()}")


@pytest.mark.parametrize(
    ("served", "members", "reason"),
    [
        (INDEX, {"manifests": [descriptor()], "layers": [descriptor()]}, "an index and an image manifest at the same"),
        (MANIFEST, {"manifests": [descriptor()], "config": descriptor()}, "an index and an image manifest at the same"),
        (MANIFEST, {"manifests": [descriptor()]}, "without the members of one"),
        (INDEX, {"config": descriptor(), "layers": []}, "without the members of one"),
        (INDEX, {"mediaType": MANIFEST, "manifests": []}, "says it is .* and is served as"),
        (MANIFEST, {"mediaType": INDEX, "config": descriptor()}, "says it is .* and is served as"),
        ("text/html", {"mediaType": "text/html\r\nX-Injected: 1", "config": descriptor()}, "malformed media type"),
        (MANIFEST, {}, "without the members of one"),
    ],
)
async def test_a_document_must_be_one_thing_and_that_as_which_it_is_served(
    serve: Serve, reach: Open, served: str, members: dict[str, object], reason: str
) -> None:
    body = encoded(**members)
    registry = await serve(lambda _: Reply(headers={"Content-Type": served}, body=body))
    with pytest.raises(UntrustedAnswer, match=reason):
        await (await reach(registry)).client.get_document(FOO, digest_of(body))


@pytest.mark.parametrize("served", [MANIFEST, INDEX, SCHEMA_1])
async def test_schema_1_under_any_type_is_refused(serve: Serve, reach: Open, served: str) -> None:
    body = json.dumps({"schemaVersion": 1, "fsLayers": []}).encode()
    registry = await serve(lambda _: Reply(headers={"Content-Type": served}, body=body))
    with pytest.raises(UnsupportedContent):
        await (await reach(registry)).client.get_document(FOO, digest_of(body))


async def test_an_index_that_names_itself_has_not_the_digest_it_is_asked_by(serve: Serve, reach: Open) -> None:
    body = encoded(manifests=[descriptor(D, INDEX)])
    registry = await serve(lambda _: Reply(headers={"Content-Type": INDEX, "Docker-Content-Digest": D}, body=body))
    with pytest.raises(DigestMismatch, match="the bytes have the digest"):
        await (await reach(registry)).client.get_document(FOO, D)


async def test_an_index_of_100_000_children_leads_to_no_further_request(serve: Serve, reach: Open) -> None:
    body = encoded(manifests=[descriptor(f"sha256:{number:064x}") for number in range(100_000)])
    registry = await serve(lambda _: Reply(headers={"Content-Type": INDEX}, body=body))
    reached = await reach(registry, bodies=Bodies(manifest_bytes=32 * MIB))
    with pytest.raises(UntrustedAnswer, match="names 100000 manifests, more than 1000"):
        await reached.client.get_document(FOO, digest_of(body))
    assert len(registry.seen) == 1


async def test_the_urls_of_foreign_layers_are_never_asked(copying: Make) -> None:
    async with scripted(lambda _: Reply(body=b"layer")) as thief:
        image = images.single(seed="foreign", foreign_layers=[f"{thief.url}/layer"])
        copy = await copying()
        copy.plan("app", wanted(image, "v1"))
        await copy.run()
        copy.assert_promoted()
        assert thief.seen == []


async def test_a_child_of_other_bytes_reaches_no_mirror_and_nor_does_its_index(copying: Make) -> None:
    index = images.multi_arch(seed="multi")
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    copy.plan("app", wanted(index, "v1"), to=["eu.gcr.io/prod"])
    copy.host("gcr.io").faults.add("wrong-bytes", on=["manifest-get"], subject=index.children[0].digest)

    await copy.run()

    ((fate, reason),) = copy.failures().values()
    assert fate is Fate.FAILED
    assert "the bytes have the digest" in reason
    held = copy.host("eu.gcr.io").store.repository("prod/app")
    assert (held.tags, index.digest in held.manifests, index.children[0].digest in held.manifests) == ({}, False, False)


async def test_a_blob_of_other_bytes_is_found_out_before_a_mirror_has_all_of_it(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    copy.plan("app", wanted(images.single(seed="app"), "v1"), to=["eu.gcr.io/prod"])
    copy.host("gcr.io").faults.add("wrong-bytes", on=["blob-get"])

    await copy.run()

    assert all("the bytes have the digest" in reason for _, reason in copy.failures().values())
    assert [entry.status for entry in copy.host("eu.gcr.io").ledger.find(call_class="upload") if entry.status] == []
