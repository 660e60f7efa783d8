"""A listing's pages are followed to an end that can be trusted, or not at all."""

import pytest
from yarl import URL

from cip_async.errors import ListingIncomplete, NotFound
from cip_async.reference import Host
from cip_async.registry.listing.paging import Paging
from cip_async.registry.pages import NextPage

pytestmark = pytest.mark.anyio

Pages = dict[str, tuple[tuple[str, ...], str | None]]


def link(text: str | None) -> NextPage | None:
    return None if text is None else NextPage(URL(f"https://us.example/v2/foo/tags/list?last={text}"))


async def read(pages: Pages, *, page_size: int = 10, most_pages: int = 100) -> list[tuple[str, ...]]:
    """Follow pages that are keyed by their link; the first has the key "", a page of fewer names "fewer"."""

    async def fetch(n: int, page: NextPage | None) -> tuple[tuple[str, ...], NextPage | None]:
        key = "" if page is None else page.url.query["last"]
        names, following = pages["fewer" if n < page_size else key]
        return names, link(following)

    paging = Paging(
        host=Host("us.example"),
        where="GET /v2/foo/tags/list",
        fetch=fetch,
        page_size=page_size,
        most_pages=most_pages,
    )
    return [names async for names in paging.pages()]


async def test_pages_are_read_to_the_last() -> None:
    pages: Pages = {"": (("a", "b"), "b"), "b": (("c",), "c"), "c": (("d", "e"), None)}
    assert await read(pages, page_size=2) == [("a", "b"), ("c",), ("d", "e")]


async def test_an_empty_page_with_a_link_is_followed() -> None:
    assert await read({"": ((), "b"), "b": ((), "c"), "c": (("d",), None)}) == [(), (), ("d",)]


async def test_a_name_may_come_on_two_pages() -> None:
    assert await read({"": (("a", "b"), "b"), "b": (("b", "c"), None)}) == [("a", "b"), ("b", "c")]


async def test_a_page_that_comes_again_is_an_error() -> None:
    with pytest.raises(ListingIncomplete, match="answered one page twice"):
        await read({"": (("a",), "a"), "a": (("b",), "b"), "b": (("a",), "c")})


async def test_links_in_a_circle_are_an_error() -> None:
    with pytest.raises(ListingIncomplete, match="lead in a circle"):
        await read({"": ((), "a"), "a": ((), "b"), "b": ((), "a")})


async def test_too_many_pages_are_an_error() -> None:
    pages: Pages = {str(number): ((f"t{number}",), str(number + 1)) for number in range(10)}
    with pytest.raises(ListingIncomplete, match="more than 3"):
        await read({**pages, "": (("t",), "0")}, most_pages=3)


async def test_a_full_page_is_the_whole_where_the_registry_ignores_the_number() -> None:
    assert await read({"": (("a", "b"), None), "fewer": (("a", "b"), None)}, page_size=2) == [("a", "b")]


async def test_a_full_page_is_the_whole_where_a_smaller_one_links_to_its_last_name() -> None:
    pages: Pages = {"": (("a", "b"), None), "fewer": (("a",), "a"), "a": (("b",), None)}
    assert await read(pages, page_size=2) == [("a", "b"), ("b",)]


async def test_what_a_page_forgot_to_link_to_is_found_by_a_smaller_one() -> None:
    pages: Pages = {"": (("a", "b"), None), "fewer": (("a",), "a"), "a": (("b", "c", "d"), None)}
    assert await read(pages, page_size=2) == [("a", "b"), ("b", "c", "d")]


@pytest.mark.parametrize("count", [50, 100, 1000])
async def test_a_page_of_a_usual_size_may_be_cut_by_a_registry_with_a_mind_of_its_own(count: int) -> None:
    names = tuple(map(str, range(count)))
    with pytest.raises(ListingIncomplete, match=f"cuts it off at {count} names"):
        await read({"": (names, None), "fewer": (names[:-1], None)}, page_size=5000)
    assert await read({"": (names, None), "fewer": (names, None)}, page_size=5000) == [names]


async def test_a_later_page_may_be_cut_too() -> None:
    async def fetch(n: int, page: NextPage | None) -> tuple[tuple[str, ...], NextPage | None]:
        if page is None:
            return ("a", "b"), NextPage(URL("https://us.example/v2/foo/tags/list?last=b&n=2"))
        return ("c", "d")[: int(page.url.query["n"])], None

    host = Host("us.example")
    paging = Paging(host=host, where="GET /v2/foo/tags/list", fetch=fetch, page_size=2, most_pages=9)
    with pytest.raises(ListingIncomplete, match="cuts it off at 2 names"):
        [names async for names in paging.pages()]


async def test_a_full_page_is_not_the_whole_where_the_registry_cuts_without_a_link() -> None:
    with pytest.raises(ListingIncomplete, match="cuts it off at 2 names and does not link to the rest") as incomplete:
        await read({"": (("a", "b"), None), "fewer": (("a",), None)}, page_size=2)
    assert str(incomplete.value).startswith("us.example: GET /v2/foo/tags/list: the listing is incomplete: ")


@pytest.mark.parametrize("missing", ["b", "fewer"])
async def test_a_listing_is_not_empty_because_a_later_page_cannot_be_found(missing: str) -> None:
    async def fetch(n: int, page: NextPage | None) -> tuple[tuple[str, ...], NextPage | None]:
        if page is not None or n < 2:
            raise NotFound("us.example", "GET /v2/foo/tags/list", "status 404", status=404)
        return ("a", "b"), link("b" if missing == "b" else None)

    host = Host("us.example")
    paging = Paging(host=host, where="GET /v2/foo/tags/list", fetch=fetch, page_size=2, most_pages=9)
    with pytest.raises(ListingIncomplete, match="a page after the first cannot be found"):
        [names async for names in paging.pages()]
