"""The `oci` strategy: the names of tags page by page, then a HEAD for each tag or digest of interest.

A plain registry lists the names of tags alone. What a tag points to, and whether a digest is there, each take a
request of their own, so only what somebody wants to know is asked for, and the names only where that may save more.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import attrs

from cip_async.errors import Denied, ListingIncomplete, NotFound
from cip_async.model.listing import Described, Effort, Listing
from cip_async.reference import Digest, Repository, Tag
from cip_async.registry.client import RegistryClient
from cip_async.registry.image_manifests import ManifestHead
from cip_async.registry.listing.names import Answer
from cip_async.registry.listing.paging import Paging
from cip_async.registry.listing.side_by_side import side_by_side
from cip_async.registry.listing.worth import is_worth_listing
from cip_async.registry.pages import NextPage


@attrs.frozen(kw_only=True)
class OciListing:
    """Lists repositories of plain registries, `page_size` tags a page."""

    client: RegistryClient
    page_size: int
    most_pages: int

    async def wanted(
        self, repository: Repository, tags: AbstractSet[Tag], digests: AbstractSet[Digest], believed: int = 0
    ) -> Listing:
        """What `repository` says of `tags` and `digests`; nothing else was asked for.

        `believed` of the tags are expected to be there. A registry that forbids to look for a tag, as Artifactory does
        for one that does not exist in a virtual repository, is asked for a listing after all.

        Raises:
            ListingIncomplete: the tags could not be read to their end, or not all of them.
            RegistryError: the registry refused, failed or answered nonsense.
        """
        if not is_worth_listing(len(tags), believed):
            try:
                return await self._looked_up(repository, tags, digests, lists=0)
            except Denied:
                if not tags:
                    raise
        return await self._listed_and_looked_up(repository, tags, digests)

    async def whole(self, repository: Repository) -> Listing:
        """All tags of `repository` and their digests; of digests without a tag a plain registry says nothing.

        Raises:
            ListingIncomplete, RegistryError: as `wanted`.
        """
        return await self._listed_and_looked_up(repository, None, frozenset())

    async def digests(self, repository: Repository, digests: AbstractSet[Digest]) -> Listing:
        """Which of `digests` are in `repository`; of its tags nothing is asked.

        Raises:
            RegistryError: the registry refused, failed or answered nonsense.
        """
        return await self._looked_up(repository, frozenset(), digests, lists=0)

    async def _existing(self, repository: Repository, among: AbstractSet[Tag] | None) -> AbstractSet[Tag]:
        """The tags of `repository`, or those `among` the given ones. One that does not exist has none."""
        answer = Answer.of_tags(repository)
        existing: set[Tag] = set()

        async def fetch(n: int, page: NextPage | None) -> tuple[tuple[str, ...], NextPage | None]:
            found = await self.client.tags_page(repository, n=n, next_page=page)
            return found.tags, found.next

        paging = Paging(
            host=answer.host, where=answer.where, fetch=fetch, page_size=self.page_size, most_pages=self.most_pages
        )
        try:
            async for page in paging.pages():
                tags = answer.tags(page)
                existing.update(tags if among is None else among & set(tags))
        except NotFound:
            return frozenset()
        return existing

    async def _listed_and_looked_up(
        self, repository: Repository, among: AbstractSet[Tag] | None, digests: AbstractSet[Digest]
    ) -> Listing:
        existing = await self._existing(repository, among=among)
        listing = await self._looked_up(repository, existing, digests, lists=1)
        missing = existing - listing.tags.keys()
        if missing:
            await self._confirm_gone(repository, missing)
        return listing

    async def _looked_up(
        self, repository: Repository, tags: AbstractSet[Tag], digests: AbstractSet[Digest], *, lists: int
    ) -> Listing:
        heads = await _heads(self.client, repository, [*sorted(tags), *sorted(digests)])
        described = {
            head.digest: Described(media_type=head.media_type, size_bytes=head.size_bytes) for head in heads.values()
        }
        return Listing(
            repository=repository,
            digests=described.keys(),
            tags={tag: heads[tag].digest for tag in sorted(tags) if tag in heads},
            asked=described.keys() | digests,
            described=described,
            efforts=(Effort(host=repository.host, lists=lists, heads=len(tags) + len(digests)),),
        )

    async def _confirm_gone(self, repository: Repository, tags: AbstractSet[Tag]) -> None:
        """Make sure that tags which were listed, and then had no manifest, were deleted in between.

        Otherwise the registry keeps something there that it does not show us; to take such a tag for absent
        would be to move it.
        """
        remaining = await self._existing(repository, among=tags)
        if remaining:
            answer = Answer.of_tags(repository)
            reason = f"tag {min(remaining)} is listed, and yet the registry has no manifest for it"
            raise ListingIncomplete(answer.host, answer.where, f"the listing is incomplete: {reason}")


async def _heads(
    client: RegistryClient, repository: Repository, references: Sequence[Tag | Digest]
) -> dict[Tag | Digest, ManifestHead]:
    """What is said of each of `references` that exists."""
    found: dict[Tag | Digest, ManifestHead] = {}

    async def ask(reference: Tag | Digest) -> None:
        head = await client.head_manifest(repository, reference)
        if head is not None:
            found[reference] = head

    await side_by_side(references, ask)
    return found
