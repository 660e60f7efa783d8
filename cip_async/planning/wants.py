"""Unites what several image entries want, so that no edge is there twice."""

from collections.abc import Iterable, Mapping

from cip_async.model.promoter_manifest import Image, Place, WantedDigest
from cip_async.reference import Digest, Tag


def united(images: Iterable[Image]) -> tuple[WantedDigest, ...]:
    """All that `images` want, sorted by digest, tags sorted; whatever is there twice has its first place.

    A digest that is wanted with tags and, elsewhere, without one is there twice: that makes different edges. The
    tagless one comes last.
    """
    gathered: dict[tuple[Digest, bool], list[WantedDigest]] = {}
    for image in images:
        for want in image.digests:
            gathered.setdefault((want.digest, not want.tags), []).append(want)
    return tuple(_one(gathered[key]) for key in sorted(gathered))


def _one(wants: list[WantedDigest]) -> WantedDigest:
    if len(wants) == 1 and len(wants[0].tags) <= 1:
        return wants[0]
    tags = _tag_places(wants)
    return WantedDigest(
        digest=wants[0].digest,
        tags=tuple(tags),
        place=min(want.place for want in wants),
        tag_places=tuple(tags.values()),
    )


def _tag_places(wants: Iterable[WantedDigest]) -> Mapping[Tag, Place]:
    places: dict[Tag, Place] = {}
    for want in wants:
        for tag, place in zip(want.tags, want.tag_places, strict=True):
            places[tag] = min(place, places.get(tag, place))
    return dict(sorted(places.items()))
