"""No image may be larger than a limit: what is promoted to every region is paid for in every region."""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from cip_async.checks.check import Subject
from cip_async.model.finding import Finding, Severity
from cip_async.model.image import ImageDocument
from cip_async.reference import Digest

MIB: Final = 1024 * 1024
USUAL_LIMIT_MIB: Final = 2048


@attrs.frozen
class ImageSize:
    """Finds images that are larger than `limit_mib`, and those that declare content of no size.

    The size of an image is that of its config and layers as they are stored, that of an index the sum of what it names.
    Foreign layers are no part of it.
    """

    limit_mib: int = USUAL_LIMIT_MIB
    name: str = attrs.field(default="image-size", init=False)

    async def findings(self, subject: Subject) -> Sequence[Finding]:
        """Read what is promoted, and add up what it declares."""
        found = []
        for source, want, documents in await subject.promoted_trees():
            image = f"{source}@{want.digest}"
            size = _size(documents[want.digest], documents)
            if size is None:
                reason = "declares content of 0 bytes, so its size is unknown"
            elif size > self.limit_mib * MIB:
                reason = f"has {_rounded_up(size):,.1f} MiB, more than the {self.limit_mib:,} MiB allowed"
            else:
                continue
            found.append(
                Finding(check=self.name, severity=Severity.ERROR, place=want.place, message=f"{image} {reason}")
            )
        return found


def _rounded_up(size_bytes: int) -> float:
    """In MiB; never what the limit is, if it is above it."""
    return -(-size_bytes * 10 // MIB) / 10


def _size(document: ImageDocument, documents: Mapping[Digest, ImageDocument]) -> int | None:
    sizes = [_size(documents[child.digest], documents) for child in document.children]
    if None in sizes or any(blob.size_bytes <= 0 for blob in document.blobs):
        return None
    return sum(size or 0 for size in sizes) + sum(blob.size_bytes for blob in document.blobs)
