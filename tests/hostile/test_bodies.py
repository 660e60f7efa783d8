"""Bodies without an end, bodies that unpack to much, and JSON that nests too deep: memory and reading stay bounded."""

import gzip
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator

import pytest

from cip_async.errors import CipError, CredentialError, RegistryError, UntrustedAnswer
from cip_async.settings import KIB, MIB, Bodies
from tests.service.registry.bodies import Pieces
from tests.service.registry.conftest import FOO, HOST, ONE_TRY, V1, D, Open, Reach, Serve
from tests.service.registry.scripted import Reply, Seen

pytestmark = pytest.mark.anyio

BOUND = 256 * KIB
BOUNDS = Bodies(manifest_bytes=BOUND, error_bytes=BOUND, token_bytes=BOUND, listing_bytes=BOUND)
BUFFERED = 8 * MIB
"""What may be read ahead of the bound: the buffers of aiohttp and of the kernel, on both ends."""
Operation = Callable[[Reach], Awaitable[object]]


async def listing(reached: Reach) -> object:
    return await reached.client.tags_page(FOO, n=9)


async def catalog(reached: Reach) -> object:
    return await reached.client.catalog_page(HOST, n=9)


async def image_manifest(reached: Reach) -> object:
    return await reached.client.get_document(FOO, D)


async def blob(reached: Reach) -> object:
    async with reached.client.blob(FOO, D, BOUND) as stream:
        return sum([len(piece) async for piece in stream.pieces])


async def upload(reached: Reach) -> None:
    await reached.client.upload(await reached.client.start_upload(FOO), D, Pieces(b"blob"))


PLACES: dict[str, Operation] = {
    "listing": listing,
    "catalog": catalog,
    "image manifest": image_manifest,
    "blob": blob,
    "upload opened": upload,
}


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.parametrize("declared", [{}, {"Content-Length": str(10**15)}], ids=["chunked", "declared"])
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("place", PLACES)
async def test_an_endless_body_is_left_at_its_bound(
    serve: Serve, reach: Open, traced: None, place: str, status: int, declared: dict[str, str]
) -> None:
    expected = 202 if place == "upload opened" else 200
    endless = Reply(expected if status == 200 else status, {"Location": "u1", **declared}, endless=bytes(64 * KIB))
    reached = await reach(await serve(lambda _: endless), bodies=BOUNDS, retries=ONE_TRY)
    tracemalloc.reset_peak()
    with pytest.raises(RegistryError, match="larger than" if status == 200 else "status 400"):
        await PLACES[place](reached)
    assert tracemalloc.get_traced_memory()[1] < BUFFERED
    assert sum(line.received_bytes for line in reached.transport.ledger.lines()) < BUFFERED


async def test_an_endless_token_is_left_at_its_bound(serve: Serve, reach: Open, traced: None) -> None:
    def answer(seen: Seen) -> Reply:
        if seen.path == "/token":
            return Reply(body=b'{"token":"', endless=b"x" * 64 * KIB)
        return Reply(401, {"WWW-Authenticate": 'Bearer realm="/token"'})

    reached = await reach(await serve(answer), bodies=BOUNDS, retries=ONE_TRY)
    with pytest.raises(CredentialError, match=f"larger than {BOUND} bytes"):
        await listing(reached)
    assert tracemalloc.get_traced_memory()[1] < BUFFERED


async def test_an_image_manifest_of_100_megabytes_is_left_at_the_usual_bound(
    serve: Serve, reach: Open, traced: None
) -> None:
    manifest = Reply(headers={"Content-Length": str(100 * MIB)}, endless=b" " * 64 * KIB)
    reached = await reach(await serve(lambda _: manifest), retries=ONE_TRY)
    with pytest.raises(UntrustedAnswer, match=f"larger than {8 * MIB} bytes"):
        await image_manifest(reached)
    assert sum(line.received_bytes for line in reached.transport.ledger.lines()) < 16 * MIB
    assert tracemalloc.get_traced_memory()[1] < 32 * MIB


@pytest.mark.parametrize("operation", [listing, catalog, image_manifest])
async def test_a_gzip_bomb_is_not_unpacked(serve: Serve, reach: Open, traced: None, operation: Operation) -> None:
    bomb = gzip.compress(b"[" * 20 * MIB)
    registry = await serve(lambda _: Reply(headers={"Content-Encoding": "gzip"}, body=bomb))
    reached = await reach(registry)
    tracemalloc.reset_peak()
    with pytest.raises(UntrustedAnswer):
        await operation(reached)
    assert {seen.headers["Accept-Encoding"] for seen in registry.seen} == {"identity"}
    assert tracemalloc.get_traced_memory()[1] < BUFFERED


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"tags":[', b'{"errors":[{"detail":[', b'{"manifests":['])
@pytest.mark.parametrize("status", [200, 400])
async def test_json_that_nests_too_deep_is_no_answer(serve: Serve, reach: Open, opening: bytes, status: int) -> None:
    body = opening * 100_000

    def answer(seen: Seen) -> Reply:
        return Reply(status, {"Location": "u1"}, body)

    reached = await reach(await serve(answer), retries=ONE_TRY)
    for operation in (listing, catalog, image_manifest, upload):
        with pytest.raises(RegistryError):
            await operation(reached)


async def test_a_token_answer_that_nests_too_deep_is_no_token(serve: Serve, reach: Open) -> None:
    def answer(seen: Seen) -> Reply:
        challenge = Reply(401, {"WWW-Authenticate": 'Bearer realm="/token"'})
        return Reply(body=b'{"token":' + b"[" * 100_000) if seen.path == "/token" else challenge

    reached = await reach(await serve(answer), retries=ONE_TRY)
    with pytest.raises(CredentialError, match="did not answer with a token"):
        await reached.client.head_manifest(FOO, V1)


async def test_a_body_that_nests_too_deep_proves_no_absence(serve: Serve, reach: Open) -> None:
    reached = await reach(await serve(lambda _: Reply(404, body=b'{"errors":' + b"[" * 60_000)), retries=ONE_TRY)
    with pytest.raises(CipError, match="not from a registry"):
        await reached.client.get_document(FOO, D)
