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
        await NameResolver(0.01).resolve("slow.example")
    (thread,) = (each for each in threading.enumerate() if each.name == "lookup of slow.example")
    assert thread.daemon
    hanging.released.set()
    await anyio.to_thread.run_sync(thread.join)


async def test_a_lookup_that_hangs_may_be_cancelled(hanging: HangingLookups) -> None:
    with anyio.move_on_after(0.01) as scope:
        await NameResolver(3600.0).resolve("slow.example")
    assert scope.cancelled_caught


async def test_a_request_waits_no_longer_for_a_name_than_for_a_connection(reach: Open, hanging: HangingLookups) -> None:
    timeouts = Timeouts(connect_s=0.01)
    reached = await reach(retries=ONE_TRY, timeouts=timeouts, resolver=NameResolver(timeouts.connect_s))
    with pytest.raises(Unavailable, match="no connection: the name servers did not answer in time"):
        await reached.client.head_manifest(FOO, V1)
    assert hanging.asked == [HOST]
    assert reached.transport.ledger.lines() == ()
