"""What changed between two revisions of promoter manifests: what was added, what disappeared, which tags moved.

No registry is asked. What counts is what a destination is to hold: an image that moves to another file, or comes from
another source, has not disappeared.
"""

from collections.abc import Container, Iterable, Iterator, Mapping

import attrs

from cip_async.model.plan import Pair
from cip_async.model.promoter_manifest import (
    Image,
    Place,
    PromoterManifest,
    PromoterManifests,
    RegistryEntry,
    WantedDigest,
    WantedImage,
)
from cip_async.planning.pairs import wanted_pairs
from cip_async.reference import Digest, Repository, Tag

_Images = tuple[WantedImage, ...]


@attrs.frozen(kw_only=True)
class Removal:
    """A digest, or a tag of one, that is wanted no more. `tag` is None for a digest as a whole.

    `place` is where the earlier revision wanted it, `destinations` are the repositories it concerns, sorted.
    """

    place: Place
    digest: Digest
    tag: Tag | None
    destinations: tuple[Repository, ...]


@attrs.frozen(kw_only=True)
class TagMove:
    """A tag that is wanted with another digest than before. `place` is in the later revision."""

    place: Place
    tag: Tag
    digest: Digest
    before: Digest
    destinations: tuple[Repository, ...]


def removals(base: PromoterManifests, now: PromoterManifests) -> tuple[Removal, ...]:
    """The digests and tags that `base` wants and `now` does not, sorted by place; a moved tag is no removal."""
    found: dict[tuple[Place, Digest, Tag | None], list[Repository]] = {}
    for before, after, destinations in _compared(base, now):
        for removal in _removed(before, after):
            found.setdefault(removal, []).extend(destinations)
    return tuple(
        Removal(place=place, digest=digest, tag=tag, destinations=tuple(sorted(destinations)))
        for (place, digest, tag), destinations in sorted(found.items(), key=lambda item: (item[0][0], item[0][2] or ""))
    )


def tag_moves(base: PromoterManifests, now: PromoterManifests) -> tuple[TagMove, ...]:
    """The tags that `now` wants with another digest than `base`, sorted by place."""
    found: dict[tuple[Place, Tag, Digest, Digest], list[Repository]] = {}
    for before, after, destinations in _compared(base, now):
        for move in _moved(before, after):
            found.setdefault(move, []).extend(destinations)
    return tuple(
        TagMove(place=place, tag=tag, digest=digest, before=earlier, destinations=tuple(sorted(destinations)))
        for (place, tag, digest, earlier), destinations in sorted(found.items())
    )


def added(base: PromoterManifests, now: PromoterManifests) -> PromoterManifests:
    """`now` without the edges that `base` wants too; what has none left is left out."""
    known = {(pair.source, pair.destination): pair.image for pair in wanted_pairs(base)}
    manifests = tuple(part for manifest in now.manifests for part in _parts(manifest, known))
    return attrs.evolve(now, manifests=manifests)


def _compared(base: PromoterManifests, now: PromoterManifests) -> Iterator[tuple[_Images, _Images, list[Repository]]]:
    """What each destination was and is to hold; destinations for which both are the same come together."""
    before, after = _by_destination(wanted_pairs(base)), _by_destination(wanted_pairs(now))
    alike: dict[tuple[_Images, _Images], list[Repository]] = {}
    for destination in sorted(before.keys() | after.keys()):
        alike.setdefault((before.get(destination, ()), after.get(destination, ())), []).append(destination)
    for (earlier, later), destinations in alike.items():
        yield earlier, later, destinations


def _by_destination(pairs: Iterable[Pair]) -> dict[Repository, _Images]:
    images: dict[Repository, _Images] = {}
    for pair in pairs:
        images[pair.destination] = (*images.get(pair.destination, ()), pair.image)
    return images


def _removed(before: _Images, after: _Images) -> Iterator[tuple[Place, Digest, Tag | None]]:
    digests = {want.digest for image in after for want in image.wants}
    tags = {tag for image in after for tag in image.by_tag}
    for want in _wants(before):
        if want.digest not in digests:
            yield want.place, want.digest, None
        for tag, place in zip(want.tags, want.tag_places, strict=True):
            if tag not in tags and want.digest in digests:
                yield place, want.digest, tag


def _moved(before: _Images, after: _Images) -> Iterator[tuple[Place, Tag, Digest, Digest]]:
    earlier = {tag: digest for image in before for tag, digest in image.by_tag.items()}
    for want in _wants(after):
        for tag, place in zip(want.tags, want.tag_places, strict=True):
            if earlier.get(tag, want.digest) != want.digest:
                yield place, tag, want.digest, earlier[tag]


def _wants(images: _Images) -> Iterator[WantedDigest]:
    return (want for image in images for want in image.wants)


def _parts(
    manifest: PromoterManifest, known: Mapping[tuple[Repository, Repository], WantedImage]
) -> Iterator[PromoterManifest]:
    """What is new in `manifest`, once for each set of destinations in which the same is new."""
    alike: dict[tuple[WantedImage | None, ...], list[RegistryEntry]] = {}
    sources = [manifest.source.path.repository(image.name) for image in manifest.images]
    for entry in manifest.destinations:
        had = tuple(
            known.get((source, entry.path.repository(image.name)))
            for source, image in zip(sources, manifest.images, strict=True)
        )
        alike.setdefault(had, []).append(entry)
    for had, entries in alike.items():
        fresh = (_fresh(image, earlier) for image, earlier in zip(manifest.images, had, strict=True))
        images = tuple(image for image in fresh if image.digests)
        if images:
            yield attrs.evolve(manifest, destinations=tuple(entries), images=images)


def _fresh(image: Image, earlier: WantedImage | None) -> Image:
    if earlier is None:
        return image
    known = {want.digest for want in earlier.wants}
    wants = (_fresh_want(want, known, earlier.by_tag) for want in image.digests)
    return attrs.evolve(image, digests=tuple(want for want in wants if want is not None))


def _fresh_want(want: WantedDigest, known: Container[Digest], tags: Mapping[Tag, Digest]) -> WantedDigest | None:
    if not want.tags:
        return None if want.digest in known else want
    fresh = {tag: place for tag, place in zip(want.tags, want.tag_places, strict=True) if tags.get(tag) != want.digest}
    return attrs.evolve(want, tags=tuple(fresh), tag_places=tuple(fresh.values())) if fresh else None
