"""The Artifact Registry API is believed as far as it goes, and what it does not settle is asked of the registry."""

import itertools
import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import parse_qs, urlsplit

import anyio
import attrs
import pytest

from cip_async.errors import ListingIncomplete, RegistryError
from cip_async.model.listing import Listing
from cip_async.reference import Digest, Host, Repository, Tag
from cip_async.registry.listing.artifact_repository import API_HOST, ArtifactRepository
from cip_async.registry.listing.lister import Lister
from cip_async.registry.listing.strategy import Strategies, Strategy
from cip_async.registry.listing.walk import Sought
from cip_async.settings import Bodies
from tests.service.registry.conftest import IN_FLIGHT, ONE_TRY, V1, Open, Reach, Serve
from tests.service.registry.scripted import Reply, Scripted, Seen

pytestmark = pytest.mark.anyio

WEST = Host("us-west1-docker.pkg.dev")
PARENT = ArtifactRepository(WEST, "prod/images")
PAGES = "/v1/projects/prod/locations/us-west1/repositories/images/dockerImages"
NAMES = ("a", "b", "c")
A, B, C = (Repository(WEST, f"prod/images/{name}") for name in NAMES)
ONE, TWO = (Digest(f"sha256:{digit * 64}") for digit in "12")
SOUGHT = dict.fromkeys((A, B, C), Sought.of([V1], [ONE], frozenset()))
DENIED = b'{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}'


def image(name: str, digest: Digest = ONE, *tags: str) -> dict[str, object]:
    return {"uri": f"{WEST}/prod/images/{name}@{digest}", "tags": tags or ["v1"]}


def page(*images: dict[str, object], token: str = "") -> Reply:
    return Reply(body=json.dumps({"dockerImages": images, "nextPageToken": token}).encode())


def paged(*pages: Iterable[str]) -> Callable[[Seen], Reply]:
    """An API whose pages hold these names; the token of a page is its number."""

    def answer(seen: Seen) -> Reply:
        number = int(parse_qs(urlsplit(seen.target).query).get("pageToken", ["0"])[0])
        following = str(number + 1) if number + 1 < len(pages) else ""
        return page(*map(image, pages[number]), token=following)

    return answer


@attrs.frozen
class Both:
    """A lister with the API and the registry that it asks."""

    lister: Lister
    api: Scripted
    registry: Scripted
    reached: Reach

    async def together(self) -> dict[Repository, Listing]:
        return {listing.repository: listing async for listing in self.lister.together(PARENT, SOUGHT)}


Start = Callable[..., Awaitable[Both]]


@pytest.fixture
def start(serve: Serve, reach: Open) -> Start:
    """Call it with how the API and the registry answer."""

    async def begin(
        api: Callable[[Seen], Reply | Awaitable[Reply]],
        registry: Callable[[Seen], Reply] = lambda _: Reply(500),
        bodies: Bodies | None = None,
    ) -> Both:
        servers = await serve(api), await serve(registry)
        endpoints: dict[str, str] = {API_HOST: servers[0].url, WEST: servers[1].url}
        reached = await reach(endpoints=endpoints, retries=ONE_TRY, bodies=bodies)
        strategies = Strategies({WEST: Strategy.ARTIFACT_REGISTRY})
        return Both(Lister(reached.client, reached.lister.settings, strategies), *servers, reached)

    return begin


async def test_one_walk_lists_many_image_names(start: Start) -> None:
    both = await start(paged(["a", "a", "b"], ["b", "c"]))
    found = await both.together()
    assert {repository: listing.tags for repository, listing in found.items()} == {
        repository: {V1: ONE} for repository in SOUGHT
    }
    assert [seen.target for seen in both.api.seen] == [f"{PAGES}?pageSize=1000", f"{PAGES}?pageSize=1000&pageToken=1"]
    assert both.registry.seen == []
    assert both.reached.count(host=API_HOST, request_class="listing", method="GET", status=200) == 2


async def test_what_a_whole_walk_does_not_show_is_absent(start: Start) -> None:
    found = await (await start(paged(["a"], ["x"], ["y"]))).together()
    assert [(listing.tags, listing.holds(ONE)) for listing in found.values()] == [
        ({V1: ONE}, True),
        ({}, False),
        ({}, False),
    ]


async def test_an_empty_repository_is_proven_empty_by_one_page(start: Start) -> None:
    found = await (await start(lambda _: Reply(body=b"{}"))).together()
    assert [listing.holds(ONE) for listing in found.values()] == [False, False, False]


async def test_a_walk_that_costs_more_than_it_saves_is_given_up_and_proves_nothing(start: Start) -> None:
    both = await start(paged(["a"], ["x"], ["y"], ["b"], ["c"]))
    assert (await both.together()).keys() == {A}
    assert len(both.api.seen) == len(SOUGHT)


async def test_a_walk_ends_with_the_last_name_that_is_sought(start: Start) -> None:
    both = await start(paged(["a", "b", "c"], ["x"]))
    assert (await both.together()).keys() == {A, B, C}
    assert len(both.api.seen) == 1


async def test_page_tokens_are_quoted(start: Start) -> None:
    both = await start(lambda seen: page(image("a"), token="" if "pageToken" in seen.target else "=/&x=1 +"))
    assert len(await both.together()) == 3
    assert both.api.seen[1].target == f"{PAGES}?pageSize=1000&pageToken=%3D%2F%26x%3D1%20%2B"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
