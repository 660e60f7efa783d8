"""What listings show is not asked for again, and no registry that would accept a broken image is taken at its word."""

from collections.abc import Sequence

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.images import Image
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store
from tests.service.copying.conftest import MIRRORS, Copying, Make, wanted

pytestmark = pytest.mark.anyio

BASE = images.layer("base")
OLD = images.single(seed="old", layers=[BASE, images.layer("own")])
CHILDREN = [images.single(seed=f"child {number}", layers=[BASE, images.layer(f"own {number}")]) for number in range(3)]
INDEX = images.index(*CHILDREN)


def hold(copy: Copying, name: str, *held: Image, to: Sequence[str] = MIRRORS) -> None:
    """Mirrors hold images, and their listings say so."""
    for mirror in to:
        copy.push(f"{mirror}/{name}", *held)
        digests = {member.digest for image in held for member in image.family()}
        copy.held[f"{mirror}/{name}"] = copy.held.get(f"{mirror}/{name}", frozenset()) | digests


def lose(store: Store, image: Image) -> None:
    """Take away, behind everybody's back, what was in `prod/app` of an image."""
    held = store.repository("prod/app")
    for member in image.family():
        if member.digest in held.manifests:
            store.drop_document("prod/app", member.digest, with_tags=True)
    for digest in image.all_blobs.keys() & held.blobs:
        store.drop_blob("prod/app", digest)


async def test_an_index_whose_children_are_all_there_costs_one_read_and_one_put_a_mirror(copying: Make) -> None:
    copy = await copying()
    hold(copy, "app", *CHILDREN)
    copy.plan("app", wanted(INDEX, "v1"))

    await copy.run()

    copy.assert_promoted()
    copy.assert_nothing_remembered()
    assert copy.requests("gcr.io") == {"manifest-get": 1}
    assert [copy.requests(mirror) for mirror in MIRRORS] == [{"tag-put": 1}] * 3


async def test_of_an_index_only_the_child_that_is_missing_is_placed_without_the_layers_of_the_others(
    copying: Make,
) -> None:
    copy = await copying(hosts=("gcr.io",))
    hold(copy, "app", *CHILDREN[:2], to=["gcr.io/prod"])
    copy.plan("app", wanted(INDEX, "v1"), to=["gcr.io/prod"])

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("gcr.io") == {
        "manifest-get": 4,
        "mount": len(CHILDREN[2].all_blobs) - 1,
        "manifest-put": 1,
        "tag-put": 1,
    }


