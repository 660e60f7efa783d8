"""Finds destination tags that are wanted with two digests, before any registry is asked.

What counts is the full path of the destination: however it is split into registry entry and image name, it is one
place. Mirrors that are to have the same are looked at once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs

from cip_async.model.plan import Overlap, Pair
from cip_async.model.promoter_manifest import Place, WantedImage
from cip_async.reference import Digest, Repository, Tag

Overlapping = Mapping[Repository, Mapping[Tag, Overlap]]
"""For each destination repository that has any, its tags that are in an overlap."""


PlaceOf = Callable[[Repository], str]
"""Where a repository really is, the same for all of its names."""


def overlaps(pairs: Iterable[Pair], place: PlaceOf = str) -> tuple[Overlap, ...]:
    """Every destination tag that `pairs` want with two digests, sorted by place.

    One that is wanted with more digests is told once for each but the first.
    """
    found: dict[Overlap, list[Repository]] = {}
    for images, destinations in _alike(pairs, place):
        for overlap in _overlaps(images):
            found.setdefault(overlap, []).extend(destinations)
    return tuple(
        attrs.evolve(overlap, destinations=tuple(sorted(found[overlap]))) for overlap in sorted(found, key=_order)
    )


def overlapping(found: Iterable[Overlap]) -> Overlapping:
    """Which tags of which destination repository are in an overlap, and in which."""
    tags: dict[Repository, dict[Tag, Overlap]] = {}
    for overlap in found:
        for destination in overlap.destinations:
            tags.setdefault(destination, {}).setdefault(overlap.tag, overlap)
    return tags


def touching(found: Iterable[Overlap], pairs: Iterable[Pair]) -> tuple[Overlap, ...]:
    """Those overlaps in which one of `pairs` has a part, without destinations that are none of theirs."""
    tags: dict[Repository, set[Tag]] = {}
    for pair in pairs:
        tags.setdefault(pair.destination, set()).update(pair.image.by_tag)
    kept = (
        attrs.evolve(
            overlap, destinations=tuple(each for each in overlap.destinations if overlap.tag in tags.get(each, ()))
        )
        for overlap in found
    )
    return tuple(overlap for overlap in kept if overlap.destinations)


def _alike(pairs: Iterable[Pair], place: PlaceOf) -> Iterator[tuple[tuple[WantedImage, ...], list[Repository]]]:
    """Destinations by what they are to have; a source of its own for each image makes no difference."""
    images: dict[str, list[WantedImage]] = {}
    names: dict[str, dict[Repository, None]] = {}
    for pair in pairs:
        where = place(pair.destination)
        images.setdefault(where, []).append(pair.image)
        names.setdefault(where, {})[pair.destination] = None
    alike: dict[tuple[WantedImage, ...], list[Repository]] = {}
    for where, of_destination in images.items():
        alike.setdefault(tuple(of_destination), []).extend(names[where])
    yield from alike.items()


def _overlaps(images: tuple[WantedImage, ...]) -> Iterator[Overlap]:
    for tag, claims in _contested(images).items():
        first, *others = sorted(claims.items(), key=_by_place)
        for other in others:
            yield Overlap(
                tag=tag,
                first=first[0],
                first_place=first[1],
                second=other[0],
                second_place=other[1],
                destinations=(),
            )


def _contested(images: Iterable[WantedImage]) -> Mapping[Tag, Mapping[Digest, Place]]:
    """The tags that are wanted with several digests, and the first place that wants it with each."""
    claims: dict[Tag, dict[Digest, Place]] = {tag: {} for tag in _claimed_twice(images)}
    for image in images if claims else ():
        for want in image.wants:
            for tag, place in zip(want.tags, want.tag_places, strict=True):
                if tag in claims:
                    claims[tag][want.digest] = min(place, claims[tag].get(want.digest, place))
    return claims


def _claimed_twice(images: Iterable[WantedImage]) -> set[Tag]:
    wanted: dict[Tag, Digest] = {}
    return {
        tag
        for image in images
        for want in image.wants
        for tag in want.tags
        if wanted.setdefault(tag, want.digest) != want.digest
    }


def _by_place(claim: tuple[Digest, Place]) -> tuple[Place, Digest]:
    return claim[1], claim[0]


def _order(overlap: Overlap) -> tuple[Place, Place, Tag, Digest, Digest]:
    return overlap.second_place, overlap.first_place, overlap.tag, overlap.first, overlap.second
