"""What cannot be promoted: it fails with a reason, and nothing else does."""

from collections.abc import Callable

import attrs
import msgspec
import pytest

from cip_async.events import ImageLost
from cip_async.fake_registry import images
from cip_async.fake_registry.content import digest_of
from cip_async.fake_registry.documents import OCI_INDEX, parse_document
from cip_async.fake_registry.rules import Rules
from cip_async.model.outcome import Fate
from tests.service.copying.conftest import HASTY, MIRRORS, ONE_TRY, Make, wanted

pytestmark = pytest.mark.anyio

FINE = images.single(seed="fine")
EU = ["eu.gcr.io/prod"]


async def test_schema_1_is_refused_with_a_clear_error(copying: Make) -> None:
    copy = await copying()
    copy.plan("app", wanted(images.schema_1(seed="old"), "old"), wanted(FINE, "new"))

    await copy.run()

    failures = copy.failures()
    assert set(failures) == {(f"{mirror}/app", "old") for mirror in MIRRORS}
    (reason,) = {reason for _, reason in failures.values()}
    assert "is a Docker schema 1 manifest" in reason
    assert all(copy.host(mirror).store.repository("prod/app").tags == {"new": FINE.digest} for mirror in MIRRORS)


async def test_an_index_of_which_the_source_lost_a_child_fails_alone(copying: Make) -> None:
    copy = await copying()
    index = images.multi_arch(seed="multi")
    lost, kept = index.children
    copy.plan("app", wanted(index, "multi"), wanted(kept, "kept"), wanted(FINE, "fine"))
    copy.host("gcr.io").store.drop_document("staging/app", lost.digest)

    await copy.run()

    failures = copy.failures()
    assert set(failures) == {(f"{mirror}/app", "multi") for mirror in MIRRORS}
    assert {reason for _, reason in failures.values()} == {
        f"gcr.io: staging/app@{lost.digest}: this manifest is not there"
    }
    for mirror in MIRRORS:
        held = copy.host(mirror).store.repository("prod/app")
        assert held.tags == {"kept": kept.digest, "fine": FINE.digest}
        assert index.digest not in held.manifests
    assert [event.digest for event in copy.events if isinstance(event, ImageLost)] == [index.digest]


