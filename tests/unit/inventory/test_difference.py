"""What two snapshots differ in, held against a naive comparison."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip_async.inventory.difference import Difference, Side, differences
from cip_async.inventory.snapshot import Snapshot
from cip_async.inventory.store import InventoryStore
from cip_async.model.listing import Listing
from cip_async.reference import Digest, Host, ImageName, RegistryPath, Tag

pytestmark = pytest.mark.anyio

HERE, THERE = RegistryPath(Host("here.example"), "prod"), RegistryPath(Host("there.example"), "")
A, B, C = (Digest(f"sha256:{letter * 64}") for letter in "abc")

Held = Mapping[str, tuple[set[Digest], dict[str, Digest]]]


async def snapshot(stack: AsyncExitStack, base: RegistryPath, held: Held) -> Snapshot:
    store = await stack.enter_async_context(InventoryStore.opened())
    for name, (untagged, tags) in held.items():
        tagged = {Tag(tag): digest for tag, digest in tags.items()}
        digests = untagged | set(tags.values())
        await store.put(Listing(repository=base.repository(ImageName(name)), digests=digests, tags=tagged))
    return Snapshot(base=base, counts=await store.counts(), store=store)


async def compared(here: Held, there: Held) -> list[Difference]:
    async with AsyncExitStack() as stack:
        first, second = await snapshot(stack, HERE, here), await snapshot(stack, THERE, there)
        return [difference async for difference in differences(first, second)]


async def test_what_is_only_here_only_there_and_otherwise_is_told_in_the_order_of_names() -> None:
    here: Held = {
        "both": ({C}, {"same": A, "moved": A, "gone": A}),
        "mine": (set(), {"v1": A}),
    }
    there: Held = {"both": (set(), {"same": A, "moved": B, "new": B}), "yours": ({C}, {})}
    assert list(map(str, await compared(here, there))) == [
        f"- both:gone {A}",
        f"! both:moved {A} {B}",
        f"+ both:new {B}",
        f"- both@{C}",
        f"- mine:v1 {A}",
        f"+ yours@{C}",
    ]


async def test_equal_snapshots_of_two_registries_do_not_differ() -> None:
    held: Held = {"app": ({A}, {"v1": B})}
    assert await compared(held, held) == []


async def test_a_tag_of_a_digest_that_both_have_differs_alone() -> None:
    assert await compared({"app": ({A}, {})}, {"app": (set(), {"v1": A})}) == [
        Difference(side=Side.THERE, name=ImageName("app"), digest=A, tag=Tag("v1"))
    ]


async def test_untagged_images_are_not_compared_with_a_side_that_does_not_tell_of_them() -> None:
    async with AsyncExitStack() as stack:
        first = await snapshot(stack, HERE, {"app": ({A}, {"v1": B})})
        second = attrs.evolve(await snapshot(stack, THERE, {"app": (set(), {"v1": B})}), tells_untagged=False)
        assert [difference async for difference in differences(first, second)] == []


some_digests = st.sampled_from([A, B, C])
some_held = st.dictionaries(
    st.sampled_from(["a", "a/b", "a-b", "b"]),
    st.tuples(st.sets(some_digests), st.dictionaries(st.sampled_from(["v1", "v2"]), some_digests)).filter(any),
)


@given(here=some_held, there=some_held)
async def test_every_tag_and_untagged_digest_that_is_not_the_same_is_told_once(here: Held, there: Held) -> None:
    told = [(each.name, each.tag or each.digest) for each in await compared(here, there)]
    assert len(told) == len(set(told))
    assert set(told) == naive(here, there)


def naive(here: Held, there: Held) -> set[tuple[str, str]]:
    differing: set[tuple[str, str]] = set()
    for name in here.keys() | there.keys():
        mine, theirs = here.get(name, (set(), {})), there.get(name, (set(), {}))
        for tag in mine[1].keys() | theirs[1].keys():
            if mine[1].get(tag) != theirs[1].get(tag):
                differing.add((name, tag))
        for first, second in ((mine, theirs), (theirs, mine)):
            elsewhere = second[0] | set(second[1].values())
            differing |= {(name, digest) for digest in first[0] - set(first[1].values()) - elsewhere}
    return differing
