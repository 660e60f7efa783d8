"""Every check by its name."""

from collections.abc import Mapping

from cip_async.checks.check import Check
from cip_async.checks.children import Children
from cip_async.checks.image_size import ImageSize
from cip_async.checks.layout import Layout
from cip_async.checks.names import USUAL_LIMIT_MIB, USUAL_THRESHOLD
from cip_async.checks.removal import Removals, TagMoves
from cip_async.checks.vulnerabilities import ScanOf, Vulnerabilities
from cip_async.gcp.container_analysis import Severity


def catalog(
    scan_of: ScanOf, *, max_image_size_mib: int = USUAL_LIMIT_MIB, severity_threshold: int = USUAL_THRESHOLD
) -> Mapping[str, Check]:
    """All checks. `scan_of` knows of vulnerabilities, which count from `severity_threshold` on (0 to 5)."""
    checks: tuple[Check, ...] = (
        ImageSize(max_image_size_mib),
        Removals(),
        TagMoves(),
        Layout(),
        Children(),
        Vulnerabilities(scan_of, Severity(severity_threshold)),
    )
    return {check.name: check for check in checks}
