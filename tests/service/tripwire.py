"""Something that happens to a registry, or to whoever asks it, at the moment a request arrives."""

from collections.abc import Callable

import attrs

from cip_async.fake_registry.calls import Call, CallClass
from cip_async.fake_registry.host import FakeHost
from cip_async.fake_registry.ledger import Entry, Ledger


@attrs.define(kw_only=True)
class Tripwire(Ledger):
    """A ledger that calls `on_request` for each request, before anything is done about it."""

    on_request: Callable[[Entry], object]

    def open(self, call: Call, authorization: str) -> Entry:
        """Note that a request has arrived, and tell."""
        entry = Ledger.open(self, call, authorization)
        self.on_request(entry)
        return entry


def once(host: FakeHost, call_class: CallClass, happens: Callable[[], object]) -> None:
    """Let something happen when the first request of a class arrives."""

    def watch(entry: Entry) -> None:
        if entry.call_class is call_class and not tripped:
            tripped.append(entry)
            happens()

    tripped: list[Entry] = []
    host.ledger = Tripwire(on_request=watch)
