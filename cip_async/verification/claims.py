"""Whether what a run says of a destination is true, by a listing that is younger than its last write; pure."""

from collections.abc import Iterable, Iterator

from cip_async.model.outcome import Fate
from cip_async.model.plan import PairPlan
from cip_async.model.report import Failure
from cip_async.reporting.drift import pair_drift


def untrue_claims(before: PairPlan, failures: Iterable[Failure], after: PairPlan) -> Iterator[Failure]:
    """The edges that a run takes for promoted, and that are not as they are wanted, or of which nothing is known.

    `before` is what was planned, `failures` are the edges of the pair that are known to have failed, and `after` was
    planned from the new listing, as if the source held nothing.
    """
    told = {(failure.digest, failure.tag) for failure in failures}
    told.update((setback.digest, setback.tag) for setback in before.setbacks)
    for each in pair_drift(after):
        if (each.digest, each.tag) not in told:
            yield Failure(
                source=each.source,
                destination=each.destination,
                digest=each.digest,
                tag=each.tag,
                fate=Fate.FAILED,
                reason=f"verified after the run: {each.reason}",
            )
