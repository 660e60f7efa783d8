"""Whether an inventory from an earlier run is believed instead of a registry; pure.

It is believed only where it says that nothing is left to do. To believe that something is lacking would be to write on
the word of an old listing, and to believe in a tag that points elsewhere would be to stop a run for a conflict that may
be gone.
"""

from collections.abc import Iterable

from cip_async.model.listing import Listing
from cip_async.model.plan import Pair
from cip_async.planning.outcomes import is_done


def is_trusted(listing: Listing, age_s: float, trusted_s: float | None, pairs: Iterable[Pair]) -> bool:
    """Whether `listing`, read `age_s` seconds ago, has all that `pairs` want, and is not older than `trusted_s`.

    None trusts nothing. A negative age means that a clock was set, so that nobody knows how old it is.
    """
    if trusted_s is None or not 0 <= age_s <= trusted_s:
        return False
    return all(is_done(pair.image, listing) for pair in pairs)
