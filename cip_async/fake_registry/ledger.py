"""Every request as it was received, in order: what tests and benchmarks count."""

from collections import Counter
from collections.abc import Iterator

import attrs

from cip_async.fake_registry.calls import Call, CallClass


@attrs.define(kw_only=True)
class Entry:
    """One request. `status` is 0 until it is answered, and stays 0 if it never was.

    `reference` is the tag or digest it is about, `target` path and query as received. `authorization` is the scheme
    of its credentials, `account` whose they are; the secret itself is nowhere. `fault` names what was done to the
    request on purpose. `at_s` is when it arrived, by the clock of its host.
    """

    number: int
    method: str
    target: str
    call_class: CallClass
    repository: str
    reference: str
    is_write: bool
    authorization: str = ""
    account: str = ""
    status: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    fault: str = ""
    at_s: float = 0.0

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query_keys(self) -> tuple[str, ...]:
        """The names of the query's parameters, in order."""
        query = self.target.partition("?")[2]
        return tuple(part.partition("=")[0] for part in query.split("&")) if query else ()


@attrs.frozen
class Collision:
    """Two writes of the same content into the same repository at the same time."""

    repository: str
    digest: str


@attrs.define
class Ledger:
    """The requests of one host. With `keeps_entries` off, it only counts, which takes no memory in long runs."""

    keeps_entries: bool = True
    entries: list[Entry] = attrs.field(factory=list)
    totals: Counter[tuple[str, CallClass, int]] = attrs.field(factory=Counter)
    """Answered requests by method, class and status; status 0 for those that got no answer."""
    collisions: list[Collision] = attrs.field(factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    _opened: int = 0
    _writing: Counter[tuple[str, str]] = attrs.field(factory=Counter)

    def open(self, call: Call, authorization: str) -> Entry:
        """Note that a request has arrived."""
        self._opened += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        entry = Entry(
            number=self._opened,
            method=call.method,
            target=call.target,
            call_class=call.call_class,
            repository=call.repository,
            reference=call.subject,
            is_write=call.is_write,
            authorization=authorization,
        )
        if self.keeps_entries:
            self.entries.append(entry)
        return entry

    def close(self, entry: Entry) -> None:
        """Note that a request is over, answered or not."""
        self.in_flight -= 1
        self.totals[entry.method, entry.call_class, entry.status] += 1

    def begin_write(self, repository: str, digest: str) -> None:
        """Note that content is on its way into a repository; twice at a time is a collision."""
        self._writing[repository, digest] += 1
        if self._writing[repository, digest] > 1:
            self.collisions.append(Collision(repository, digest))

    def end_write(self, repository: str, digest: str) -> None:
        """Note that it has arrived, or failed to."""
        self._writing[repository, digest] -= 1
        if not self._writing[repository, digest]:
            del self._writing[repository, digest]

    def find(
        self,
        *,
        method: str | None = None,
        call_class: str | None = None,
        status: int | None = None,
        repository: str | None = None,
        reference: str | None = None,
        path: str | None = None,
    ) -> Iterator[Entry]:
        """The requests that have all the given properties, in the order of their arrival."""
        wanted = {
            "method": method,
            "call_class": call_class,
            "status": status,
            "repository": repository,
            "reference": reference,
            "path": path,
        }
        given = [(name, value) for name, value in wanted.items() if value is not None]
        for entry in self.entries:
            if all(getattr(entry, name) == value for name, value in given):
                yield entry

    def count(
        self,
        *,
        method: str | None = None,
        call_class: str | None = None,
        status: int | None = None,
        repository: str | None = None,
        reference: str | None = None,
        path: str | None = None,
    ) -> int:
        """How many requests have all the given properties."""
        found = self.find(
            method=method, call_class=call_class, status=status, repository=repository, reference=reference, path=path
        )
        return sum(1 for _ in found)

    def writes(self) -> list[Entry]:
        """The requests that may change content, in order."""
        return [entry for entry in self.entries if entry.is_write]

    def clear(self) -> None:
        """Forget what was; requests still in flight are counted on."""
        self.entries.clear()
        self.totals.clear()
        self.collisions.clear()
        self.most_in_flight = self.in_flight
