"""What a run spent beside its floor, in numbers and in a line."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import attrs

from cip_async.model.cost import Cause, FloorLine
from cip_async.model.report import Report, RequestClass
from cip_async.reporting.amounts import count

TOLD: Final[Mapping[Cause, str]] = {
    Cause.TOKENS: "for tokens",
    Cause.CHALLENGES: "challenged",
    Cause.THROTTLED: "throttled",
    Cause.RETRIES: "failed or repeated",
    Cause.REFUSED_MOUNTS: "for refused mounts",
    Cause.REFUSED_PUTS: "for refused manifests",
    Cause.PROBES: "to learn what hosts can do",
    Cause.RECHECKS: "to ask for tags again",
    Cause.LISTING_PAGES: "for further pages",
    Cause.REDIRECTS: "redirected",
    Cause.CANCELLED_UPLOADS: "to take back uploads",
    Cause.READ_AGAIN: "to read again",
    Cause.WRITTEN_AGAIN: "to write again",
}
"""What so many requests were, or were for."""

_CAUSES_SHOWN: Final = 3
_BODIES_OF_BLOBS: Final = frozenset({RequestClass.BLOB_GET.value, RequestClass.REDIRECT.value})


@attrs.frozen(kw_only=True)
class Spending:
    """What was spent, and the least that had to be."""

    spent: int
    floor: int


def requests(report: Report) -> Spending:
    """The requests of a run, all of them."""
    return Spending(spent=sum(line.requests for line in report.ledger), floor=_requests(report.cost.floor))


def bytes_read(report: Report) -> Spending:
    """The bytes of blobs that were read, also those that came from where registries sent us."""
    return Spending(
        spent=sum(line.received_bytes for line in report.ledger if line.request_class in _BODIES_OF_BLOBS),
        floor=_blob_bytes(report, RequestClass.BLOB_GET),
    )


def bytes_sent(report: Report) -> Spending:
    """The bytes of blobs that were sent."""
    return Spending(
        spent=sum(line.sent_bytes for line in report.ledger if line.request_class == RequestClass.UPLOAD.value),
        floor=_blob_bytes(report, RequestClass.UPLOAD),
    )


def requests_to_promote(report: Report) -> int:
    """How many requests it takes at the least to promote what a dry run found, listing included."""
    return _requests(report.cost.floor) + _requests(report.cost.ahead)


def causes(report: Report) -> Mapping[Cause, int]:
    """How many requests went beyond the floor for each cause, on all hosts together; the largest first."""
    numbers: Counter[Cause] = Counter()
    for line in report.cost.excess:
        numbers[line.cause] += line.requests
    return dict(sorted(numbers.items(), key=lambda item: (-item[1], item[0].value)))


def cost_line(report: Report) -> str:
    """The requests in a line: `1,010 requests, 1.01 times the floor of 1,000; beyond it 6 for tokens, 4 throttled`."""
    spending = requests(report)
    spent = count(spending.spent, "request")
    beyond = ", ".join(_largest(causes(report)))
    if not spending.floor:
        return f"{spent} over a floor of 0: {beyond}"
    ratio = f"{spent}, {spending.spent / spending.floor:.2f} times the floor of {spending.floor:,}"
    return f"{ratio}; beyond it {beyond}" if beyond else f"{spent}, which is the floor"


def _largest(numbers: Mapping[Cause, int]) -> Iterator[str]:
    shown = list(numbers.items())[:_CAUSES_SHOWN]
    yield from (f"{number:,} {TOLD[cause]}" for cause, number in shown)
    rest = sum(numbers.values()) - sum(number for _, number in shown)
    if rest:
        yield f"{rest:,} for other reasons"


def _requests(lines: Iterable[FloorLine]) -> int:
    return sum(line.requests for line in lines)


def _blob_bytes(report: Report, request_class: RequestClass) -> int:
    return sum(line.blob_bytes for line in report.cost.floor if line.request_class == request_class.value)
