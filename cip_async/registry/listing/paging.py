"""Follow the pages of a listing to their end, and notice pages that repeat, never end, or were cut off.

OCI distribution specification, "Listing Tags": a page has at most the number of names that was asked for,
and a `Link` header leads to the next one. Endless and repeating pages were real attacks on other clients
(https://github.com/google/go-containerregistry/pull/2332, https://github.com/oras-project/oras-go/pull/1215).
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import attrs

from cip_async.errors import ListingIncomplete, NotFound
from cip_async.reference import Host
from cip_async.registry.pages import NextPage

Fetch = Callable[[int, NextPage | None], Awaitable[tuple[tuple[str, ...], NextPage | None]]]
"""Gets one page: given how many names to ask for and where the page is, its names and where the next one is."""

_USUAL_PAGE: Final = 50
"""Registries with a page size of their own have 50, 100 or another multiple of it."""


@attrs.frozen(kw_only=True)
class Paging:
    """How to read one listing; `where` is its request, as errors name it."""

    host: Host
    where: str
    fetch: Fetch
    page_size: int
    most_pages: int

    async def pages(self) -> AsyncIterator[tuple[str, ...]]:
        """The names of each page, as the registry wrote them; a name may come twice.

        Raises:
            NotFound: there is no such listing, not even a first page.
            ListingIncomplete: the pages do not lead to an end that can be trusted.
            RegistryError: the registry refused or failed.
        """
        page: NextPage | None = None
        names, following = await self.fetch(self.page_size, None)
        pages: set[int] = set()
        links: set[NextPage] = set()
        while True:
            if names and hash(names) in pages:
                raise self._incomplete("the registry answered one page twice")
            pages.add(hash(names))
            if following is None and self._looks_cut(names):
                following = await self._rest(names, page)
            yield names
            if following is None:
                return
            if following in links or len(links) >= self.most_pages:
                raise self._incomplete(f"its pages lead in a circle, or are more than {self.most_pages}")
            links.add(following)
            page = following
            names, following = await self._further(self.page_size, page)

    def _looks_cut(self, names: tuple[str, ...]) -> bool:
        """Whether a last page has just as many names as a page may have, by our wish or by the registry's habit."""
        return len(names) > 1 and (len(names) == self.page_size or len(names) % _USUAL_PAGE == 0)

    async def _rest(self, names: tuple[str, ...], page: NextPage | None) -> NextPage | None:
        """Find out whether a page without a link is the last, by asking for one name less of it.

        A registry that ignores the number gives everything again. One that pages gives a link this time, which
        leads to the name left out and whatever comes after it. One that gives less and no link leaves out names
        without saying so.
        """
        fewer = len(names) - 1
        smaller = None if page is None else page.asking(fewer)
        if page is not None and smaller is None:
            return None
        again, following = await self._further(fewer, smaller)
        if following is None and len(again) < len(names):
            raise self._incomplete(f"the registry cuts it off at {len(names)} names and does not link to the rest")
        return following

    async def _further(self, n: int, page: NextPage | None) -> tuple[tuple[str, ...], NextPage | None]:
        """One more page of a listing that exists; that it cannot be found now does not make the listing empty."""
        try:
            return await self.fetch(n, page)
        except NotFound as error:
            raise self._incomplete("a page after the first cannot be found") from error

    def _incomplete(self, reason: str) -> ListingIncomplete:
        return ListingIncomplete(self.host, self.where, f"the listing is incomplete: {reason}")
