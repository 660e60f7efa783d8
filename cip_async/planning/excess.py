"""Where the requests went that a run sent beyond its floor; pure.

For each host and class the excess is what was spent less the floor. It is laid to causes in this order, as far as it
goes: answers of 429; challenges; PUTs that were refused; requests that failed and those that repeat them; and then to
the cause that is usual for the class.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import attrs

from cip_async.model.cost import Cause, ExcessLine, FloorLine
from cip_async.model.report import LedgerLine, RequestClass
from cip_async.reference import Host

_USUAL: Final[Mapping[RequestClass, Cause]] = {
    RequestClass.LISTING: Cause.LISTING_PAGES,
    RequestClass.MANIFEST_HEAD: Cause.RECHECKS,
    RequestClass.MANIFEST_GET: Cause.READ_AGAIN,
    RequestClass.BLOB_HEAD: Cause.PROBES,
    RequestClass.BLOB_GET: Cause.READ_AGAIN,
    RequestClass.MOUNT: Cause.REFUSED_MOUNTS,
    RequestClass.UPLOAD_START: Cause.RETRIES,
    RequestClass.UPLOAD: Cause.REFUSED_MOUNTS,
    RequestClass.UPLOAD_CANCEL: Cause.CANCELLED_UPLOADS,
    RequestClass.MANIFEST_PUT: Cause.WRITTEN_AGAIN,
    RequestClass.TAG_PUT: Cause.PROBES,
    RequestClass.REDIRECT: Cause.REDIRECTS,
    RequestClass.TOKEN: Cause.TOKENS,
    RequestClass.PING: Cause.PROBES,
}
_PUTS: Final = frozenset({RequestClass.MANIFEST_PUT, RequestClass.TAG_PUT})
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_TIMED_OUT: Final = 408
_THROTTLED: Final = 429


@attrs.define
class _Spent:
    """What was sent of one class to one host."""

    requests: int = 0
    throttled: int = 0
    challenged: int = 0
    refused: int = 0
    failed: int = 0
    repeated: int = 0

    def add(self, line: LedgerLine, request_class: RequestClass) -> None:
        self.requests += line.requests
        self.repeated += line.retries
        if line.status == _THROTTLED:
            self.throttled += line.requests
        elif line.status == _UNAUTHORIZED and request_class is not RequestClass.TOKEN:
            self.challenged += line.requests
        elif line.status in (0, _TIMED_OUT) or line.status >= 500:
            self.failed += line.requests
        elif line.status >= 400:
            self._refused(line, request_class)

    def _refused(self, line: LedgerLine, request_class: RequestClass) -> None:
        """Count a refusal, which for a mount is an answer, as for most requests is that there is no such thing."""
        if request_class in _PUTS:
            self.refused += line.requests
        elif request_class is not RequestClass.MOUNT and line.status != _NOT_FOUND:
            self.failed += line.requests

    def causes(self, usual: Cause) -> Iterator[tuple[Cause, int]]:
        yield Cause.THROTTLED, self.throttled
        yield Cause.CHALLENGES, self.challenged
        yield Cause.REFUSED_PUTS, self.refused
        yield Cause.RETRIES, max(self.failed, self.repeated - self.throttled - self.challenged)
        yield usual, self.requests


def excess(ledger: Iterable[LedgerLine], floor: Iterable[FloorLine]) -> tuple[ExcessLine, ...]:
    """How many requests to each host went beyond the floor for each cause, sorted by host and cause."""
    spent: dict[tuple[Host, RequestClass], _Spent] = {}
    for line in ledger:
        request_class = RequestClass(line.request_class)
        spent.setdefault((line.host, request_class), _Spent()).add(line, request_class)
    for (host, request_class), sent in list(spent.items()):
        if request_class is RequestClass.REDIRECT and (host, RequestClass.BLOB_GET) in spent:
            spent[host, RequestClass.BLOB_GET].failed += sent.failed  # what was sent away in vain
    least = {(line.host, line.request_class): line.requests for line in floor}
    found: Counter[tuple[Host, Cause]] = Counter()
    for (host, request_class), sent in spent.items():
        left = sent.requests - least.get((host, request_class.value), 0)
        for cause, most in sent.causes(_USUAL[request_class]):
            taken = max(0, min(left, most))
            found[host, cause] += taken
            left -= taken
    lines = (ExcessLine(host=host, cause=cause, requests=number) for (host, cause), number in found.items() if number)
    return tuple(sorted(lines, key=lambda line: (line.host, line.cause.value)))