async def test_layers_of_an_image_that_only_some_mirrors_lack_are_not_asked_for_in_the_others(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io",))
    copy.one_by_one = True
    mirrors = ("gcr.io/asia", "gcr.io/eu")
    hold(copy, "app", OLD, to=mirrors[:1])
    copy.held["gcr.io/eu/app"] = frozenset({INDEX.digest})
    new = images.single(seed="new", layers=[BASE, images.layer("own")])
    old_comes_first = OLD.digest < new.digest
    copy.plan("app", wanted(OLD, "v1"), to=mirrors[1:])
    copy.plan("app", wanted(new, "v2"), to=mirrors)

    await copy.run()

    copy.assert_promoted()
    mounts = copy.host("gcr.io").ledger.count(call_class="mount", repository="asia/app")
    assert mounts == (1 if old_comes_first else len(new.all_blobs))
    assert copy.host("gcr.io").ledger.count(call_class="mount", repository="eu/app") == len(
        OLD.all_blobs | new.all_blobs
    )


async def test_a_layer_that_another_repository_of_the_host_lists_is_mounted_from_there(copying: Make) -> None:
    copy = await copying(rules=Rules, hosts=("staging.example", "mirror.example"))
    copy.one_by_one = True
    hold(copy, "app", OLD, to=["mirror.example/prod"])
    other = images.single(seed="other", layers=[BASE, images.layer("own")])
    copy.plan(
        "app", wanted(OLD, "v2"), source="staging.example/staging", to=["mirror.example/prod"], in_destination=True
    )
    copy.plan("other", wanted(other, "v1"), source="staging.example/staging", to=["mirror.example/prod"])

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("mirror.example") == {"mount": 2, "upload-start": 1, "upload": 1, "tag-put": 2}
    assert copy.requests("staging.example") == {"manifest-get": 2, "blob-get": 1}


class TestWrongBeliefs:
    async def test_a_layer_that_is_gone_costs_the_put_that_is_refused(self, copying: Make) -> None:
        copy = await copying(hosts=("gcr.io",))
        hold(copy, "app", *CHILDREN[:2], to=["gcr.io/prod"])
        shared = next(iter(CHILDREN[0].all_blobs.keys() & CHILDREN[1].all_blobs.keys()))
        copy.host("gcr.io").store.drop_blob("prod/app", shared)
        copy.plan("app", wanted(INDEX, "v1"), to=["gcr.io/prod"])

        await copy.run()

        copy.assert_promoted()
        assert copy.requests("gcr.io") == {
            "manifest-get": 4,
            "mount": len(CHILDREN[2].all_blobs),
            "manifest-put": 2,
            "tag-put": 1,
        }
        assert copy.host("gcr.io").ledger.count(call_class="manifest-put", status=400) == 1

    @pytest.mark.parametrize("named", [True, False])
    async def test_children_that_are_gone_are_placed_when_their_index_was_refused(
        self, copying: Make, named: bool
    ) -> None:
        copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
        hold(copy, "app", *CHILDREN, to=["eu.gcr.io/prod"])
        mirror = copy.host("eu.gcr.io")
        mirror.rules.unknown_named = named
        lose(mirror.store, INDEX)
        copy.plan("app", wanted(INDEX, "v1"), to=["eu.gcr.io/prod"])

        await copy.run()

        copy.assert_promoted()
        assert copy.requests("gcr.io") == {"manifest-get": 4, "blob-get": len(INDEX.all_blobs)}
        assert copy.requests("eu.gcr.io") == {
            "tag-put": 2,
            "manifest-put": 3,
            "upload-start": len(INDEX.all_blobs),
            "upload": len(INDEX.all_blobs),
        }

    async def test_a_registry_that_accepts_what_is_incomplete_gets_all_of_it(self, copying: Make) -> None:
        copy = await copying(rules=lambda: Rules(accept_missing=True), hosts=("staging.example", "mirror.example"))
        hold(copy, "app", *CHILDREN, to=["mirror.example/prod"])
        lose(copy.host("mirror.example").store, INDEX)
        copy.plan("app", wanted(INDEX, "v1"), source="staging.example/staging", to=["mirror.example/prod"])

        await copy.run()

        copy.assert_promoted()
        assert copy.requests("mirror.example")["upload"] == len(INDEX.all_blobs)

    async def test_a_registry_that_was_seen_to_refuse_is_taken_at_its_word_from_then_on(self, copying: Make) -> None:
        copy = await copying(rules=Rules.distribution, hosts=("staging.example", "mirror.example"))
        copy.one_by_one = True
        hold(copy, "app", *CHILDREN, to=["mirror.example/prod"])
        lost = images.single(seed="lost", layers=1)
        copy.push("mirror.example/prod/other", lost)
        for digest in lost.all_blobs:
            copy.host("mirror.example").store.drop_blob("prod/other", digest)
        source, mirror = "staging.example/staging", "mirror.example/prod"
        copy.plan("other", wanted(lost, "v1"), source=source, to=[mirror], in_destination=True)
        copy.plan("app", wanted(INDEX, "v1"), source=source, to=[mirror])

        await copy.run()

        copy.assert_promoted()
        app = [entry.call_class for entry in copy.host("mirror.example").ledger.find(repository="prod/app")]
        assert app == ["tag-put"]
        assert copy.engine.capabilities()["mirror.example"] == {"refuses-unknown-content": True}  # type: ignore[index]  # a literal is a host here
