"""What a registry entry was found to allow, before a run relies on it."""

import enum

import attrs

from cip_async.reference import RegistryPath


class Verdict(enum.Enum):
    """Whether something may be done."""

    YES = "yes"
    NO = "no"
    NOT_NEEDED = "-"
    """A source is never written."""


@attrs.frozen(kw_only=True)
class Examination:
    """One registry entry as `account` sees it; `reason` says why something may not be done, and is empty otherwise."""

    registry: RegistryPath
    is_source: bool
    account: str
    read: Verdict
    write: Verdict
    reason: str

    @property
    def passed(self) -> bool:
        """Whether a run can do with this entry what it has to."""
        return Verdict.NO not in (self.read, self.write)
