"""The ledger of requests: what was asked of each host, for what, with what answer, and how many bytes it took."""

from collections import defaultdict

from cip_async.model.report import LedgerLine, RequestClass
from cip_async.reference import Host


class Ledger:
    """Counts every HTTP exchange as it ends, resends and token requests included."""

    def __init__(self) -> None:
        self._lines: defaultdict[tuple[Host, RequestClass, str, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])

    def record(
        self,
        host: Host,
        request_class: RequestClass,
        method: str,
        status: int,
        *,
        again: bool,
        sent_bytes: int,
        received_bytes: int,
    ) -> None:
        """Count one exchange; `again` if it repeats one that failed, `status` 0 if there was no answer."""
        line = self._lines[host, request_class, method, status]
        line[0] += 1
        line[1] += again
        line[2] += sent_bytes
        line[3] += received_bytes

    def clear(self) -> None:
        """Forget what was counted; a new run begins."""
        self._lines.clear()

    def lines(self) -> tuple[LedgerLine, ...]:
        """What was counted so far, sorted."""
        return tuple(
            sorted(
                LedgerLine(
                    host=host,
                    request_class=request_class.value,
                    method=method,
                    status=status,
                    requests=requests,
                    retries=retries,
                    sent_bytes=sent_bytes,
                    received_bytes=received_bytes,
                )
                for (host, request_class, method, status), (
                    requests,
                    retries,
                    sent_bytes,
                    received_bytes,
                ) in self._lines.items()
            )
        )
