"""A release is the index, not one platform of it: a child of a promoted index needs no entry of its own."""

from collections.abc import Sequence

import attrs

from cip_async.checks.check import Subject
from cip_async.model.finding import Finding, Severity
from cip_async.reference import Digest, Repository


@attrs.frozen
class Children:
    """Finds promoted digests that an index promoted along with them refers to.

    It is a warning: some projects give each platform a tag of its own, and mean it.
    """

    name: str = attrs.field(default="children", init=False)

    async def findings(self, subject: Subject) -> Sequence[Finding]:
        """Read what is promoted."""
        parents: dict[tuple[Repository, Digest], Digest] = {}
        promoted = await subject.promoted_trees()
        for source, _, documents in promoted:
            for document in documents.values():
                parents.update(((source, child.digest), document.digest) for child in document.children)
        found = []
        for source, want, _ in promoted:
            parent = parents.get((source, want.digest))
            if parent is not None:
                message = f"{source}@{want.digest} is a child of {parent}, which is promoted too"
                found.append(Finding(check=self.name, severity=Severity.WARNING, place=want.place, message=message))
        return found
