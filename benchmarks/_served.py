"""Registry hosts in a process of their own, so that their CPU and memory are not counted as the client's."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection

import anyio
import attrs
from anyio import to_thread

from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.garbage import collect_rarely
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.host import FakeRegistries
from cip_async.fake_registry.server import serve
from cip_async.reference import Digest, Tag

_START_S = 120
_END_S = 10


@attrs.frozen(kw_only=True)
class Exchange:
    """One request as the registry noted it; `reference` is the tag or digest that it was about."""

    host: str
    method: str
    target: str
    call_class: CallClass
    repository: str
    reference: str
    status: int
    bytes_in: int
    bytes_out: int
    at_s: float = 0.0
    """When it arrived, on the clock that all hosts share."""


@attrs.frozen(kw_only=True)
class Account:
    """What the registries tell afterwards: every request in order of arrival by host, tags, and their own CPU."""

    exchanges: tuple[Exchange, ...]
    tags: Mapping[str, Mapping[str, Mapping[Tag, Digest]]]
    """By host and repository."""
    cpu_seconds: float
    """What answering took, without making the content."""


@attrs.frozen
class Watched:
    """Hosts that are served elsewhere and can be asked what they saw. `endpoints` says where they are."""

    endpoints: dict[str, str]
    _connection: Connection

    def account(self) -> Account:
        """What was asked until now, and what the hosts hold."""
        self._connection.send(None)
        account = self._connection.recv()
        if not isinstance(account, Account):
            raise TypeError(f"the registries said {account!r}")
        return account


@contextmanager
def served(make: Callable[..., FakeRegistries], *arguments: object) -> Iterator[dict[str, str]]:
    """Serve what `make` returns in a new process; gives the endpoint of each host. `make` is a module's function.

    The hosts only count requests, which takes no memory in long runs.
    """
    with _started(make, arguments, keeps_entries=False) as (endpoints, _):
        yield endpoints


@contextmanager
def watched(make: Callable[..., FakeRegistries], *arguments: object) -> Iterator[Watched]:
    """Serve what `make` returns in a new process, which notes each request and tells them when asked."""
    with _started(make, arguments, keeps_entries=True) as (endpoints, connection):
        yield Watched(endpoints, connection)


@contextmanager
def _started(
    make: Callable[..., FakeRegistries], arguments: tuple[object, ...], *, keeps_entries: bool
) -> Iterator[tuple[dict[str, str], Connection]]:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_run, args=(there, make, arguments, keeps_entries), daemon=True)
    process.start()
    there.close()
    try:
        yield _endpoints(here), here
    finally:
        here.close()
        process.join(_END_S)
        if process.is_alive():
            process.kill()


def _endpoints(connection: Connection) -> dict[str, str]:
    """Where the hosts are, once they are served.

    Raises:
        RuntimeError: they are not.
    """
    if not connection.poll(_START_S):
        raise RuntimeError("the registries did not start in time")
    try:
        endpoints: dict[str, str] = connection.recv()
    except EOFError:
        raise RuntimeError("the registries did not start") from None
    return endpoints


def _run(
    connection: Connection, make: Callable[..., FakeRegistries], arguments: tuple[object, ...], keeps_entries: bool
) -> None:
    collect_rarely()  # as a command does
    run_in_event_loop(lambda: _serve(connection, make(*arguments), keeps_entries))


async def _serve(connection: Connection, registries: FakeRegistries, keeps_entries: bool) -> None:
    for host in registries.values():
        host.ledger.keeps_entries = keeps_entries
    async with serve(registries) as servers:
        connection.send(servers.endpoints)
        with anyio.CancelScope():
            await to_thread.run_sync(_answer, connection, registries)


def _answer(connection: Connection, registries: FakeRegistries) -> None:
    """Tell what was seen whenever it is asked for, until the other end is closed."""
    before = time.process_time()
    try:
        while True:
            connection.recv()
            connection.send(_account(registries, time.process_time() - before))
    except EOFError:
        return


def _account(registries: FakeRegistries, cpu_seconds: float) -> Account:
    return Account(
        exchanges=tuple(
            Exchange(
                host=name,
                method=entry.method,
                target=entry.target,
                call_class=entry.call_class,
                repository=entry.repository,
                reference=entry.reference,
                status=entry.status,
                bytes_in=entry.bytes_in,
                bytes_out=entry.bytes_out,
                at_s=entry.at_s,
            )
            for name, host in registries.items()
            for entry in host.ledger.entries
        ),
        tags={
            name: {path: dict(host.store.repository(path).tags) for path in host.store.repositories()}
            for name, host in registries.items()
        },
        cpu_seconds=cpu_seconds,
    )
