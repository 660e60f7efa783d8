"""Sorts the edges of one pair into outcomes, in their order of precedence, from what its repositories hold."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from cip_async.model.listing import Listing, ListingFailure
from cip_async.model.outcome import Outcome
from cip_async.model.plan import Overlap, Pair, PairPlan, Promotion, Setback
from cip_async.model.promoter_manifest import Place, WantedDigest, WantedImage
from cip_async.planning.overlaps import Overlapping
from cip_async.reference import Digest, Tag

NONE_OVERLAPPING: Final[Overlapping] = {}


def needed(pair: Pair, destination: Listing, *, overlapping: Overlapping = NONE_OVERLAPPING) -> AbstractSet[Digest]:
    """The digests that are not in `destination` as wanted: the source must say whether it holds them.

    Those that lack a tag alone are among them: one read from the source serves all mirrors.
    """
    if is_done(pair.image, destination):
        return frozenset()
    excluded = overlapping.get(pair.destination, {})
    return frozenset(want.digest for want in pair.image.wants if _lacks(want, destination, excluded))


def pair_plan(
    pair: Pair,
    destination: Listing | ListingFailure,
    source: Listing | ListingFailure | None,
    *,
    overlapping: Overlapping = NONE_OVERLAPPING,
) -> PairPlan:
    """What becomes of every edge of `pair`; `source` is None where nothing was `needed` of it.

    None of the tags that are `overlapping` is promoted, nor a digest that is left with no other.
    """
    excluded = overlapping.get(pair.destination, {})
    if isinstance(destination, ListingFailure):
        needs_access = destination.needs_access
        return unknown_plan(pair, not_listed(destination), needs_access=needs_access, overlapping=overlapping)
    if not excluded and is_done(pair.image, destination):
        return _plan(pair, (), ())
    promotions: list[Promotion] = []
    setbacks: list[Setback] = []
    for want in pair.image.wants:
        missing: list[tuple[Tag | None, Place]] = []
        for tag, place in _edges(want):
            if tag is not None and tag in excluded:
                setbacks.append(_overlap(want.digest, tag, place, excluded))
            elif _is_missing(want.digest, tag, destination):
                missing.append((tag, place))
            elif tag is not None and destination.tags[tag] != want.digest:
                setbacks.append(_tag_move(want.digest, tag, place, destination.tags[tag]))
        if missing:
            outcome, reason = _availability(pair, want.digest, destination, source)
            if outcome is Outcome.PROMOTE:
                promotions.append(_promotion(want.digest, (tag for tag, _ in missing), destination, source))
            else:
                is_refused = isinstance(source, ListingFailure) and source.needs_access
                setbacks += (
                    _setback(want.digest, tag, place, outcome, reason, needs_access=is_refused)
                    for tag, place in missing
                )
    return _plan(pair, tuple(promotions), tuple(sorted(setbacks, key=_order)))


def unknown_plan(
    pair: Pair, reason: str, *, needs_access: bool = False, overlapping: Overlapping = NONE_OVERLAPPING
) -> PairPlan:
    """A plan of `pair` in which every edge is unknown for `reason`, but those that are `overlapping`."""
    excluded = overlapping.get(pair.destination, {})
    return _plan(pair, (), tuple(_unknown(pair, reason, excluded, needs_access=needs_access)))


def not_listed(failure: ListingFailure) -> str:
    """Why the edges to a destination are unknown that could not be listed."""
    return f"the destination could not be listed: {failure.reason}"


def is_done(image: WantedImage, destination: Listing) -> bool:
    """Whether all that `image` wants is there. Nearly every pair of a usual run ends here, so this is quick."""
    wants_each_tag_once = len(image.by_tag) + len(image.tagless) == image.edges
    has_tags = image.by_tag.items() <= destination.tags.items()
    return wants_each_tag_once and has_tags and image.tagless <= destination.digests


def _lacks(want: WantedDigest, destination: Listing, excluded: Mapping[Tag, Overlap]) -> bool:
    if not want.tags:
        return not destination.holds(want.digest)
    return any(tag not in destination.tags and tag not in excluded for tag in want.tags)


def _edges(want: WantedDigest) -> Iterator[tuple[Tag | None, Place]]:
    yield from zip(want.tags, want.tag_places, strict=True)
    if not want.tags:
        yield None, want.place


def _is_missing(digest: Digest, tag: Tag | None, destination: Listing) -> bool:
    return tag not in destination.tags if tag is not None else digest not in destination.digests


def _availability(
    pair: Pair, digest: Digest, destination: Listing, source: Listing | ListingFailure | None
) -> tuple[Outcome, str]:
    """Whether `digest` can be had from either repository, and if not, why not."""
    in_destination = destination.holds(digest)
    if in_destination:
        return Outcome.PROMOTE, ""
    if source is None:
        return Outcome.UNKNOWN, f"the source {pair.source} was not listed"
    if isinstance(source, ListingFailure):
        return Outcome.UNKNOWN, f"the source could not be listed: {source.reason}"
    in_source = source.holds(digest)
    if in_source:
        return Outcome.PROMOTE, ""
    if in_source is None or in_destination is None:
        repository, listing = (pair.source, source) if in_source is None else (pair.destination, destination)
        if digest in listing.unreadable:
            return Outcome.UNKNOWN, f"{repository} does not tell of {digest}: {listing.unreadable[digest]}"
        return Outcome.UNKNOWN, f"{repository} was not asked for {digest}"
    return Outcome.LOST, f"{digest} is neither in {pair.source} nor in the destination"


def _promotion(
    digest: Digest, tags: Iterable[Tag | None], destination: Listing, source: Listing | ListingFailure | None
) -> Promotion:
    return Promotion(
        digest=digest,
        tags=tuple(tag for tag in tags if tag is not None),
        in_destination=digest in destination.digests,
        in_source=isinstance(source, Listing) and digest in source.digests,
    )


def _unknown(pair: Pair, reason: str, excluded: Mapping[Tag, Overlap], *, needs_access: bool) -> Iterator[Setback]:
    for want in pair.image.wants:
        for tag, place in _edges(want):
            if tag is not None and tag in excluded:
                yield _overlap(want.digest, tag, place, excluded)
            else:
                yield _setback(want.digest, tag, place, Outcome.UNKNOWN, reason, needs_access=needs_access)


def _overlap(digest: Digest, tag: Tag, place: Place, excluded: Mapping[Tag, Overlap]) -> Setback:
    overlap = excluded[tag]
    is_first = digest == overlap.first
    other, where = (overlap.second, overlap.second_place) if is_first else (overlap.first, overlap.first_place)
    return _setback(digest, tag, place, Outcome.OVERLAP, f"the tag is wanted with {other} too, at {where}")


def _tag_move(digest: Digest, tag: Tag, place: Place, held: Digest) -> Setback:
    reason = f"wanted with {digest}, but there the tag points to {held}, and a tag is never moved"
    return _setback(digest, tag, place, Outcome.TAG_MOVE, reason)


def _setback(
    digest: Digest, tag: Tag | None, place: Place, outcome: Outcome, reason: str, *, needs_access: bool = False
) -> Setback:
    return Setback(digest=digest, tag=tag, outcome=outcome, reason=reason, place=place, needs_access=needs_access)


def _order(setback: Setback) -> tuple[Digest, bool, Tag | None]:
    return setback.digest, setback.tag is None, setback.tag


def _plan(pair: Pair, promotions: tuple[Promotion, ...], setbacks: tuple[Setback, ...]) -> PairPlan:
    undone = sum(promotion.edges for promotion in promotions) + len(setbacks)
    return PairPlan(pair=pair, already_promoted=pair.image.edges - undone, promotions=promotions, setbacks=setbacks)
