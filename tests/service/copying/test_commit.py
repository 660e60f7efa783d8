"""How tags are written: one by one or several at a time, and never over another digest."""

from collections.abc import Callable
from functools import partial

import attrs
import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.rules import Rules
from cip_async.model.outcome import Fate
from cip_async.reference import Host
from tests.service.copying.conftest import HASTY, ONE_TRY, Copying, Make, wanted
from tests.service.tripwire import once

pytestmark = pytest.mark.anyio

IMAGE = images.single(seed="one")
OTHER = images.single(seed="other")
HOST = Host("registry.example")
STORE = "prod/app"
TAKEN = f"{HOST}: {STORE}:v1: since it was listed the tag has come to point to {OTHER.digest}; tags are never moved"


async def between(
    copying: Make, *tags: str, rules: Callable[[], Rules] = Rules, before: Callable[[Copying], None] | None = None
) -> Copying:
    """An image copied within a host, after something was done to the registry."""
    copy = await copying(rules=rules, hosts=(HOST,))
    copy.plan("app", wanted(IMAGE, *tags), source=f"{HOST}/staging", to=[f"{HOST}/prod"])
    if before is not None:
        before(copy)
    await copy.run()
    return copy


def tag_puts(copy: Copying) -> list[tuple[int, int]]:
    """Status and number of tags of each PUT of tags."""
    return [
        (entry.status, max(1, entry.query_keys.count("tag")))
        for entry in copy.host(HOST).ledger.find(call_class="tag-put")
    ]


async def test_many_tags_go_ten_at_a_time(copying: Make) -> None:
    copy = await between(copying, *(f"v{number}" for number in range(25)))
    copy.assert_promoted()
    assert tag_puts(copy) == [(201, 10), (201, 10), (201, 5)]


async def test_a_single_tag_is_put_as_ever(copying: Make) -> None:
    copy = await between(copying, "v1")
    assert tag_puts(copy) == [(201, 1)]
    assert copy.engine.capabilities()[HOST] == {"mounts": True}


async def test_a_registry_that_stumbles_over_several_tags_gets_one_by_one(copying: Make) -> None:
    def stumble(copy: Copying) -> None:
        copy.host(HOST).rules.most_tags = 1

    copy = await between(copying, *(f"v{number}" for number in range(12)), before=stumble)
    copy.assert_promoted()
    assert tag_puts(copy) == [(414, 10), *[(201, 1)] * 12]
    assert copy.engine.capabilities()[HOST]["several-tags"] is False


async def test_google_is_not_asked_for_several(copying: Make) -> None:
    copy = await copying(hosts=("gcr.io",))
    copy.plan("app", wanted(IMAGE, "v1", "v2"), to=["gcr.io/prod"])
    await copy.run()
    assert copy.requests("gcr.io")["tag-put"] == 2
    assert "several-tags" not in copy.engine.capabilities()[Host("gcr.io")]


async def test_a_failure_of_another_kind_says_nothing_of_several_tags(copying: Make) -> None:
    def forget_once(copy: Copying) -> None:
        copy.host(HOST).faults.add("content-unknown", on=["tag-put"], times=1)

    copy = await between(copying, "v1", "v2", before=forget_once)
    copy.assert_promoted()
    assert tag_puts(copy) == [(400, 2), (201, 2)]
    assert copy.engine.capabilities()[HOST]["several-tags"] is True


async def test_a_registry_that_was_merely_down_is_tried_with_several_again(copying: Make) -> None:
    copy = await copying(rules=Rules, hosts=(HOST,), settings=attrs.evolve(HASTY, threads=1, retries=ONE_TRY))
    for name, image in (("app", IMAGE), ("other", OTHER)):
        copy.plan(name, wanted(image, "v1", "v2"), source=f"{HOST}/staging", to=[f"{HOST}/prod"])
    copy.host(HOST).faults.add("500", on=["tag-put"], times=1)

    await copy.run()

    copy.assert_promoted()
    assert tag_puts(copy) == [(500, 2), (201, 1), (201, 1), (201, 2)]


@pytest.mark.parametrize("tags", [("v1",), ("v1", "v2")])
async def test_an_immutable_tag_that_points_elsewhere_fails_alone(copying: Make, tags: tuple[str, ...]) -> None:
    def race(copy: Copying) -> None:
        images.push(copy.host(HOST).store, STORE, OTHER, ["v1"])
        copy.host(HOST).rules.immutable_tags = "moves"

    copy = await between(copying, *tags, before=race)

    failures = copy.failures()
    assert set(failures) == {(f"{HOST}/{STORE}", "v1")}
    assert failures[f"{HOST}/{STORE}", "v1"] == (Fate.CONFLICT, TAKEN)
    expected = {"v1": OTHER.digest} | dict.fromkeys(tags[1:], IMAGE.digest)
    assert copy.host(HOST).store.repository(STORE).tags == expected


async def test_an_immutable_tag_that_points_there_already_is_no_failure(copying: Make) -> None:
    def race(copy: Copying) -> None:
        images.push(copy.host(HOST).store, STORE, IMAGE, ["v1"])
        copy.host(HOST).rules.immutable_tags = "all"

    copy = await between(copying, "v1", "v2", before=race)
    assert copy.failures() == {}
    copy.assert_promoted()


