"""From promoter manifests to pairs of repositories, and how much they want in all.

Images times mirrors are many edges, so wants stay factored: all mirrors that are to have the same of a source
repository share one object that says what.
"""

from collections.abc import Iterable, Iterator, Sequence

import attrs

from cip_async.model.plan import Pair
from cip_async.model.promoter_manifest import (
    Image,
    PromoterManifest,
    PromoterManifests,
    RegistryEntry,
    Totals,
    WantedImage,
)
from cip_async.planning.selection import selected
from cip_async.planning.wants import united
from cip_async.reference import ImageName, RegistryPath, Repository


@attrs.frozen(kw_only=True, eq=False)
class _Claim:
    """What one promoter manifest wants from one source repository, and where it is to go."""

    source_entry: RegistryPath
    destinations: tuple[RegistryEntry, ...]
    name: ImageName
    images: tuple[Image, ...]


@attrs.define(eq=False)
class _Target:
    """One destination repository of a source repository, and which of the source's claims concern it."""

    entries: tuple[RegistryPath, RegistryPath]
    claims: list[int] = attrs.field(factory=list)


def wanted_pairs(
    manifests: PromoterManifests, *, only: Sequence[str] | None = None, to: Sequence[str] | None = None
) -> tuple[Pair, ...]:
    """All pairs of repositories between which something is wanted, sorted by source and destination.

    Entries of one name are united, and so are promoter manifests that want the same way: an edge that is named
    twice is one. `only` and `to` filter as in `selected`.
    """
    claims: dict[Repository, list[_Claim]] = {}
    for manifest in selected(manifests, only=only, to=to).manifests:
        for source, claim in _claims(manifest):
            claims.setdefault(source, []).append(claim)
    return tuple(pair for source in sorted(claims, key=_order) for pair in _pairs(source, claims[source]))


def totals(manifests: PromoterManifests) -> Totals:
    """How much `manifests` want: digests count once wherever they are named, edges once for each mirror."""
    images = [image for manifest in manifests.manifests for image in manifest.images]
    return Totals(
        manifests=len(manifests.manifests),
        images=len(images),
        digests=len({want.digest for image in images for want in image.digests}),
        edges=sum(pair.image.edges for pair in wanted_pairs(manifests)),
    )


def _claims(manifest: PromoterManifest) -> Iterator[tuple[Repository, _Claim]]:
    by_name: dict[ImageName, list[Image]] = {}
    for image in manifest.images:
        if image.digests:
            by_name.setdefault(image.name, []).append(image)
    source_entry = manifest.source.path
    for name, images in by_name.items():
        claim = _Claim(source_entry=source_entry, destinations=manifest.destinations, name=name, images=tuple(images))
        yield source_entry.repository(name), claim


def _pairs(source: Repository, claims: Sequence[_Claim]) -> Iterator[Pair]:
    targets = _targets(claims)
    images: dict[tuple[int, ...], WantedImage] = {}
    for destination in sorted(targets, key=_order):
        target = targets[destination]
        concerned = tuple(target.claims)
        if concerned not in images:
            images[concerned] = WantedImage(source=source, wants=united(_wants(claims, concerned)))
        source_entry, destination_entry = target.entries
        yield Pair(
            image=images[concerned],
            destination=destination,
            source_entry=source_entry,
            destination_entry=destination_entry,
        )


def _targets(claims: Iterable[_Claim]) -> dict[Repository, _Target]:
    """Of several ways to write one pair of repositories, the first in the order of their names stands for it."""
    targets: dict[Repository, _Target] = {}
    for number, claim in enumerate(claims):
        for entry in claim.destinations:
            entries = claim.source_entry, entry.path
            target = targets.setdefault(entry.path.repository(claim.name), _Target(entries))
            target.entries = min(target.entries, entries)
            target.claims.append(number)
    return targets


def _wants(claims: Sequence[_Claim], concerned: Iterable[int]) -> Iterator[Image]:
    return (image for number in concerned for image in claims[number].images)


def _order(repository: Repository) -> tuple[str, str]:
    return repository.host, repository.path
