"""What happened since the auditor started, counted; pure."""

from collections import Counter
from typing import assert_never

import attrs

from cip_async.audit.decide import Finding
from cip_async.audit.happenings import (
    Audited,
    Deferred,
    Duplicated,
    Happening,
    Heartbeat,
    ManifestsChecked,
    ManifestsFailed,
    ManifestsRead,
    PushRefused,
    SourceFailed,
    SourceRead,
)


@attrs.define
class Tally:
    """Counts what it is told of."""

    findings: Counter[Finding] = attrs.field(factory=Counter)
    deferred: int = 0
    duplicates: int = 0
    refused: int = 0
    refreshes: int = 0
    refreshes_failed: int = 0
    documents_read: int = 0
    sources_failed: int = 0
    destinations: int = 0
    digests: int = 0

    @property
    def verified(self) -> int:
        """Events that are as they should be."""
        return sum(number for finding, number in self.findings.items() if not finding.is_rejection)

    @property
    def rejected(self) -> int:
        """Events that somebody should look at."""
        return self.findings.total() - self.verified

    def __call__(self, happening: Happening) -> None:
        """Count one happening."""
        match happening:
            case Audited():
                self.findings[happening.verdict.finding] += 1
            case Deferred():
                self.deferred += 1
            case Duplicated():
                self.duplicates += 1
            case PushRefused():
                self.refused += 1
            case ManifestsRead():
                self.refreshes += 1
                self.destinations, self.digests = happening.destinations, happening.digests
            case ManifestsChecked():
                self.refreshes += 1
            case ManifestsFailed():
                self.refreshes_failed += 1
            case SourceRead():
                self.documents_read += happening.documents
            case SourceFailed():
                self.sources_failed += 1
            case Heartbeat():
                pass
            case _:
                assert_never(happening)
