"""Every check by its name."""

from collections.abc import Mapping

from cip_async.checks.check import Check
from cip_async.checks.children import Children
from cip_async.checks.image_size import ImageSize
from cip_async.checks.layout import Layout
from cip_async.checks.names import USUAL_LIMIT_MIB
from cip_async.checks.removal import Removals, TagMoves


def catalog(*, max_image_size_mib: int = USUAL_LIMIT_MIB) -> Mapping[str, Check]:
    """All checks; an image may have `max_image_size_mib`."""
    checks: tuple[Check, ...] = (ImageSize(max_image_size_mib), Removals(), TagMoves(), Layout(), Children())
    return {check.name: check for check in checks}
