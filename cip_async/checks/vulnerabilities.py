"""No image with a vulnerability that could be mended is promoted, nor one that nobody has looked at."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

import attrs

from cip_async.checks.check import Subject
from cip_async.gcp.container_analysis import Scan, ScanState, Vulnerability
from cip_async.gcp.container_analysis import Severity as Badness
from cip_async.model.finding import Finding, Severity
from cip_async.model.image import DocumentKind, ImageDocument
from cip_async.model.promoter_manifest import Place
from cip_async.reference import Digest, Repository
from cip_async.registry.listing.side_by_side import side_by_side

ScanOf = Callable[[Repository, Digest], Awaitable[Scan]]
"""What is known of an image's vulnerabilities; raises `RegistryError` or `CredentialError` where that cannot be had."""

_LAYER: Final = ("tar", "layer")
"""One of these is in the media type of every layer of files; attestations and signatures have none."""


@attrs.frozen
class Vulnerabilities:
    """Finds vulnerabilities that are at least as severe as `threshold` and can be fixed.

    An index is as good as its images. One that was never scanned, or not to the end, is not clean; one that the scanner
    does not support is a warning.
    """

    scan_of: ScanOf
    threshold: Badness
    name: str = attrs.field(default="vulnerabilities", init=False)

    async def findings(self, subject: Subject) -> Sequence[Finding]:
        """Ask for each image that is promoted.

        Raises:
            RegistryError, CredentialError: the scanner's results cannot be read.
        """
        places: dict[tuple[Repository, Digest], Place] = {}
        for source, want, documents in await subject.promoted_trees():
            for document in documents.values():
                if _is_scannable(document):
                    places.setdefault((source, document.digest), want.place)
        scans: dict[tuple[Repository, Digest], Scan] = {}

        async def ask(image: tuple[Repository, Digest]) -> None:
            scans[image] = await self.scan_of(*image)

        await side_by_side(sorted(places), ask)
        return [
            Finding(check=self.name, severity=severity, place=place, message=f"{source}@{digest} {reason}")
            for (source, digest), place in places.items()
            for severity, reason in self._reasons(scans[source, digest])
        ]

    def _reasons(self, scan: Scan) -> Iterator[tuple[Severity, str]]:
        if scan.state is ScanState.UNSUPPORTED:
            yield Severity.WARNING, "cannot be scanned for vulnerabilities"
        elif scan.state is not ScanState.FINISHED:
            yield Severity.ERROR, f"is not known to be clean: its scan for vulnerabilities was {scan.state.value}"
        bad = [each for each in scan.vulnerabilities if each.fixable and each.severity >= self.threshold]
        yield from ((Severity.ERROR, _told(each)) for each in bad)


def _is_scannable(document: ImageDocument) -> bool:
    return document.kind is DocumentKind.IMAGE and any(
        part in blob.media_type for blob in document.blobs[1:] for part in _LAYER
    )


def _told(vulnerability: Vulnerability) -> str:
    package = f" in {vulnerability.package}" if vulnerability.package else ""
    return f"has {vulnerability.name}{package}: {vulnerability.severity.name.lower()}, and a fix is available"
