"""Take a snapshot: all images at and below a registry path, complete or an error.

Google's registries name the repositories one level below each repository; for others their catalog is read.
Listings go to a store as they arrive, and the text is streamed from it once everything is in, so memory does
not grow with the registry, and nothing incomplete is ever printed.
"""

import contextlib
import functools
from collections.abc import AsyncIterator, Container

import attrs

from cip_async.errors import CipError, InvalidReference
from cip_async.events import Listener, ListingFailed, RepositoryListed, tell_nobody
from cip_async.inventory.counts import Counts
from cip_async.inventory.selection import EVERYTHING, Selection
from cip_async.inventory.store import InventoryStore
from cip_async.inventory.text import Output, renderer
from cip_async.reference import RegistryPath, Repository
from cip_async.registry.lanes import Lanes
from cip_async.registry.listing.lister import Lister
from cip_async.registry.listing.names import Answer


@attrs.frozen(kw_only=True)
class Snapshot:
    """A complete snapshot in a store. Image names are relative to `base`.

    `base` is the path that was asked for or, where that path is a repository with images itself, its parent.
    """

    base: RegistryPath
    counts: Counts
    store: InventoryStore
    tells_untagged: bool = True
    """Whether images without a tag would be here: a plain registry lists tags alone."""

    async def text(self, output: Output) -> AsyncIterator[str]:
        """The snapshot as text, piece by piece, sorted by name, digest and tag.

        Raises:
            FileProblem: the temporary inventory cannot be read.
        """
        text = renderer(output, self.base)
        async for rows in self.store.chunks():
            yield text.feed(rows)
        yield text.end()


@contextlib.asynccontextmanager
async def snapshot(
    path: RegistryPath, lister: Lister, *, selection: Selection = EVERYTHING, listener: Listener = tell_nobody
) -> AsyncIterator[Snapshot]:
    """List all repositories at and below `path`, and keep what is selected; it can be read within the context.

    Raises:
        RegistryError, CredentialError: a repository, or what lies below the path, could not be read to its end.
        InvalidReference: `path` is a mere host, and that host does not tell what it holds.
        FileProblem: the temporary inventory cannot be written.
    """
    async with InventoryStore.opened() as store:
        lanes = Lanes(per_host=lister.settings.threads, hosts_at_once=1)
        census = _Census(path, lister, selection, store, listener, lanes)
        await census.take()
        yield Snapshot(
            base=base_of(path, census.holding),
            counts=await store.counts(),
            store=store,
            tells_untagged=lister.lists_all(path.host),
        )


def base_of(path: RegistryPath, repositories: Container[Repository]) -> RegistryPath:
    """What the names of images at and below `path` are relative to: its parent where `path` itself holds images."""
    if path.prefix and Repository(path.host, path.prefix) in repositories:
        return RegistryPath(path.host, path.prefix.rpartition("/")[0])
    return path


@attrs.define(eq=False)
class _Census:
    """Finds the repositories of one snapshot, and lists each."""

    _path: RegistryPath
    _lister: Lister
    _selection: Selection
    _store: InventoryStore
    _listener: Listener
    _lanes: Lanes
    holding: set[Repository] = attrs.field(factory=set)

    async def take(self) -> None:
        """List everything at and below the path."""
        host, prefix = self._path.host, self._path.prefix
        if not self._lister.lists_all(host):
            first = self._read_catalog
        elif prefix:
            first = functools.partial(self._visit, Repository(host, prefix))
        else:
            raise InvalidReference("registry", host, f"a path below this host, such as {host}/my-project")
        await self._lanes.run([(host, first)])

    async def _read_catalog(self) -> None:
        async for repository in self._lister.catalog(self._path):
            self._lanes.add(repository.host, functools.partial(self._visit, repository))

    async def _visit(self, repository: Repository) -> None:
        try:
            listing = await self._lister.whole(repository)
            below = Answer.of_tags(repository).image_names(f"{repository.path}/{child}" for child in listing.children)
            selected = await self._selection.of(listing, self._lister.client.get_document)
        except CipError as error:
            self._listener(ListingFailed(repository=repository, reason=str(error)))
            raise
        self._listener(RepositoryListed(repository=repository, digests=len(listing.digests), tags=len(listing.tags)))
        if listing.digests:
            self.holding.add(repository)
        if selected.digests:
            await self._store.put(selected)
        for path in below:
            child = Repository(repository.host, path)
            self._lanes.add(child.host, functools.partial(self._visit, child))
