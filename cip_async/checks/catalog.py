"""Every check by its name, as the command line offers it."""

from collections.abc import Mapping
from typing import Final

from cip_async.checks.check import Check
from cip_async.checks.children import Children
from cip_async.checks.image_size import USUAL_LIMIT_MIB, ImageSize
from cip_async.checks.layout import Layout
from cip_async.checks.removal import Removals, TagMoves

NAMES: Final = ("image-size", "removal", "tag-moves", "layout", "children")


def catalog(*, max_image_size_mib: int = USUAL_LIMIT_MIB) -> Mapping[str, Check]:
    """All checks; an image may have `max_image_size_mib`."""
    checks: tuple[Check, ...] = (ImageSize(max_image_size_mib), Removals(), TagMoves(), Layout(), Children())
    return {check.name: check for check in checks}
