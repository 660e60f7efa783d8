"""The snapshot that a registry would give if it held what promoter manifests want there, and nothing else.

No registry is asked.
"""

import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable

from cip_async.errors import InvalidManifests
from cip_async.inventory.snapshot import Snapshot, base_of
from cip_async.inventory.store import InventoryStore
from cip_async.model.listing import Listing
from cip_async.model.plan import Pair
from cip_async.model.promoter_manifest import PromoterManifests, WantedImage
from cip_async.planning.overlaps import overlaps
from cip_async.planning.pairs import wanted_pairs
from cip_async.reference import RegistryPath, Repository


@contextlib.asynccontextmanager
async def wanted_snapshot(manifests: PromoterManifests, path: RegistryPath) -> AsyncIterator[Snapshot]:
    """All that `manifests` want at and below `path`, over all registry entries that lie there.

    Raises:
        InvalidManifests: a tag below `path` is wanted with two digests.
        FileProblem: the temporary inventory cannot be written.
    """
    pairs = [pair for pair in wanted_pairs(manifests) if path.contains(pair.destination)]
    conflicts = overlaps(pairs)
    if conflicts:
        raise InvalidManifests(conflicts)
    wanted = _by_destination(pairs)
    async with InventoryStore.opened() as store:
        for repository in sorted(wanted):
            await store.put(_listing(repository, wanted[repository]))
        yield Snapshot(base=base_of(path, wanted), counts=await store.counts(), store=store)


def _by_destination(pairs: Iterable[Pair]) -> dict[Repository, list[WantedImage]]:
    images: defaultdict[Repository, list[WantedImage]] = defaultdict(list)
    for pair in pairs:
        images[pair.destination].append(pair.image)
    return images


def _listing(repository: Repository, images: Iterable[WantedImage]) -> Listing:
    return Listing(
        repository=repository,
        digests={want.digest for image in images for want in image.wants},
        tags={tag: digest for image in images for tag, digest in image.by_tag.items()},
    )
