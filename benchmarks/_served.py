"""Registry hosts in a process of their own, so that their CPU and memory are not counted as the client's."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import anyio
from anyio import to_thread

from cip_async.cli.event_loop import run_in_event_loop
from cip_async.fake_registry.host import FakeRegistries
from cip_async.fake_registry.server import serve

_START_S = 120
_END_S = 10


@contextmanager
def served(make: Callable[..., FakeRegistries], *arguments: object) -> Iterator[dict[str, str]]:
    """Serve what `make` returns in a new process; gives the endpoint of each host. `make` is a module's function."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_run, args=(there, make, arguments), daemon=True)
    process.start()
    try:
        if not here.poll(_START_S):
            raise TimeoutError("the registries did not start")
        yield here.recv()
    finally:
        here.close()
        process.join(_END_S)
        if process.is_alive():
            process.kill()


def _run(connection: Connection, make: Callable[..., FakeRegistries], arguments: tuple[object, ...]) -> None:
    run_in_event_loop(lambda: _serve(connection, make(*arguments)))


async def _serve(connection: Connection, registries: FakeRegistries) -> None:
    for host in registries.values():
        host.ledger.keeps_entries = False
    async with serve(registries) as servers:
        connection.send(servers.endpoints)
        with anyio.CancelScope():
            await to_thread.run_sync(_wait, connection)


def _wait(connection: Connection) -> None:
    """Until the other end is closed."""
    try:
        connection.recv()
    except EOFError:
        return