async def test_mirrors_that_have_an_index_get_their_tag_although_the_source_lost_a_child(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io", "us.gcr.io"))
    index = images.multi_arch(seed="multi")
    copy.push("eu.gcr.io/prod/app", index)
    copy.plan("app", wanted(index, "v1"), to=EU, in_destination=True)
    copy.plan("app", wanted(index, "v1"), to=["us.gcr.io/prod"])
    copy.host("gcr.io").store.drop_document("staging/app", index.children[0].digest)

    await copy.run()

    copy.assert_promoted("eu.gcr.io")
    assert set(copy.failures()) == {("us.gcr.io/prod/app", "v1")}


async def test_where_the_source_lost_a_digest_its_bytes_come_from_the_destination(copying: Make) -> None:
    copy = await copying()
    index = images.multi_arch(seed="multi")
    for mirror in MIRRORS:
        copy.push(f"{mirror}/app", index)
    copy.plan("app", wanted(index, "v1"), in_source=False, in_destination=True)

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("gcr.io") == {}
    copy.assert_nothing_remembered()
    assert [copy.requests(mirror) for mirror in MIRRORS] == [{"manifest-get": 1, "tag-put": 1}] * 3


async def test_that_holds_where_the_source_lost_it_after_it_was_listed(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    copy.push("eu.gcr.io/prod/app", FINE)
    copy.plan("app", wanted(FINE, "v1"), to=EU, in_destination=True)
    copy.host("gcr.io").store.drop_document("staging/app", FINE.digest)
    await copy.run()
    copy.assert_promoted()


async def test_that_holds_where_the_source_fails_and_it_is_asked_once_for_all_mirrors(copying: Make) -> None:
    copy = await copying(settings=attrs.evolve(HASTY, retries=ONE_TRY))
    for mirror in MIRRORS:
        copy.push(f"{mirror}/app", FINE)
    copy.plan("app", wanted(FINE, "v1"), in_destination=True)
    copy.host("gcr.io").faults.add("500", on=["manifest-get"])

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("gcr.io") == {"manifest-get": 1}
    assert [copy.requests(mirror) for mirror in MIRRORS] == [{"manifest-get": 1, "tag-put": 1}] * 3


async def test_a_digest_that_is_nowhere_any_more_fails(copying: Make) -> None:
    copy = await copying()
    copy.plan("app", wanted(FINE, "v1"), in_source=False, in_destination=True)
    await copy.run()
    assert set(copy.failures()) == {(f"{mirror}/app", "v1") for mirror in MIRRORS}
    assert all(fate is Fate.FAILED for fate, _ in copy.failures().values())


async def test_indexes_that_nest_too_deep_are_refused(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    deep = FINE
    for _ in range(5):
        deep = images.index(deep)
    copy.plan("app", wanted(deep, "deep"), to=EU)
    await copy.run()
    assert copy.failures()["eu.gcr.io/prod/app", "deep"][1].endswith("indexes nest deeper than 4")


@pytest.mark.parametrize("rules", [Rules, Rules.google])
async def test_a_build_cache_whose_index_names_blobs_is_promoted(copying: Make, rules: Callable[[], Rules]) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"), rules=rules)
    contents = [images.layer("cached"), images.layer("described")]
    types = ["application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.buildkit.cacheconfig.v0"]
    body = {
        "schemaVersion": 2,
        "manifests": [
            {"mediaType": media_type, "digest": digest_of(content), "size": content.size_bytes}
            for media_type, content in zip(types, contents, strict=True)
        ],
    }
    cache = images.Image(
        document=parse_document(OCI_INDEX, msgspec.json.encode(body)),
        blobs={digest_of(content): content for content in contents},
    )
    copy.plan("app", wanted(cache, "buildcache"), to=EU)

    await copy.run()

    assert copy.failures() == {}
    copy.assert_promoted()
    assert copy.host("eu.gcr.io").store.repository("prod/app").blobs == set(cache.blobs)


async def test_wrong_bytes_of_a_document_are_refused(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    copy.plan("app", wanted(FINE, "v1"), to=EU)
    copy.host("gcr.io").faults.add("wrong-bytes", on=["manifest-get"])
    await copy.run()
    assert "the bytes have the digest" in copy.failures()["eu.gcr.io/prod/app", "v1"][1]
    assert not copy.host("eu.gcr.io").ledger.writes()


async def test_a_mirror_that_stores_something_else_is_found_out(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    copy.plan("app", wanted(images.multi_arch(seed="one"), "v1"), to=EU)
    copy.host("eu.gcr.io").faults.add("wrong-digest", on=["manifest-put"], times=1)
    await copy.run()
    assert "the registry stored" in copy.failures()["eu.gcr.io/prod/app", "v1"][1]
    assert copy.host("eu.gcr.io").store.journal == []


class TestServerSideOnly:
    async def test_what_would_pass_through_here_fails_and_no_byte_is_read(self, copying: Make) -> None:
        copy = await copying(server_side_only=True)
        for name in ("one", "two"):
            copy.plan(name, wanted(FINE, "v1"))

        await copy.run()

        assert len(copy.failures()) == 2 * len(MIRRORS)
        assert all("forbidden (server side only)" in reason for _, reason in copy.failures().values())
        assert copy.requests("gcr.io") == {"manifest-get": 2}
        for mirror in MIRRORS:
            opened = copy.requests(mirror)
            assert opened.keys() <= {"upload-start", "upload-cancel"}
            assert opened.get("upload-start") == opened.get("upload-cancel")
            assert copy.host(mirror).store.open_uploads == 0

    async def test_mounts_go_on(self, copying: Make) -> None:
        copy = await copying(hosts=("gcr.io",), server_side_only=True)
        copy.plan("app", wanted(FINE, "v1"), to=["gcr.io/prod"])
        await copy.run()
        copy.assert_promoted()

    async def test_an_upload_that_a_refused_mount_opened_is_given_up(self, copying: Make) -> None:
        copy = await copying(hosts=("gcr.io",), server_side_only=True)
        copy.host("gcr.io").rules.mounts = False
        copy.plan("app", wanted(FINE, "v1"), to=["gcr.io/prod"])

        await copy.run()

        assert "forbidden (server side only)" in copy.failures()["gcr.io/prod/app", "v1"][1]
        assert copy.requests("gcr.io")["upload-cancel"] == len(FINE.all_blobs)
        assert copy.host("gcr.io").store.open_uploads == 0
