"""List repositories by the strategy of their host: the one entrance to this package."""

from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet

import attrs

from cip_async.model.listing import Listing
from cip_async.reference import Digest, Host, RegistryPath, Repository, Tag
from cip_async.registry.client import RegistryClient
from cip_async.registry.listing.catalog import repositories_below
from cip_async.registry.listing.google import list_google
from cip_async.registry.listing.oci import OciListing
from cip_async.registry.listing.strategy import Strategies, Strategy
from cip_async.settings import Settings


@attrs.frozen
class Lister:
    """Lists repositories. Every method raises `RegistryError` or `CredentialError` where the answer is not whole."""

    client: RegistryClient
    settings: Settings
    strategies: Strategies

    def lists_all(self, host: Host) -> bool:
        """Whether one request tells everything of a repository of `host`, the repositories below it included."""
        return self.strategies.of(host) is Strategy.GOOGLE

    async def wanted(
        self, repository: Repository, tags: AbstractSet[Tag], digests: AbstractSet[Digest], believed: int = 0
    ) -> Listing:
        """What `repository` says of `tags` and `digests`, and of others where that costs no more.

        `believed` of the tags are expected to be there; that changes what is asked, and never the answer.
        """
        if self.lists_all(repository.host):
            return await self._google(repository)
        return await self._oci.wanted(repository, tags, digests, believed)

    async def digests(self, repository: Repository, digests: AbstractSet[Digest]) -> Listing:
        """Which of `digests` are in `repository`; its tags are told only where that costs no more."""
        if self.lists_all(repository.host):
            return await self._google(repository)
        return await self._oci.digests(repository, digests)

    async def whole(self, repository: Repository) -> Listing:
        """Everything `repository` tells: all tags with their digests and, by Google's strategy, all other digests."""
        if self.lists_all(repository.host):
            return await self._google(repository)
        return await self._oci.whole(repository)

    def catalog(self, path: RegistryPath) -> AsyncIterator[Repository]:
        """The repositories at and below `path`, from the catalog of its host."""
        return repositories_below(
            self.client, path, page_size=self.settings.oci_page_size, most_pages=self.settings.bodies.listing_pages
        )

    async def _google(self, repository: Repository) -> Listing:
        return await list_google(self.client, repository, n=self.settings.google_page_size)

    @property
    def _oci(self) -> OciListing:
        return OciListing(
            client=self.client, page_size=self.settings.oci_page_size, most_pages=self.settings.bodies.listing_pages
        )
