"""How much of a listing is wanted, kept or still unknown; pure."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import attrs

from cip_async.model.listing import Listing
from cip_async.model.plan import Pair
from cip_async.reference import Digest, Tag


def wanted_tags(pairs: Iterable[Pair]) -> AbstractSet[Tag]:
    """The tags that any of `pairs` wants in its destination."""
    return frozenset().union(*(pair.image.by_tag for pair in pairs))


def wanted_digests(pairs: Iterable[Pair]) -> AbstractSet[Digest]:
    """The digests that any of `pairs` wants in its destination, with a tag or without."""
    return frozenset(want.digest for pair in pairs for want in pair.image.wants)


def wanted_tagless(pairs: Iterable[Pair]) -> AbstractSet[Digest]:
    """The digests that any of `pairs` wants in its destination without a tag."""
    return frozenset().union(*(pair.image.tagless for pair in pairs))


def narrowed(listing: Listing, pairs: Iterable[Pair]) -> Listing:
    """What `listing` says of all that `pairs` want, without the rest: its memory is bounded by what is wanted."""
    images = {pair.image for pair in pairs}
    wanted = frozenset(want.digest for image in images for want in image.wants)
    digests = wanted & listing.digests
    return Listing(
        repository=listing.repository,
        digests=digests,
        tags={tag: listing.tags[tag] for image in images for tag in image.by_tag if tag in listing.tags},
        asked=wanted if listing.asked is None else wanted & listing.asked,
        described={digest: listing.described[digest] for digest in digests if digest in listing.described},
        unreadable={digest: reason for digest, reason in listing.unreadable.items() if digest in wanted},
    )


def united(first: Listing, second: Listing) -> Listing:
    """What two partial listings of one repository say together; the tags are those of `first`."""
    return attrs.evolve(
        first,
        digests=first.digests | second.digests,
        asked=None if first.asked is None or second.asked is None else first.asked | second.asked,
        described={**first.described, **second.described},
        unreadable={**first.unreadable, **second.unreadable},
    )
