"""What became of each promotion while a plan is carried out: enough for a true report, however the run ends."""

from collections.abc import Iterable, Iterator, Mapping

import attrs

from cip_async.copying.graph import Want
from cip_async.errors import CipError, TagTaken
from cip_async.model.image import Descriptor
from cip_async.model.outcome import Fate
from cip_async.model.plan import PairPlan
from cip_async.model.report import Failure, Traffic
from cip_async.reference import Digest, Repository, Tag

PairKey = tuple[Repository, Repository]
EdgeKey = tuple[Repository, Repository, Digest, Tag | None]


@attrs.define
class Progress:
    """Counts promotions as they end. What is neither ended nor failed was not done."""

    failures: dict[EdgeKey, Failure] = attrs.field(factory=dict)
    _ended: dict[PairKey, set[tuple[Digest, bool]]] = attrs.field(factory=dict)
    _tagged: dict[Want, set[Tag]] = attrs.field(factory=dict)
    _complete: set[PairKey] = attrs.field(factory=set)
    _expected: dict[PairKey, int] = attrs.field(factory=dict)
    _mounted: list[int] = attrs.field(factory=lambda: [0, 0])
    _relayed: list[int] = attrs.field(factory=lambda: [0, 0])
    _read: list[int] = attrs.field(factory=lambda: [0, 0])

    def expect(self, pair_plan: PairPlan) -> None:
        """Take note of a pair whose promotions are to be carried out."""
        self._expected[pair_plan.pair.source, pair_plan.pair.destination] = len(pair_plan.promotions)

    def tagged(self, want: Want, tags: Iterable[Tag]) -> None:
        """Some tags of a want were written; others may follow."""
        self._tagged.setdefault(want, set()).update(tags)

    def end(self, want: Want, failures: Mapping[Tag, CipError] | Mapping[Tag | None, CipError]) -> bool:
        """A want ended, with the tags in `failures` not written; return whether its pair is complete."""
        key = want.source, want.destination
        self._tagged.pop(want, None)
        for tag, error in failures.items():
            edge = (want.source, want.destination, want.digest, tag)
            self.failures[edge] = Failure(
                source=want.source,
                destination=want.destination,
                digest=want.digest,
                tag=tag,
                fate=Fate.CONFLICT if isinstance(error, TagTaken) else Fate.FAILED,
                reason=str(error),
                needs_access=error.needs_access,
            )
        ended = self._ended.setdefault(key, set())
        ended.add((want.digest, bool(want.tags)))
        if len(ended) < self._expected[key]:
            return False
        del self._ended[key]
        self._complete.add(key)
        return True

    def undone(self, pair_plan: PairPlan, reason: str) -> Iterator[tuple[EdgeKey, Failure]]:
        """What a pair promotes and is not done so far, but for promotions that have ended and tags that were written.

        A digest that is wanted with tags and, elsewhere, without one makes two promotions.
        """
        pair = pair_plan.pair
        key = pair.source, pair.destination
        if key in self._complete:
            return
        ended = self._ended.get(key, set())
        tagged = {
            (want.digest, tag)
            for want, tags in self._tagged.items()
            if (want.source, want.destination) == key
            for tag in tags
        }
        for promotion in pair_plan.promotions:
            if (promotion.digest, bool(promotion.tags)) in ended:
                continue
            for tag in promotion.tags or (None,):
                if (promotion.digest, tag) not in tagged:
                    failure = Failure(
                        source=pair.source,
                        destination=pair.destination,
                        digest=promotion.digest,
                        tag=tag,
                        fate=Fate.NOT_STARTED,
                        reason=reason,
                    )
                    yield (*key, promotion.digest, tag), failure

    def mounted(self, blob: Descriptor) -> None:
        """A blob was mounted."""
        _count(self._mounted, blob)

    def relayed(self, blob: Descriptor) -> None:
        """A blob's bytes were uploaded."""
        _count(self._relayed, blob)

    def read(self, blob: Descriptor) -> None:
        """A blob was read whole."""
        _count(self._read, blob)

    def traffic(self) -> Traffic:
        """What was moved so far."""
        return Traffic(
            blobs_mounted=self._mounted[0],
            bytes_mounted=self._mounted[1],
            blobs_relayed=self._relayed[0],
            bytes_relayed=self._relayed[1],
            blobs_read=self._read[0],
            bytes_read=self._read[1],
        )


def _count(counter: list[int], blob: Descriptor) -> None:
    counter[0] += 1
    counter[1] += blob.size_bytes
