"""Nothing that was once promised may disappear from the promoter manifests: people pull by digest and by tag."""

from collections.abc import Sequence

import attrs

from cip_async.checks.check import Subject
from cip_async.errors import InvalidSettings
from cip_async.model.finding import Finding, Severity
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.planning.changes import Removal, TagMove, removals, tag_moves
from cip_async.reference import Repository


@attrs.frozen
class Removals:
    """Finds digests and tags that were wanted at the base revision and are not any more."""

    name: str = attrs.field(default="removal", init=False)

    async def findings(self, subject: Subject) -> Sequence[Finding]:
        """Compare with the base.

        Raises:
            InvalidSettings: no base revision was named.
        """
        gone = removals(_base(subject, self.name), subject.manifests)
        return [
            Finding(check=self.name, severity=Severity.ERROR, place=each.place, message=_removed(each)) for each in gone
        ]


@attrs.frozen
class TagMoves:
    """Finds tags that are wanted with another digest than at the base revision. No registry is asked."""

    name: str = attrs.field(default="tag-moves", init=False)

    async def findings(self, subject: Subject) -> Sequence[Finding]:
        """Compare with the base.

        Raises:
            InvalidSettings: no base revision was named.
        """
        moves = tag_moves(_base(subject, self.name), subject.manifests)
        return [
            Finding(check=self.name, severity=Severity.ERROR, place=each.place, message=_moved(each)) for each in moves
        ]


def _base(subject: Subject, name: str) -> PromoterManifests:
    if subject.base is None:
        raise InvalidSettings("the base revision", None, f"a git revision to compare with, for the check {name}")
    return subject.base


def _removed(removal: Removal) -> str:
    what = f"digest {removal.digest}" if removal.tag is None else f"tag {removal.tag} ({removal.digest})"
    return f"{what} of {_named(removal.destinations)} was wanted here, and is not any more"


def _moved(move: TagMove) -> str:
    return f"tag {move.tag} of {_named(move.destinations)} is wanted with {move.digest}, and was with {move.before}"


def _named(destinations: Sequence[Repository]) -> str:
    more = len(destinations) - 1
    return f"{destinations[0]}{f' (and {more} more)' if more else ''}"
