"""List repositories by the strategy of their host: the one entrance to this package."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import attrs

from cip_async.errors import CredentialError, ListingCutOff, RegistryError
from cip_async.model.listing import Listing
from cip_async.reference import Digest, Host, RegistryPath, Repository, Tag
from cip_async.registry.client import RegistryClient
from cip_async.registry.listing.artifact_registry import ArtifactRegistry
from cip_async.registry.listing.artifact_repository import ArtifactRepository
from cip_async.registry.listing.catalog import repositories_below
from cip_async.registry.listing.google import list_google
from cip_async.registry.listing.oci import OciListing
from cip_async.registry.listing.strategy import Strategies, Strategy
from cip_async.registry.listing.walk import Sought
from cip_async.settings import Settings


@attrs.frozen
class Lister:
    """Lists repositories. Every method raises `RegistryError` or `CredentialError` where the answer is not whole."""

    client: RegistryClient
    settings: Settings
    strategies: Strategies
    _api: ArtifactRegistry = attrs.field(init=False)

    @_api.default
    def _make_api(self) -> ArtifactRegistry:
        return ArtifactRegistry(self.client, self.settings.images_page_size, self.settings.bodies.listing_pages)

    def begin_run(self) -> None:
        """Let no refusal of an earlier run count."""
        self._api.ask_again()

    def shared(self, repositories: Iterable[Repository]) -> Mapping[ArtifactRepository, Sequence[Repository]]:
        """Those of `repositories` that can be listed `together` with others of them, by what they are in."""
        found: dict[ArtifactRepository, list[Repository]] = {}
        for repository in repositories:
            parent = self._parent(repository)
            if parent is not None:
                found.setdefault(parent, []).append(repository)
        return {parent: each for parent, each in found.items() if len(each) > 1}

    def together(
        self, parent: ArtifactRepository, sought: Mapping[Repository, Sought]
    ) -> AsyncGenerator[Listing, None]:
        """What repositories in `parent` say of what is sought in them, as it is found; raises nothing.

        Those that are left out must be asked for by themselves: of them nothing is known.
        """
        return self._api.together(parent, sought)

    def lists_all(self, host: Host) -> bool:
        """Whether one request tells everything of a repository of `host`, the repositories below it included."""
        return self.strategies.of(host).is_google

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
        """All that Google's `tags/list` tells; where it does not tell all, the Artifact Registry API does."""
        try:
            return await list_google(self.client, repository, n=self.settings.google_page_size)
        except ListingCutOff as cut_off:
            parent = self._parent(repository)
            if parent is None:
                raise
            try:
                return await self._api.whole(parent, repository)
            except (RegistryError, CredentialError) as error:
                raise ListingCutOff(cut_off.host, cut_off.where, f"{cut_off.reason}; and {error}") from error

    def _parent(self, repository: Repository) -> ArtifactRepository | None:
        """The Artifact Registry repository that the API may be asked about instead of `repository`."""
        if self.strategies.of(repository.host) is not Strategy.ARTIFACT_REGISTRY:
            return None
        return ArtifactRepository.of(repository)

    @property
    def _oci(self) -> OciListing:
        return OciListing(
            client=self.client, page_size=self.settings.oci_page_size, most_pages=self.settings.bodies.listing_pages
        )
