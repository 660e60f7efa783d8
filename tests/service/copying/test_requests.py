"""What a copy costs, to the request."""

from typing import Final

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.images import Image
from cip_async.fake_registry.rules import Rules
from tests.service.copying.conftest import MIRRORS, Make, Wanted, wanted

pytestmark = pytest.mark.anyio

BASE: Final = images.layer("base")


def release() -> list[Wanted]:
    """An index of three platforms with two tags, an image with one, and an artifact with none."""
    multi = images.multi_arch(seed="multi", platforms=("amd64", "arm64", "s390x"), shared_layers=[BASE])
    single = images.single(seed="single", layers=[BASE, images.layer("own")])
    signature = images.artifact(seed="signature", subject=multi)
    return [wanted(multi, "v1.0", "latest"), wanted(single, "v0.9"), wanted(signature)]


def blobs(wants: list[Wanted]) -> set[str]:
    return {digest for each in wants for digest in each.image.all_blobs}


def documents(wants: list[Wanted]) -> set[str]:
    return {member.digest for each in wants for member in each.image.family()}


def children(wants: list[Wanted]) -> int:
    return sum(len(each.image.children) for each in wants)


def tags(wants: list[Wanted]) -> int:
    return sum(len(each.tags) for each in wants)


async def test_mounts_cost_one_request_for_each_blob_child_and_tag(copying: Make) -> None:
    mirrors = ("gcr.io/asia", "gcr.io/eu", "gcr.io/us")
    copy = await copying(hosts=("gcr.io",))
    wants = release()
    copy.plan("app", *wants, to=mirrors)

    await copy.run()

    copy.assert_promoted()
    copy.assert_nothing_remembered()
    assert copy.requests("gcr.io") == {
        "manifest-get": len(documents(wants)),
        "mount": 3 * len(blobs(wants)),
        "manifest-put": 3 * (children(wants) + 1),
        "tag-put": 3 * tags(wants),
    }


async def test_one_put_writes_all_tags_where_the_registry_takes_several(copying: Make) -> None:
    copy = await copying(rules=Rules, hosts=("staging.example",))
    first = images.single(seed="first")
    copy.plan("first", wanted(first, "v1", "v2", "v3"), source="staging.example/staging", to=["staging.example/prod"])

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("staging.example")["tag-put"] == 1
    assert copy.engine.capabilities()["staging.example"] == {"mounts": True, "several-tags": True}  # type: ignore[index]  # a literal is a host here


async def test_a_registry_that_takes_one_tag_at_a_time_is_tried_once(copying: Make) -> None:
    copy = await copying(rules=Rules.distribution, hosts=("staging.example",))
    for number in range(5):
        copy.plan(
            f"app{number}",
            wanted(images.single(seed=str(number)), "v1", "v2", "v3"),
            source="staging.example/staging",
            to=["staging.example/prod"],
        )

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("staging.example")["tag-put"] == 5 * 3 + 1


async def test_each_blob_is_read_once_for_three_mirrors_and_several_repositories(copying: Make) -> None:
    copy = await copying()
    wants = release()
    for name in ("one", "two", "three"):
        copy.plan(name, *wants)

    await copy.run()

    copy.assert_promoted()
    copy.assert_nothing_remembered()
    assert copy.requests("gcr.io") == {"manifest-get": 3 * len(documents(wants)), "blob-get": len(blobs(wants))}
    for mirror in MIRRORS:
        assert copy.requests(mirror) == {
            "upload-start": len(blobs(wants)),
            "upload": len(blobs(wants)),
            "mount": 2 * len(blobs(wants)),
            "manifest-put": 3 * (children(wants) + 1),
            "tag-put": 3 * tags(wants),
        }
    traffic = copy.engine.progress.traffic()
    assert (traffic.blobs_read, traffic.blobs_relayed, traffic.blobs_mounted) == tuple(
        times * len(blobs(wants)) for times in (1, 3, 6)
    )


