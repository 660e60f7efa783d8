"""The fewest requests that a dry run leaves to be sent, as far as they are certain; pure.

    manifest-get  one for each digest to be promoted and source repository that was not read already
    manifest-put  one for each digest and mirror that is to get no tag
    tag-put       one for each tag, or for ten tags of one digest where the host may take several in one PUT

Which blobs and children there are, and which of them a mirror has, is not known before the documents are read.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Self

import attrs

from cip_async.model.cost import FloorLine
from cip_async.model.plan import Pair, PairPlan, Promotion
from cip_async.model.report import RequestClass
from cip_async.planning.learnt import Learnt, batches
from cip_async.reference import Digest, Host, Repository


@attrs.frozen(kw_only=True)
class _Work:
    """What some promotions take in each mirror that they are for."""

    in_source: frozenset[Digest]
    elsewhere: frozenset[Digest]
    """Digests that only the mirror itself is known to hold."""
    untagged: int
    tags: int
    tag_batches: int

    @classmethod
    def of(cls, promotions: Sequence[Promotion]) -> Self:
        in_source = frozenset(each.digest for each in promotions if each.in_source)
        tagged = {each.digest for each in promotions if each.tags}
        return cls(
            in_source=in_source,
            elsewhere=frozenset(each.digest for each in promotions) - in_source,
            untagged=sum(each.digest not in tagged for each in promotions),
            tags=sum(len(each.tags) for each in promotions),
            tag_batches=sum(batches(len(each.tags)) for each in promotions),
        )


def ahead(
    pair_plans: Iterable[PairPlan],
    learnt: Learnt,
    one_tag_a_put: Callable[[Host], bool],
    *,
    documents_are_kept: bool = False,
) -> tuple[FloorLine, ...]:
    """What promoting a plan takes at the least beyond what was done so far.

    `one_tag_a_put` says of which hosts it is known that they take no more. Where `documents_are_kept` between runs,
    none is certain to be read.
    """
    work = list(_work(pair_plans))
    numbers: Counter[tuple[Host, RequestClass]] = Counter()
    for repository, digests in {} if documents_are_kept else _to_read(work).items():
        numbers[repository.host, RequestClass.MANIFEST_GET] += len(digests)
    for host, facts in learnt:
        numbers[host, RequestClass.MANIFEST_GET] -= facts.documents
    for pair, its in work:
        host = pair.destination.host
        numbers[host, RequestClass.MANIFEST_PUT] += its.untagged
        numbers[host, RequestClass.TAG_PUT] += its.tags if one_tag_a_put(host) else its.tag_batches
    return tuple(
        sorted(
            FloorLine(host=host, request_class=request_class.value, requests=number)
            for (host, request_class), number in numbers.items()
            if number > 0
        )
    )


def _work(pair_plans: Iterable[PairPlan]) -> Iterator[tuple[Pair, _Work]]:
    """The work of each pair. Mirrors that are alike share their promotions, and so their work."""
    known: dict[int, _Work] = {}
    for each in pair_plans:
        if each.promotions:
            shared = id(each.promotions)
            if shared not in known:
                known[shared] = _Work.of(each.promotions)
            yield each.pair, known[shared]


def _to_read(work: Sequence[tuple[Pair, _Work]]) -> dict[Repository, set[Digest]]:
    to_read: dict[Repository, set[Digest]] = {}
    seen: set[tuple[Repository, int]] = set()
    for pair, its in work:
        if (pair.source, id(its)) not in seen:
            seen.add((pair.source, id(its)))
            to_read.setdefault(pair.source, set()).update(its.in_source)
        if its.elsewhere:
            to_read.setdefault(pair.destination, set()).update(its.elsewhere)
    return to_read
