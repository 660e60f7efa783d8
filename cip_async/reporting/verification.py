"""What a verification comes to: how many edges are as they are wanted, and the exit code that follows."""

from collections import Counter
from collections.abc import Iterator, Mapping

import attrs

from cip_async.model.damage import Damage, Flaw
from cip_async.model.outcome import Outcome
from cip_async.model.report import Ending
from cip_async.model.verification import Drift, Verification
from cip_async.reporting.drift import drift
from cip_async.reporting.exit_code import ExitCode


@attrs.frozen(kw_only=True)
class VerificationTally:
    """Counts. `edges` are all that are wanted, `drift` those that are not as they are wanted, by flaw.

    `looked_at` are the edges of which the mirror was asked to the end. The others are in `drift` too: `not_looked_at`
    of those that are unknown there, and those of which the manifests alone say that they are in conflict.

    `images` were looked at whole (digest and repository), `damages` are the pieces of content that are damaged, by
    flaw, and `damaged_images` the images that they make unusable. What does not occur is not in the mappings.
    """

    edges: int
    looked_at: int
    not_looked_at: int
    drift: Mapping[Flaw, int]
    images: int
    damages: Mapping[Flaw, int]
    damaged_images: int

    @property
    def as_wanted(self) -> int:
        """How many edges are as they are wanted."""
        return self.edges - sum(self.drift.values())

    @property
    def proven(self) -> int:
        """How much is known to be wrong."""
        return sum(number for flaw, number in self._all() if flaw is not Flaw.UNKNOWN)

    @property
    def unknown(self) -> int:
        """How much could not be said."""
        return sum(number for flaw, number in self._all() if flaw is Flaw.UNKNOWN)

    def _all(self) -> Iterator[tuple[Flaw, int]]:
        yield from self.drift.items()
        yield from self.damages.items()


def drifted(verification: Verification) -> Iterator[Drift]:
    """Every edge that is not as it is wanted, sorted by source, destination, digest and tag."""
    return drift(verification.plan)


def verification_tally(verification: Verification) -> VerificationTally:
    """The counts of a verification."""
    pairs = verification.plan.pairs
    unplanned = [each for each in pairs if not each.is_planned]
    return VerificationTally(
        edges=sum(each.pair.image.edges for each in pairs),
        looked_at=sum(each.pair.image.edges for each in pairs if each.is_planned),
        not_looked_at=sum(setback.outcome is Outcome.UNKNOWN for each in unplanned for setback in each.setbacks),
        drift=Counter(each.flaw for each in drift(verification.plan)),
        images=verification.images,
        damages=Counter(damage.flaw for damage in verification.damages),
        damaged_images=len({image for damage in verification.damages for image in images_of(damage)}),
    )


def unknown_for_access(verification: Verification) -> set[bool]:
    """Whether what mirrors did not say needs somebody to be let in: yes, no, or of some the one and of some the other.

    What was not looked at needs neither.
    """
    asked = (pair_plan for pair_plan in verification.plan.pairs if pair_plan.is_planned)
    setbacks = (setback for pair_plan in asked for setback in pair_plan.setbacks)
    edges = (setback.needs_access for setback in setbacks if setback.outcome is Outcome.UNKNOWN)
    pieces = (damage.needs_access for damage in verification.damages if damage.flaw is Flaw.UNKNOWN)
    return {*edges, *pieces}


def images_of(damage: Damage) -> Iterator[tuple[str, str]]:
    """The images, as repository and digest, that a damage concerns."""
    return ((str(damage.repository), path[0]) for path in damage.paths)


def verification_exit_code(verification: Verification) -> ExitCode:
    """What `cip verify` exits with. What is proven to be wrong weighs more than what could not be said."""
    tally = verification_tally(verification)
    if verification.ending is Ending.INTERRUPTED:
        return ExitCode.INTERRUPTED
    if tally.proven or verification.plan.invalid:
        return ExitCode.WRONG
    return ExitCode.PARTLY if tally.unknown or verification.ending is Ending.TIMED_OUT else ExitCode.DONE
