"""A release is the index, not one platform of it: a child of a promoted index needs no entry of its own."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import attrs

from cip_async.checks.check import Subject
from cip_async.errors import NotFound
from cip_async.model.finding import Finding, Severity
from cip_async.planning.pairs import wanted_pairs
from cip_async.reference import Digest, Repository
from cip_async.registry.listing.side_by_side import side_by_side


@attrs.frozen
class Children:
    """Finds promoted digests that an index refers to which the manifests want from the same repository.

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
        await self._add_promoted_before(subject, {source for source, _, _ in promoted}, parents)
        found = []
        for source, want, _ in promoted:
            parent = parents.get((source, want.digest))
            if parent is not None:
                message = f"{source}@{want.digest} is a child of {parent}, which is wanted too"
                found.append(Finding(check=self.name, severity=Severity.WARNING, place=want.place, message=message))
        return found

    async def _add_promoted_before(
        self, subject: Subject, sources: AbstractSet[Repository], parents: dict[tuple[Repository, Digest], Digest]
    ) -> None:
        """Read what else the manifests want from `sources`; what a source has lost by now tells nothing."""
        wanted = {
            (pair.source, want.digest)
            for pair in wanted_pairs(subject.manifests)
            if pair.source in sources
            for want in pair.image.wants
        }

        async def read(image: tuple[Repository, Digest]) -> None:
            source, digest = image
            try:
                documents = await subject.read_tree(source, digest)
            except NotFound:
                return
            for document in documents.values():
                parents.update(((source, child.digest), document.digest) for child in document.children)

        await side_by_side(sorted(wanted), read)
