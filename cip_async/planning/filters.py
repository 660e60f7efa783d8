"""Filters that leave nothing of what is wanted: slips of the pen, told before anything is done."""

from collections.abc import Sequence

from cip_async.errors import InvalidSettings
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.planning.pairs import wanted_pairs
from cip_async.planning.selection import selected, unmatched


def check_filters(
    manifests: PromoterManifests, *, only: Sequence[str] | None = None, to: Sequence[str] | None = None
) -> None:
    """See that each filter, and all of them together, leave something of what is wanted, if anything is.

    Raises:
        InvalidSettings: a filter leaves nothing.
    """
    if only is None and to is None:
        return
    filters = unmatched(manifests, only=only, to=to)
    if wanted_pairs(manifests) and (filters or not wanted_pairs(selected(manifests, only=only, to=to))):
        told = filters or (*(only or ()), *(to or ()))
        raise InvalidSettings("the filter", ", ".join(told), "a glob that matches what is wanted")
