"""Follow the pages of a listing to their end, and notice pages that repeat, never end, or were cut off.

OCI distribution specification, "Listing Tags": a page has at most the number of names that was asked for,
and a `Link` header leads to the next one. Endless and repeating pages were real attacks on other clients
(https://github.com/google/go-containerregistry/pull/2332, https://github.com/oras-project/oras-go/pull/1215).
"""

from collections.abc import AsyncIterator, Awaitable, Callable

import attrs

from cip_async.errors import ListingIncomplete, NotFound
from cip_async.reference import Host
from cip_async.registry.client import NextPage

Fetch = Callable[[int, NextPage | None], Awaitable[tuple[tuple[str, ...], NextPage | None]]]
"""Gets one page: given how many names to ask for and where the page is, its names and where the next one is."""


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
        names, following = await self.fetch(self.page_size, None)
        if following is None and len(names) == self.page_size:
            await self._prove_end()
        yield names
        pages = {hash(names)}
        links: set[NextPage] = set()
        while following is not None:
            if following in links or len(links) >= self.most_pages:
                raise self._incomplete(f"its pages lead in a circle, or are more than {self.most_pages}")
            links.add(following)
            names, following = await self._further(self.page_size, following)
            if names and hash(names) in pages:
                raise self._incomplete("the registry answered one page twice")
            pages.add(hash(names))
            yield names

    async def _prove_end(self) -> None:
        """Find out whether a full page without a link is the whole, by asking for one name less.

        A registry that ignores the number gives everything again; one that pages gives a link this time. One
        that gives less and no link leaves out names without saying so.
        """
        fewer = self.page_size - 1
        names, following = await self._further(fewer, None)
        if following is None and len(names) <= fewer:
            raise self._incomplete(f"the registry cuts it off at {self.page_size} names and does not link to the rest")

    async def _further(self, n: int, page: NextPage | None) -> tuple[tuple[str, ...], NextPage | None]:
        """One more page of a listing that exists; that it cannot be found now does not make the listing empty."""
        try:
            return await self.fetch(n, page)
        except NotFound as error:
            raise self._incomplete("a page after the first cannot be found") from error

    def _incomplete(self, reason: str) -> ListingIncomplete:
        return ListingIncomplete(self.host, self.where, f"the listing is incomplete: {reason}")
