"""How much is left of what is wanted when the tags in overlaps are left out."""

from collections.abc import Collection, Iterable, Mapping

import attrs

from cip_async.model.plan import Overlap, Pair
from cip_async.model.promoter_manifest import Totals, WantedImage
from cip_async.planning.overlaps import overlapping
from cip_async.reference import Digest, Tag


def remainder(totals: Totals, pairs: Iterable[Pair], found: Iterable[Overlap]) -> Totals:
    """The `totals` of `pairs` without the overlaps that were `found`.

    Each destination tag of an overlap is left out with all its digests; a digest with no tag left is left out too.
    """
    tags = overlapping(found)
    digests: set[Digest] = set()
    edges = 0
    counted: dict[tuple[WantedImage, frozenset[Tag]], int] = {}
    for pair in pairs:
        left_out: Mapping[Tag, Overlap] = tags.get(pair.destination, {})
        key = pair.image, frozenset(left_out)
        if key not in counted:
            left = _left(pair.image, left_out)
            digests.update(left)
            counted[key] = sum(left.values())
        edges += counted[key]
    return attrs.evolve(totals, digests=len(digests), edges=edges)


def _left(image: WantedImage, left_out: Collection[Tag]) -> Mapping[Digest, int]:
    """Of each digest that is still wanted, the number of edges to one destination repository."""
    edges: dict[Digest, int] = {}
    for want in image.wants:
        left = sum(tag not in left_out for tag in want.tags) if want.tags else 1
        if left:
            edges[want.digest] = edges.get(want.digest, 0) + left
    return edges
