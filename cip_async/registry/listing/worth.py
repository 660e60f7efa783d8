"""Whether a plain repository's tags are listed before the wanted ones are looked up; pure.

A lookup is one HEAD for each tag. A listing costs a request at least, and saves the lookups of tags that do not exist.
"""

from typing import Final

_LISTING: Final = 1
"""Requests that a listing costs at least: how many pages it has is known when it is read."""


def is_worth_listing(wanted: int, believed: int = 0) -> bool:
    """Whether listing may cost less than looking up all of the `wanted` tags.

    `believed` of them were there when somebody last looked, and are looked up either way. A wrong belief costs
    requests, and makes no answer wrong.
    """
    return wanted - believed > _LISTING
