"""A cancelled request gives back its place in the queue and its connection, wherever it was.

That nothing is held is checked by `reach` at the end of each test too.
"""

from collections.abc import Awaitable, Callable

import anyio
import attrs
import pytest

from cip_async.events import HostPaused
from cip_async.registry.credentials.provider import Password
from tests.service.registry.bodies import Pieces
from tests.service.registry.conftest import BAR, FOO, HASTY, IN_FLIGHT, V1, D, Open, Reach, Serve
from tests.service.registry.scripted import Reply, Seen, StuckResolver

pytestmark = pytest.mark.anyio

FOUND = Reply(headers={"Docker-Content-Digest": D})
PATIENT = attrs.evolve(HASTY, request_s=600.0, first_delay_s=600.0, longest_delay_s=600.0, longest_retry_after_s=600.0)


async def cancelled_once_blocked(work: Callable[[], Awaitable[object]], reached: Callable[[], bool]) -> None:
    """Start `work`, wait until it has `reached` the place in question and waits there, and cancel it."""

    async def run() -> None:
        await work()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        while not reached():
            await anyio.lowlevel.checkpoint()
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()


def holds_nothing(reached: Reach) -> bool:
    return reached.free_slots() == IN_FLIGHT and reached.connections_in_use == 0


async def never(seen: Seen) -> Reply:
    await anyio.sleep_forever()
    raise AssertionError


async def test_while_it_connects(serve: Serve, reach: Open) -> None:
    resolver = StuckResolver()
    reached = await reach(endpoints={"registry.example": "http://stuck.example"}, resolver=resolver)
    await cancelled_once_blocked(lambda: reached.client.head_manifest(FOO, V1), lambda: resolver.asked)
    assert holds_nothing(reached)


async def test_while_it_waits_for_the_answer(serve: Serve, reach: Open) -> None:
    registry = await serve(never)
    reached = await reach(registry)
    await cancelled_once_blocked(lambda: reached.client.head_manifest(FOO, V1), lambda: bool(registry.seen))
    assert holds_nothing(reached)


async def test_while_it_reads_an_answer(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(body=b"x" * 100, stall_after=50))
    reached = await reach(registry)
    await cancelled_once_blocked(lambda: reached.client.tags_page(FOO, n=9), lambda: bool(registry.seen))
    assert holds_nothing(reached)


async def test_while_it_streams_a_blob(serve: Serve, reach: Open) -> None:
    reached = await reach(await serve(lambda _: Reply(body=b"x" * 100, stall_after=50)))
    got: list[bytes] = []

    async def read() -> None:
        async with reached.client.blob(FOO, D, 100) as stream:
            async for piece in stream.pieces:
                got.append(piece)  # noqa: PERF401 - that a piece came is what the test waits for

    await cancelled_once_blocked(read, lambda: bool(got))
    assert holds_nothing(reached)


async def test_while_it_sends_a_blob(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(202, {"Location": "u1"}))
    reached = await reach(registry)
    session = await reached.client.start_upload(FOO)
    registry.reads_bodies = False
    registry.answering = never
    body = Pieces(bytes(64 * 1024 * 1024), piece_bytes=1024 * 1024)
    await cancelled_once_blocked(lambda: reached.client.upload(session, D, body), lambda: len(registry.seen) == 2)
    assert holds_nothing(reached)


async def test_while_it_waits_for_a_slot(serve: Serve, reach: Open) -> None:
    registry = await serve(never)
    reached = await reach(registry)
    reached.transport._met.add((FOO.host, False))

    async def ask_often() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(3 * IN_FLIGHT):
                tasks.start_soon(reached.client.head_manifest, FOO, V1)

    await cancelled_once_blocked(ask_often, lambda: len(registry.seen) == IN_FLIGHT)
    assert holds_nothing(reached)


async def test_while_its_host_is_paused(serve: Serve, reach: Open) -> None:
    reached = await reach(await serve(lambda _: Reply(429, {"Retry-After": "600"})), retries=PATIENT)
    await cancelled_once_blocked(
        lambda: reached.client.head_manifest(FOO, V1),
        lambda: any(isinstance(event, HostPaused) for event in reached.events),
    )
    assert holds_nothing(reached)


async def test_while_it_waits_to_try_again(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(500))
    reached = await reach(registry, retries=PATIENT)
    await cancelled_once_blocked(lambda: reached.client.head_manifest(FOO, V1), lambda: reached.count(status=500) == 1)
    assert holds_nothing(reached)


async def test_while_it_buys_a_token(serve: Serve, reach: Open) -> None:
    async def answer(seen: Seen) -> Reply:
        if seen.path == "/token":
            await anyio.sleep_forever()
        return Reply(401, {"WWW-Authenticate": 'Bearer realm="/token"'})

    registry = await serve(answer)
    reached = await reach(registry)
    await cancelled_once_blocked(lambda: reached.client.head_manifest(FOO, V1), lambda: len(registry.seen) == 2)
    assert holds_nothing(reached)


async def test_while_others_wait_for_what_it_learns(serve: Serve, reach: Open) -> None:
    registry = await serve(never)
    reached = await reach(registry)
    async with anyio.create_task_group() as tasks:
        first = anyio.CancelScope()

        async def lead() -> None:
            with first:
                await reached.client.head_manifest(FOO, V1)

        tasks.start_soon(lead)
        while not registry.seen:
            await anyio.lowlevel.checkpoint()
        tasks.start_soon(reached.client.head_manifest, BAR, V1)
        await anyio.wait_all_tasks_blocked()
        registry.answering = lambda _: FOUND
        first.cancel()
    assert registry.lines == ["HEAD /v2/prod/foo/manifests/v1", "HEAD /v2/prod/bar/manifests/v1"]


@pytest.mark.parametrize("steps", range(1, 60, 2))
async def test_at_any_step_of_an_upload_with_all_that_belongs_to_it(serve: Serve, reach: Open, steps: int) -> None:
    def answer(seen: Seen) -> Reply:
        if seen.path == "/token":
            return Reply(body=b'{"token":"t","expires_in":0}')
        if seen.authorization != "Bearer t":
            return Reply(401, {"WWW-Authenticate": 'Bearer realm="/token"'})
        return Reply(202, {"Location": "u1"}) if seen.method == "POST" else Reply(201)

    reached = await reach(await serve(answer), credential=Password(username="me", password="x"))

    async def upload() -> None:
        await reached.client.upload(await reached.client.start_upload(FOO), D, Pieces(b"x" * 200_000))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(upload)
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    await anyio.wait_all_tasks_blocked()
    assert holds_nothing(reached)
    await upload()
