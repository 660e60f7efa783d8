"""Which part of a repository goes into a snapshot: all of it, what has a certain tag, or no children of indexes."""

from collections.abc import Awaitable, Callable
from typing import Final

import attrs

from cip_async.model.image import ImageDocument
from cip_async.model.listing import Listing
from cip_async.reference import Digest, Repository, Tag
from cip_async.registry.listing.side_by_side import side_by_side
from cip_async.registry.wire import DOCKER_LIST, OCI_INDEX

GetDocument = Callable[[Repository, Digest], Awaitable[ImageDocument | None]]
"""Reads an image manifest or index; None where it is proven absent."""


@attrs.frozen(kw_only=True)
class Selection:
    """What a snapshot takes. `minimal` leaves out untagged digests that an index of their repository refers to."""

    minimal: bool = False
    tag: Tag | None = None

    async def of(self, listing: Listing, get_document: GetDocument) -> Listing:
        """The part of `listing` that is taken; to be minimal, its indexes are read.

        Raises:
            RegistryError: an index cannot be read.
        """
        if self.minimal:
            listing = await _without_children(listing, get_document)
        return listing if self.tag is None else _with_tag(listing, self.tag)


EVERYTHING: Final = Selection()


async def _without_children(listing: Listing, get_document: GetDocument) -> Listing:
    untagged = set(listing.digests).difference(listing.tags.values())
    if not untagged:
        return listing
    children: set[Digest] = set()

    async def read(digest: Digest) -> None:
        index = await get_document(listing.repository, digest)
        if index is not None:
            children.update(child.digest for child in index.children)

    indexes = [
        digest for digest, described in listing.described.items() if described.media_type in (OCI_INDEX, DOCKER_LIST)
    ]
    await side_by_side(sorted(indexes), read)
    return attrs.evolve(listing, digests=set(listing.digests) - (untagged & children))


def _with_tag(listing: Listing, tag: Tag) -> Listing:
    tags = {tag: listing.tags[tag]} if tag in listing.tags else {}
    return attrs.evolve(listing, digests=frozenset(tags.values()), tags=tags)
