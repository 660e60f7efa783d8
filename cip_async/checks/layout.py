"""Slips that every rule of the format allows: one mirror whose path is spelt differently, misplaced files."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from cip_async.checks.check import Subject
from cip_async.model.finding import Finding, Severity
from cip_async.model.promoter_manifest import Gravity, PromoterManifest

_FEWEST_MIRRORS: Final = 3
"""Of two that differ, nobody can say which is the odd one."""


@attrs.frozen
class Layout:
    """Finds a mirror whose path differs from that of all others of its manifest, and files that nothing reads."""

    name: str = attrs.field(default="layout", init=False)

    async def findings(self, subject: Subject) -> Sequence[Finding]:
        """Look at the promoter manifests alone."""
        misplaced = [
            Finding(check=self.name, severity=Severity.WARNING, place=problem.place, message=problem.message)
            for problem in subject.manifests.problems
            if problem.gravity is Gravity.WARNING
        ]
        odd = (finding for manifest in subject.manifests.manifests for finding in self._odd_mirrors(manifest))
        return [*misplaced, *odd]

    def _odd_mirrors(self, manifest: PromoterManifest) -> Iterator[Finding]:
        prefixes = Counter(entry.path.prefix for entry in manifest.destinations)
        if len(prefixes) != 2 or prefixes.total() < _FEWEST_MIRRORS:
            return
        (usual, count), (odd, once) = prefixes.most_common()
        if once != 1 or count == 1:
            return
        (entry,) = (entry for entry in manifest.destinations if entry.path.prefix == odd)
        message = f"mirror {entry.path} has the path {odd!r}, and the other {count} have {usual!r}"
        yield Finding(check=self.name, severity=Severity.ERROR, place=entry.place, message=message)
