"""Names are looked up by the system, in threads that nobody waits for longer than a connection may take."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from cip_async.errors import Unavailable
from cip_async.registry.names import NameResolver
from cip_async.settings import Timeouts
from tests.service.registry.conftest import FOO, HOST, ONE_TRY, V1, Open

pytestmark = pytest.mark.anyio


class HangingLookups:
    """A system whose name servers say nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.released = threading.Event()

    def __call__(self, host: str, *args: Any, **kwargs: Any) -> list[Any]:
        self.asked.append(host)
        self.released.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "at last")


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[HangingLookups]:
    lookups = HangingLookups()
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lookups)
        yield lookups
    lookups.released.set()


def threads_for(host: str) -> list[threading.Thread]:
    """The threads that look a name up."""
    return [each for each in threading.enumerate() if each.name == f"lookup of {host}"]


async def test_a_name_has_the_addresses_that_the_system_knows() -> None:
    found = await NameResolver(10.0).resolve("localhost", 5000, socket.AF_INET)
    assert [(entry["hostname"], entry["host"], entry["port"], entry["family"]) for entry in found] == [
        ("localhost", "127.0.0.1", 5000, socket.AF_INET)
    ]


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "a..example"])
async def test_what_is_no_name_has_none(name: str) -> None:
    with pytest.raises(socket.gaierror) as failed:
        await NameResolver(10.0).resolve(name)
    assert failed.value.errno == socket.EAI_NONAME


async def test_an_address_that_is_of_one_network_alone_names_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    index, name = next(each for each in socket.if_nameindex() if each[1] == "lo")
    answer = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 443, 0, index))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answer)
    (found,) = await NameResolver(10.0).resolve("local.example", 443, socket.AF_UNSPEC)
    assert found["host"] == f"fe80::1%{name}"


async def test_a_lookup_that_hangs_is_a_failure_that_may_pass(hanging: HangingLookups) -> None:
    with pytest.raises(socket.gaierror, match="the name servers did not answer in time") as failed:
        await NameResolver(0.01).resolve("slow.example")
    assert failed.value.errno == socket.EAI_AGAIN
    assert hanging.asked == ["slow.example"]


async def test_a_lookup_that_ends_too_late_disturbs_nobody(hanging: HangingLookups) -> None:
    with pytest.raises(socket.gaierror):
        await NameResolver(0.01).resolve("late.example")
    (thread,) = threads_for("late.example")
    assert thread.daemon
    hanging.released.set()
    await anyio.to_thread.run_sync(thread.join)


async def test_a_lookup_that_hangs_may_be_cancelled(hanging: HangingLookups) -> None:
    with anyio.move_on_after(0.01) as scope:
        await NameResolver(3600.0).resolve("slow.example")
    assert scope.cancelled_caught


async def test_a_name_that_is_tried_again_while_its_lookup_hangs_has_no_second_one(hanging: HangingLookups) -> None:
    resolver = NameResolver(0.001)
    for _ in range(20):
        with pytest.raises(socket.gaierror, match="the name servers did not answer in time"):
            await resolver.resolve("again.example", 443)
    assert hanging.asked == ["again.example"]
    assert len(threads_for("again.example")) == 1
    with pytest.raises(socket.gaierror):
        await resolver.resolve("again.example", 5000)
    with pytest.raises(socket.gaierror):
        await resolver.resolve("again.example", 443, socket.AF_INET6)
    assert hanging.asked == ["again.example"] * 3


async def test_all_who_ask_for_a_name_are_told_the_same_and_the_next_one_asks_anew(hanging: HangingLookups) -> None:
    resolver = NameResolver(3600.0)
    errors: list[socket.gaierror] = []

    async def ask() -> None:
        with pytest.raises(socket.gaierror, match="at last") as failed:
            await resolver.resolve("slow.example")
        errors.append(failed.value)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        hanging.released.set()
    assert hanging.asked == ["slow.example"]
    assert {error.errno for error in errors} == {socket.EAI_AGAIN}
    assert len(set(map(id, errors))) == 3
    await ask()
    assert hanging.asked == ["slow.example"] * 2


async def test_whoever_is_cancelled_disturbs_none_who_joined(hanging: HangingLookups) -> None:
    resolver = NameResolver(3600.0)
    first = anyio.CancelScope()
    told: list[str] = []

    async def give_up() -> None:
        with first:
            await resolver.resolve("slow.example")

    async def join() -> None:
        with pytest.raises(socket.gaierror) as failed:
            await resolver.resolve("slow.example")
        told.append(str(failed.value.strerror))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(give_up)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(join)
        await anyio.wait_all_tasks_blocked()
        first.cancel()
        await anyio.wait_all_tasks_blocked()
        hanging.released.set()
    assert first.cancelled_caught
    assert told == ["at last"]
    assert hanging.asked == ["slow.example"]


async def test_a_system_that_grants_no_thread_is_a_failure_that_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = NameResolver(10.0)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(socket.gaierror, match="grants no more threads to look up names in") as failed:
            await resolver.resolve("localhost")
    assert failed.value.errno == socket.EAI_AGAIN
    assert await resolver.resolve("localhost")


async def test_a_lookup_that_breaks_is_told_at_once_and_for_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise OverflowError("of whatever kind")

    monkeypatch.setattr(socket, "getaddrinfo", broken)
    with pytest.raises(socket.gaierror, match=r"the system's lookup of the name broke \(OverflowError\)"):
        await NameResolver(3600.0).resolve("odd.example")


async def test_a_request_waits_no_longer_for_a_name_than_for_a_connection(reach: Open, hanging: HangingLookups) -> None:
    timeouts = Timeouts(connect_s=0.01)
    reached = await reach(retries=ONE_TRY, timeouts=timeouts, resolver=NameResolver(timeouts.connect_s))
    with pytest.raises(Unavailable, match="no connection: the name servers did not answer in time"):
        await reached.client.head_manifest(FOO, V1)
    assert hanging.asked == [HOST]
    assert reached.transport.ledger.lines() == ()