async def test_images_that_share_a_layer_mount_it_from_the_first(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    several = [images.single(seed=str(number), layers=[BASE]) for number in range(100)]
    for number, image in enumerate(several):
        copy.plan(f"app{number}", wanted(image, "v1"), to=["eu.gcr.io/prod"])

    await copy.run()

    copy.assert_promoted()
    copy.assert_nothing_remembered()
    shared = next(iter(several[0].blobs.keys() & several[1].blobs.keys()))
    ledger = copy.host("eu.gcr.io").ledger
    assert ledger.count(call_class="upload", reference=shared) == 1
    assert ledger.count(call_class="mount", reference=shared, status=201) == 99
    assert copy.host("gcr.io").ledger.count(call_class="blob-get", reference=shared) == 1


async def test_a_refused_mount_is_the_start_of_the_upload(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io",))
    copy.host("gcr.io").rules.mounts = False
    image = images.single(seed="one")
    copy.plan("app", wanted(image, "v1"), to=["gcr.io/prod"])

    await copy.run()

    copy.assert_promoted()
    count = len(image.all_blobs)
    assert copy.requests("gcr.io") == {
        "manifest-get": 1,
        "mount": count,
        "blob-get": count,
        "upload": count,
        "tag-put": 1,
    }
    assert copy.engine.capabilities()["gcr.io"] == {"mounts": False}  # type: ignore[index]  # a literal is a host here


async def test_a_read_source_is_shared_even_where_mounts_are_refused(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io",))
    copy.host("gcr.io").rules.mounts = False
    image = images.single(seed="one")
    mirrors = [f"gcr.io/prod{number}" for number in range(20)]
    copy.plan("app", wanted(image, "v1"), to=mirrors)

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("gcr.io")["blob-get"] == len(image.all_blobs)


async def test_what_a_mirror_got_is_read_from_it_when_the_spool_is_gone(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io", "us.gcr.io"))
    copy.one_by_one = True
    image = images.single(seed="one")
    copy.plan("one", wanted(image, "v1"), to=["eu.gcr.io/prod"])
    copy.plan("two", wanted(image, "v1"), to=["us.gcr.io/prod"])

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("gcr.io") == {"manifest-get": 2, "blob-get": len(image.all_blobs)}
    assert copy.requests("eu.gcr.io")["blob-get"] == len(image.all_blobs)


async def test_a_tag_alone_costs_the_document_and_one_put_for_each_mirror(copying: Make) -> None:
    copy = await copying()
    image = images.multi_arch(seed="one")
    for mirror in MIRRORS:
        copy.push(f"{mirror}/app", image)
    copy.plan("app", wanted(image, "v2"), in_destination=True)

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("gcr.io") == {"manifest-get": 1}
    assert [copy.requests(mirror) for mirror in MIRRORS] == [{"tag-put": 1}] * 3


async def test_two_sources_that_want_the_same_place_it_once(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    image = images.single(seed="one")
    copy.plan("app", wanted(image, "v1"), to=["eu.gcr.io/prod"])
    copy.plan("app", wanted(image, "v2"), to=["eu.gcr.io/prod"], source="gcr.io/other")

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("eu.gcr.io") == {
        "upload-start": len(image.all_blobs),
        "upload": len(image.all_blobs),
        "tag-put": 2,
    }


async def test_a_child_that_is_there_already_is_not_put_again_for_its_own_sake(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    copy.one_by_one = True
    index = images.multi_arch(seed="multi")
    copy.plan("app", wanted(index, "multi"), to=["eu.gcr.io/prod"])
    copy.plan("app", wanted(index.children[0]), to=["eu.gcr.io/prod"], source="gcr.io/other")

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("eu.gcr.io")["manifest-put"] == len(index.children)


async def test_what_is_wanted_with_a_tag_and_without_is_put_once(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    image = images.single(seed="one")
    copy.plan("app", wanted(image), wanted(image, "v1"), to=["eu.gcr.io/prod"])

    await copy.run()

    copy.assert_promoted()
    assert "manifest-put" not in copy.requests("eu.gcr.io")
    assert copy.requests("eu.gcr.io") == copy.floor("eu.gcr.io")


async def test_a_child_that_gets_a_tag_later_need_not_have_been_put_without_one(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    copy.one_by_one = True
    index = images.multi_arch(seed="multi")
    copy.plan("app", wanted(index, "multi"), to=["eu.gcr.io/prod"])
    copy.plan("app", wanted(index.children[0], "child"), to=["eu.gcr.io/prod"], source="gcr.io/other")

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("eu.gcr.io")["manifest-put"] == len(index.children)
    assert copy.floor("eu.gcr.io")["manifest-put"] == len(index.children) - 1
    assert copy.floor("eu.gcr.io")["tag-put"] == 2


async def test_what_a_registry_forgets_is_placed_twice_and_counts_once(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    index = images.multi_arch(seed="multi")
    copy.plan("app", wanted(index, "v1"), to=["eu.gcr.io/prod"])
    copy.host("eu.gcr.io").faults.add("content-unknown", on=["tag-put"], times=1)

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("eu.gcr.io")["manifest-put"] == 2 * len(index.children)
    assert copy.floor("eu.gcr.io") == {
        "upload-start": len(index.all_blobs),
        "upload": len(index.all_blobs),
        "manifest-put": len(index.children),
        "tag-put": 1,
    }


@pytest.mark.parametrize(
    "image",
    [
        images.index(images.multi_arch(seed="inner"), images.single(seed="beside")),
        images.index(*[images.single(seed="twin")] * 2),
        images.single(seed="docker", image_format="docker"),
        images.multi_arch(seed="list", image_format="docker"),
        images.single(seed="no layers", layers=0),
        images.single(seed="empty layer", layers=[images.layer("empty", 0)]),
        images.index(),
        images.artifact(seed="sbom"),
        images.artifact(seed="signature", subject=images.single(seed="not here")),
        images.single(seed="windows", foreign_layers=["https://elsewhere.invalid/layer"]),
    ],
    ids=lambda image: image.media_type.rpartition(".")[2],
)
async def test_every_kind_of_content_keeps_its_digest(copying: Make, image: Image) -> None:
    copy = await copying()
    copy.plan("app", wanted(image, "v1"))

    await copy.run()

    copy.assert_promoted()
    copy.assert_nothing_remembered()
    for mirror in MIRRORS:
        assert copy.host(mirror).store.repository("prod/app").manifests.keys() >= {
            each.digest for each in image.family()
        }
        assert copy.requests(mirror).get("upload", 0) == len(image.all_blobs)