async def test_a_failed_page_proves_nothing(start: Start, caplog: pytest.LogCaptureFixture, status: int) -> None:
    pages = paged(["a"], ["b"], ["c"])
    both = await start(lambda seen: Reply(status) if "pageToken" in seen.target else pages(seen))
    with caplog.at_level(logging.INFO):
        assert (await both.together()).keys() == {A}
    (said,) = caplog.messages
    assert said.startswith(f"the repositories in {WEST}/prod/images are listed one by one: {API_HOST}: GET {PAGES}: ")
    assert "pageToken" not in said


@pytest.mark.parametrize(
    "second",
    [
        Reply(body=b'{"dockerImages":[{"uri":"'),
        Reply(body=b'{"dockerImages":[],"unreachable":["us-west1"]}'),
        Reply(body=b"<html>log in</html>"),
        Reply(break_off=0),
        Reply(302, headers={"Location": "https://elsewhere.example/"}),
        page({"uri": f"{WEST}/prod/other/b@{ONE}"}),
        page({"uri": f"{WEST}/prod/images/b@latest"}),
        page(image("c"), token="1"),
    ],
)
async def test_nonsense_on_a_page_proves_nothing(start: Start, second: Reply) -> None:
    both = await start(lambda seen: second if "pageToken" in seen.target else page(image("a"), token="1"))
    assert B not in await both.together()
    assert len({seen.target for seen in both.api.seen}) == 2


async def test_pages_without_an_end_are_given_up(start: Start) -> None:
    tokens = map(str, itertools.count(1))
    both = await start(lambda _: page(token=next(tokens)), bodies=Bodies(listing_pages=2))
    assert await both.together() == {}
    assert len(both.api.seen) == 2


async def test_a_page_that_is_too_large_is_not_read(start: Start) -> None:
    both = await start(lambda _: page(*(image("a") for _ in range(100))), bodies=Bodies(listing_bytes=1024))
    assert await both.together() == {}


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refusal_is_remembered_until_the_next_run(start: Start, status: int) -> None:
    both = await start(lambda _: Reply(status, body=DENIED))
    for _ in range(2):
        assert await both.together() == {}
    assert len(both.api.seen) == 1
    both.lister.begin_run()
    assert await both.together() == {}
    assert len(both.api.seen) == 2


async def test_what_may_pass_is_not_remembered(start: Start) -> None:
    statuses = iter([503, 200])
    both = await start(lambda _: Reply(next(statuses), body=b"{}"))
    assert await both.together() == {}
    assert (await both.together()).keys() == {A, B, C}


async def test_a_listing_that_was_cut_off_is_settled_by_the_api(start: Start) -> None:
    last = page(image("a", TWO, "v2"), image("a/deep"))
    both = await start(
        lambda seen: last if "pageToken" in seen.target else page(image("a"), token="1"),
        lambda _: Reply(body=b'{"tags":["v1","v2"],"manifest":{}}'),
    )
    for listing in (both.lister.whole(A), both.lister.wanted(A, {V1}, {ONE}), both.lister.digests(A, {ONE})):
        found = await listing
        assert (found.repository, found.tags, found.children) == (A, {V1: ONE, Tag("v2"): TWO}, ("deep",))
        assert found.asked is None
    assert len(both.registry.seen) == 3


async def test_a_listing_that_was_cut_off_and_that_the_api_refuses_is_incomplete(start: Start) -> None:
    both = await start(lambda _: Reply(403, body=DENIED), lambda _: Reply(body=b'{"tags":["v1","v2"],"manifest":{}}'))
    for _ in range(2):
        with pytest.raises(ListingIncomplete, match=r"2 entries or more .*; and artifactr.*PERMISSION_DENIED: no"):
            await both.lister.whole(A)
    assert len(both.api.seen) == 1


async def test_a_listing_that_is_whole_needs_no_api(start: Start) -> None:
    body = json.dumps({"tags": ["v1"], "manifest": {ONE: {"tag": ["v1"]}}}).encode()
    both = await start(lambda _: Reply(500), lambda _: Reply(body=body))
    assert (await both.lister.wanted(A, {V1}, set())).tags == {V1: ONE}
    assert both.api.seen == []


@pytest.mark.parametrize("strategy", [Strategy.GOOGLE, Strategy.OCI])
async def test_by_another_strategy_the_api_is_never_asked(start: Start, strategy: Strategy) -> None:
    both = await start(lambda _: Reply(500), lambda _: Reply(body=b'{"tags":["v1","v2"],"manifest":{}}'))
    lister = attrs.evolve(both.lister, strategies=Strategies({WEST: strategy}))
    assert lister.shared([A, B, C]) == {}
    with pytest.raises(RegistryError):
        await lister.whole(A)
    assert both.api.seen == []


async def test_repositories_are_shared_by_what_they_are_in_where_there_are_two_of_them(start: Start) -> None:
    lister = (await start(lambda _: Reply(500))).lister
    other = Repository(WEST, "prod/others/a")
    of_domain = [Repository(WEST, f"example.com/prod/images/{name}") for name in NAMES]
    plain = Repository(Host("registry.example"), "prod/images/a")
    assert lister.shared([B, A, other, plain, *of_domain]) == {
        PARENT: [B, A],
        ArtifactRepository(WEST, "example.com/prod/images"): of_domain,
    }


async def test_a_cancelled_walk_holds_nothing(start: Start) -> None:
    asked = anyio.Event()

    async def never(_: Seen) -> Reply:
        asked.set()
        await anyio.sleep_forever()
        return Reply()

    both = await start(never)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(both.together)
        await asked.wait()
        tasks.cancel_scope.cancel()
    assert both.reached.free_slots(API_HOST) == IN_FLIGHT
