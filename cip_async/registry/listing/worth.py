"""Whether a repository is listed before what is wanted of it is looked up; pure.

A lookup is one request: a HEAD for a tag, or of a source the GET of a manifest, which the copy needs anyway. A listing
costs a request at least, and saves the lookups of what is not there.
"""

from typing import Final

_LISTING: Final = 1
"""Requests that a listing costs at least: how many pages it has is known when it is read."""


def is_worth_listing(wanted: int, believed: int = 0) -> bool:
    """Whether listing may cost less than looking up all that is `wanted`, tags or digests.

    `believed` of them were there when somebody last looked, and are looked up either way. A wrong belief costs
    requests, and makes no answer wrong.
    """
    return wanted - believed > _LISTING
