"""The repositories below a path, from the catalog of a plain registry.

`_catalog` is no part of the OCI distribution specification, which reserves the name; distribution, zot, Harbor
and others have it, most hosted registries do not.
"""

from collections.abc import AsyncIterator

from cip_async.errors import ListingIncomplete, NotFound
from cip_async.reference import RegistryPath, Repository
from cip_async.registry.client import RegistryClient
from cip_async.registry.listing.names import Answer
from cip_async.registry.listing.paging import Paging
from cip_async.registry.pages import NextPage


async def repositories_below(
    client: RegistryClient, path: RegistryPath, *, page_size: int, most_pages: int
) -> AsyncIterator[Repository]:
    """The repositories at and below `path`, by whole components of their names, each once, as the catalog has them.

    Raises:
        ListingIncomplete: the registry has no catalog, or one that could not be read to its end.
        RegistryError: the registry refused, failed or answered nonsense.
    """
    answer = Answer.of_catalog(path.host)

    async def fetch(n: int, page: NextPage | None) -> tuple[tuple[str, ...], NextPage | None]:
        found = await client.catalog_page(path.host, n=n, next_page=page)
        return found.repositories, found.next

    paging = Paging(host=answer.host, where=answer.where, fetch=fetch, page_size=page_size, most_pages=most_pages)
    seen: set[Repository] = set()
    try:
        async for names in paging.pages():
            for name in answer.image_names(names):
                repository = Repository(path.host, name)
                if path.contains(repository) and repository not in seen:
                    seen.add(repository)
                    yield repository
    except NotFound as error:
        reason = "the registry has no catalog, so the repositories below a path cannot be found"
        raise ListingIncomplete(answer.host, answer.where, reason) from error
