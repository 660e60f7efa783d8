"""What a check found wrong with a plan."""

import enum

import attrs

from cip_async.model.promoter_manifest import Place


class Severity(enum.Enum):
    """How much a finding weighs."""

    ERROR = "error"
    """The plan must not be carried out."""
    WARNING = "warning"
    """Somebody should look at it."""


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that a check found. `place` is None where no line of a promoter manifest is to blame."""

    check: str
    severity: Severity
    place: Place | None
    message: str
