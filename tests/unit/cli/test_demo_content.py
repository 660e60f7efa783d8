"""What the demo promotes."""

from cip_async.cli.demo_content import MIRRORS, SOURCE, Wish, fill, manifest, staged_bytes, wishes
from cip_async.fake_registry.images import Image, layer, multi_arch, single
from cip_async.fake_registry.store import Store
from cip_async.reference import parse_image_name, parse_tag


def wish(name: str, image: Image, *tags: str) -> Wish:
    return Wish(parse_image_name(name), image, tuple(map(parse_tag, tags)))


def test_it_has_every_kind_of_image() -> None:
    wanted = wishes()
    assert wanted == wishes()
    assert any(each.image.children for each in wanted)
    assert any(not each.image.children for each in wanted)
    assert any(len(each.tags) > 1 for each in wanted)
    assert any(not each.tags for each in wanted)
    repositories_of_a_blob = [
        {each.name for each in wanted if blob in each.image.all_blobs} for blob in all_blobs(wanted)
    ]
    assert max(map(len, repositories_of_a_blob)) > 2


def all_blobs(wanted: tuple[Wish, ...]) -> set[str]:
    return {digest for each in wanted for digest in each.image.all_blobs}


def test_staging_holds_all_of_it() -> None:
    store, wanted = Store(), wishes()
    fill(store, wanted)
    assert store.repositories() == sorted({SOURCE.repository(each.name).path for each in wanted})
    for each in wanted:
        assert each.image.digest in store.repository(SOURCE.repository(each.name).path).manifests
    assert store.missing_content() == []


def test_the_manifest_wants_each_image_in_each_mirror() -> None:
    wanted = manifest(wishes())
    assert [entry.path for entry in wanted.destinations] == list(MIRRORS)
    assert {(image.name, want.digest, want.tags) for image in wanted.images for want in image.digests} == {
        (each.name, each.image.digest, each.tags) for each in wishes()
    }


def test_a_blob_that_images_share_is_counted_once() -> None:
    shared = layer("shared", 1000)
    wanted = (
        wish("a", single(seed="a", layers=[shared, layer("own", 500)]), "v1", "v2"),
        wish("b", multi_arch(seed="b", layers=1, layer_bytes=100, shared_layers=[shared])),
    )
    configs_bytes = sum(
        content.size_bytes
        for each in wanted
        for content in each.image.all_blobs.values()
        if content.size_bytes not in (100, 500, 1000)
    )
    assert staged_bytes(wanted) == 1000 + 500 + 2 * 100 + configs_bytes
