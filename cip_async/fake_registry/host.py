"""One host with all that belongs to it, and the hosts of one process together."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import attrs

from cip_async.fake_registry.auth import BasicAuth, BearerAuth
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.faults import Faults
from cip_async.fake_registry.ledger import Ledger
from cip_async.fake_registry.pool import Pool
from cip_async.fake_registry.quotas import Quotas
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store
from cip_async.fake_registry.tokens import TokenAuth


@attrs.define(kw_only=True)
class Latency:
    """How long each request takes, in milliseconds; `by_class` says otherwise for some of them."""

    ms: float = 0.0
    by_class: dict[CallClass, float] = attrs.field(factory=dict)

    def seconds(self, call_class: CallClass) -> float:
        """How long a request of this class takes."""
        return self.by_class.get(call_class, self.ms) / 1000


@attrs.define(kw_only=True)
class FakeHost:
    """A registry host. Everything may be changed while it is being served.

    `auth` None asks nobody who they are. `clock`, in seconds since 1970, is what quotas and tokens go by. `failures`
    are errors of the registry itself: whoever serves the host raises them at the end.
    """

    name: str
    rules: Rules = attrs.field(factory=Rules)
    store: Store = attrs.field(factory=Store)
    ledger: Ledger = attrs.field(factory=Ledger)
    auth: BasicAuth | BearerAuth | TokenAuth | None = None
    quotas: Quotas = attrs.field(factory=Quotas)
    faults: Faults = attrs.field(factory=Faults)
    latency: Latency = attrs.field(factory=Latency)
    clock: Callable[[], float] = time.time
    failures: list[Exception] = attrs.field(factory=list)


class FakeRegistries(Mapping[str, FakeHost]):
    """The hosts of one process, by name. They share content by digest, so that it is in memory once."""

    def __init__(self, *names: str, rules: Callable[[], Rules] = Rules) -> None:
        self._pool: Final = Pool()
        self._hosts: Final[dict[str, FakeHost]] = {}
        for name in names:
            self.add(name, rules())

    def add(self, name: str, rules: Rules | None = None) -> FakeHost:
        """Add a host; `name` is how clients call it: `gcr.io`, `localhost:5000`.

        `artifactregistry.googleapis.com` is the API that lists what is on the hosts such as `us-docker.pkg.dev`.
        """
        host = FakeHost(name=name, rules=rules or Rules(), store=Store(self._pool))
        self._hosts[name] = host
        return host

    @property
    def stores(self) -> dict[str, Store]:
        """The store of each host."""
        return {name: host.store for name, host in self._hosts.items()}

    def __getitem__(self, name: str) -> FakeHost:
        return self._hosts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._hosts)

    def __len__(self) -> int:
        return len(self._hosts)
