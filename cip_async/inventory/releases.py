"""What of a staging registry is a release: the images that a filter leaves, without the parts of other images."""

from collections.abc import AsyncIterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

import attrs

from cip_async.inventory.rows import image_name
from cip_async.inventory.selection import GetDocument
from cip_async.inventory.snapshot import Snapshot
from cip_async.model.listing import Listing
from cip_async.reference import Digest, ImageName, RegistryPath, Repository, Tag
from cip_async.registry.listing.side_by_side import side_by_side
from cip_async.registry.wire import DOCKER_LIST, OCI_INDEX

NEVER: Final = Tag("latest")
"""A tag that moves with every build, and so is no release."""

_INDEXES: Final = frozenset({OCI_INDEX, DOCKER_LIST})


@attrs.frozen(kw_only=True)
class Filter:
    """What is asked for; None filters nothing. `image` and `tag` are globs, in which `*` matches slashes too.

    A digest that is asked for is a release in any case. Otherwise only tagged images are, and what an index refers to
    only with `children`.
    """

    image: str | None = None
    digest: Digest | None = None
    tag: str | None = None
    children: bool = False


@attrs.frozen(kw_only=True)
class Releases:
    """The releases of one repository, with those of their tags that match, and how many children were left out."""

    name: ImageName
    digests: Mapping[Digest, frozenset[Tag]]
    children: int


async def releases(
    taken: Snapshot, registry: RegistryPath, wish: Filter, get_document: GetDocument
) -> AsyncIterator[Releases]:
    """What `wish` asks for, repository by repository, of a snapshot of `registry`.

    An image in the registry's own path has no name there, so it is never one of them.

    Raises:
        RegistryError: an index cannot be read.
        FileProblem: the temporary inventory cannot be read.
    """
    async for repository in _repositories(taken):
        if repository.path == registry.prefix:
            continue
        name = image_name(repository, registry)
        listing = await taken.store.get(repository) if wish.image is None or fnmatchcase(name, wish.image) else None
        if listing is not None:
            found = _asked_for(listing, wish)
            children = await _children(listing, found, get_document) if not (wish.digest or wish.children) else set()
            kept = {digest: tags for digest, tags in sorted(found.items()) if digest not in children}
            yield Releases(name=name, digests=kept, children=len(found) - len(kept))


async def _repositories(taken: Snapshot) -> AsyncIterator[Repository]:
    last: Repository | None = None
    async for rows in taken.store.chunks():
        for row in rows:
            if row.repository != last:
                last = row.repository
                yield last


def _asked_for(listing: Listing, wish: Filter) -> dict[Digest, frozenset[Tag]]:
    tags: dict[Digest, set[Tag]] = {}
    for tag, digest in listing.tags.items():
        is_wanted = tag != NEVER and (wish.tag is None or fnmatchcase(tag, wish.tag))
        if is_wanted and wish.digest in (None, digest):
            tags.setdefault(digest, set()).add(tag)
    if wish.digest in listing.digests and wish.digest is not None and wish.tag is None:
        tags.setdefault(wish.digest, set())
    return {digest: frozenset(found) for digest, found in tags.items() if digest.startswith("sha256:")}


async def _children(listing: Listing, found: Mapping[Digest, frozenset[Tag]], get_document: GetDocument) -> set[Digest]:
    """What the indexes of a repository refer to; they are not read where everything found is an index itself."""
    indexes = {digest for digest, described in listing.described.items() if described.media_type in _INDEXES}
    children: set[Digest] = set()

    async def read(digest: Digest) -> None:
        index = await get_document(listing.repository, digest)
        if index is not None:
            children.update(child.digest for child in index.children)

    if not indexes.issuperset(found):
        await side_by_side(sorted(indexes), read)
    return children