async def test_a_child_whose_own_tag_is_refused_still_serves_its_index(copying: Make) -> None:
    index = images.multi_arch(seed="multi")
    child = index.children[0]
    copy = await copying(rules=Rules, hosts=(HOST,))
    images.push(copy.host(HOST).store, STORE, OTHER, ["child"])
    copy.host(HOST).rules.immutable_tags = "moves"
    copy.plan("app", wanted(index, "multi"), wanted(child, "child"), source=f"{HOST}/staging", to=[f"{HOST}/prod"])

    await copy.run()

    assert set(copy.failures()) == {(f"{HOST}/{STORE}", "child")}
    assert copy.host(HOST).store.repository(STORE).tags == {"child": OTHER.digest, "multi": index.digest}


class TestStaleListings:
    """Where the listing is too old, or nobody knows how old, a tag is asked for right before it is written."""

    async def between(
        self, copying: Make, *tags: str, rules: Callable[[], Rules], before: Callable[[Copying], None]
    ) -> Copying:
        def make_stale(copy: Copying) -> None:
            copy.stale = True
            before(copy)

        return await between(copying, *tags, rules=rules, before=make_stale)

    @pytest.mark.parametrize("rules", [Rules, Rules.google])
    @pytest.mark.parametrize("tags", [("v1",), ("v1", "v2", "v3")])
    async def test_a_tag_that_somebody_else_wrote_fails_alone_and_is_not_moved(
        self, copying: Make, tags: tuple[str, ...], rules: Callable[[], Rules]
    ) -> None:
        copy = await self.between(copying, *tags, rules=rules, before=partial(self.push, OTHER, "v1"))

        failures = copy.failures()
        assert set(failures) == {(f"{HOST}/{STORE}", "v1")}
        assert failures[f"{HOST}/{STORE}", "v1"] == (Fate.CONFLICT, TAKEN)
        expected = {"v1": OTHER.digest} | dict.fromkeys(tags[1:], IMAGE.digest)
        assert copy.host(HOST).store.repository(STORE).tags == expected

    @pytest.mark.parametrize("rules", [Rules, Rules.google])
    @pytest.mark.parametrize("tags", [("v1",), ("v1", "v2", "v3")])
    async def test_a_tag_that_points_there_already_is_done_and_not_written(
        self, copying: Make, tags: tuple[str, ...], rules: Callable[[], Rules]
    ) -> None:
        copy = await self.between(copying, *tags, rules=rules, before=partial(self.push, IMAGE, "v1"))
        copy.assert_promoted()
        assert copy.failures() == {}
        assert not [entry.target for entry in copy.host(HOST).ledger.find(method="PUT") if "v1" in entry.target]

    async def test_a_batch_is_asked_for_and_then_put_at_once(self, copying: Make) -> None:
        copy = await self.between(copying, "v1", "v2", "v3", rules=Rules, before=lambda copy: None)
        copy.assert_promoted()
        assert tag_puts(copy) == [(201, 3)]
        assert copy.requests(HOST)["manifest-head"] == 3

    async def test_a_tag_that_cannot_be_asked_for_is_not_written(self, copying: Make) -> None:
        def refuse(copy: Copying) -> None:
            copy.settings = attrs.evolve(HASTY, retries=ONE_TRY)
            copy.host(HOST).faults.add("500", on=["manifest-head"], times=1)

        copy = await self.between(copying, "v1", "v2", rules=Rules.google, before=refuse)

        assert set(copy.failures()) == {(f"{HOST}/{STORE}", "v1")}
        assert copy.host(HOST).store.repository(STORE).tags == {"v2": IMAGE.digest}

    @pytest.mark.parametrize("tags", [("v1",), ("v1", "v2", "v3")])
    @pytest.mark.parametrize("failure", ["500", "429", "reset"])
    async def test_a_further_try_asks_again_where_the_listing_has_become_old_meanwhile(
        self, copying: Make, tags: tuple[str, ...], failure: str
    ) -> None:
        def fail_once(copy: Copying) -> None:
            def grow_old() -> None:
                self.push(OTHER, "v1", copy)
                copy.stale = True

            copy.host(HOST).faults.add(failure, on=["tag-put"], times=1, seconds=0)
            once(copy.host(HOST), CallClass.TAG_PUT, grow_old)

        copy = await between(copying, *tags, before=fail_once)

        assert copy.failures() == {(f"{HOST}/{STORE}", "v1"): (Fate.CONFLICT, TAKEN)}
        expected = {"v1": OTHER.digest} | dict.fromkeys(tags[1:], IMAGE.digest)
        assert copy.host(HOST).store.repository(STORE).tags == expected

    def push(self, image: images.Image, tag: str, copy: Copying) -> None:
        images.push(copy.host(HOST).store, STORE, image, [tag])


async def test_a_fresh_listing_is_trusted(copying: Make) -> None:
    copy = await between(copying, "v1", "v2")
    assert "manifest-head" not in copy.requests(HOST)
