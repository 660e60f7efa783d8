"""What a check is given, and what it is; and how all of them are run.

To add one: a module here with a class that has a `name` and `findings`, and a line in `catalog`.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import attrs

from cip_async.model.finding import Finding
from cip_async.model.image import ImageDocument
from cip_async.model.plan import Plan
from cip_async.model.promoter_manifest import Place, PromoterManifests, WantedDigest
from cip_async.reference import Digest, Repository
from cip_async.registry.listing.side_by_side import side_by_side

ReadTree = Callable[[Repository, Digest], Awaitable[Mapping[Digest, ImageDocument]]]
"""An image manifest or index with all that it refers to, at any depth, each read once however often it is asked for.

Raises `RegistryError` where one of them cannot be read.
"""


@attrs.frozen(kw_only=True)
class Subject:
    """What is checked. `base` is what the promoter manifests said before the change, where that is known."""

    plan: Plan
    manifests: PromoterManifests
    base: PromoterManifests | None
    read_tree: ReadTree

    def promoted(self) -> Iterator[tuple[Repository, WantedDigest]]:
        """The digests that the plan places anywhere, each once for its source repository, with where it was wanted."""
        seen: set[tuple[Repository, Digest]] = set()
        for pair_plan in self.plan.pairs:
            digests = {promotion.digest for promotion in pair_plan.promotions if not promotion.in_destination}
            for want in pair_plan.pair.image.wants if digests else ():
                key = pair_plan.pair.source, want.digest
                if want.digest in digests and key not in seen:
                    seen.add(key)
                    yield pair_plan.pair.source, want

    async def promoted_trees(self) -> Sequence[tuple[Repository, WantedDigest, Mapping[Digest, ImageDocument]]]:
        """What is `promoted`, with its documents.

        Raises:
            RegistryError, CredentialError: one of them cannot be read.
        """
        promoted = list(self.promoted())
        trees: dict[tuple[Repository, Digest], Mapping[Digest, ImageDocument]] = {}

        async def read(item: tuple[Repository, WantedDigest]) -> None:
            source, want = item
            trees[source, want.digest] = await self.read_tree(source, want.digest)

        await side_by_side(promoted, read)
        return [(source, want, trees[source, want.digest]) for source, want in promoted]


class Check(Protocol):
    """One check."""

    @property
    def name(self) -> str:
        """What it is called on the command line and in findings."""
        ...

    async def findings(self, subject: Subject) -> Sequence[Finding]:
        """What is wrong with `subject`, as far as this check goes.

        Raises:
            RegistryError, CredentialError: something that it needs cannot be read.
        """
        ...


async def run_checks(checks: Iterable[Check], subject: Subject) -> tuple[Finding, ...]:
    """Everything that `checks` find, sorted by place.

    Raises:
        RegistryError, CredentialError: a check could not be made; that is never taken for a pass.
    """
    found = [finding for check in checks for finding in await check.findings(subject)]
    return tuple(sorted(found, key=_order))


def _order(finding: Finding) -> tuple[bool, Place | None, str, str]:
    return finding.place is None, finding.place, finding.check, finding.message
