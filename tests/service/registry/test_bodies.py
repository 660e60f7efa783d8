"""Bodies are read within bounds, as they are, and to their end or not at all."""

import gzip
import hashlib

import anyio
import pytest

from cip_async.errors import (
    CredentialError,
    DigestMismatch,
    RegistryError,
    Unavailable,
    UnsupportedContent,
    UntrustedAnswer,
)
from cip_async.reference import Digest, RegistryPath
from cip_async.settings import Bodies, Timeouts
from tests.service.registry.conftest import FOO, HOST, ONE_TRY, D, Open, Reach, Serve
from tests.service.registry.scripted import ABSENT, Reply, Seen

pytestmark = pytest.mark.anyio

OCI = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
SMALL = Bodies(manifest_bytes=1024, error_bytes=1024, listing_bytes=1024)


def sha256(body: bytes) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(body).hexdigest()}")


async def read_blob(
    reached: Reach, size_bytes: int, offset: int = 0, got: list[bytes] | None = None
) -> tuple[int, bytes]:
    """Read a blob into `got`, where what came before a failure remains."""
    pieces = [] if got is None else got
    async with reached.client.blob(FOO, D, size_bytes, offset=offset) as stream:
        async for piece in stream.pieces:
            pieces.append(piece)
        return stream.answer.status, b"".join(pieces)


async def test_a_manifest_larger_than_allowed_is_not_read(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(body=b" " * 100_000))
    with pytest.raises(UntrustedAnswer, match="larger than 1024 bytes"):
        await (await reach(registry, bodies=SMALL)).client.get_document(FOO, D)


async def test_a_listing_larger_than_allowed_is_not_read(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(body=b" " * 100_000))
    with pytest.raises(UntrustedAnswer, match="larger than 1024 bytes"):
        await (await reach(registry, bodies=SMALL)).client.tags_page(FOO, n=9)


async def test_of_an_endless_error_only_the_beginning_is_read(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(400, body=b"x" * 50_000_000))
    reached = await reach(registry, bodies=SMALL)
    with pytest.raises(RegistryError, match="status 400"):
        await reached.client.tags_page(FOO, n=9)
    assert sum(line.received_bytes for line in reached.transport.ledger.lines()) < 5_000_000


async def test_a_blob_larger_than_declared_is_not_read_on(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(body=b"x" * 100_000))
    with pytest.raises(UntrustedAnswer, match="larger than 100 bytes"):
        await read_blob(await reach(registry), 100)


async def test_compression_is_neither_asked_for_nor_undone(serve: Serve, reach: Open) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    registry = await serve(lambda _: Reply(headers={"Content-Encoding": "gzip"}, body=bomb))
    assert await read_blob(await reach(registry), len(bomb)) == (200, bomb)
    assert registry.seen[0].headers["Accept-Encoding"] == "identity"


async def test_a_compressed_manifest_is_not_the_one_asked_for(serve: Serve, reach: Open) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    registry = await serve(lambda _: Reply(headers={"Content-Encoding": "gzip", **OCI}, body=bomb))
    with pytest.raises(DigestMismatch):
        await (await reach(registry)).client.get_document(FOO, sha256(bytes(10_000_000)))


async def test_a_document_is_asked_for_with_every_type_and_verified(serve: Serve, reach: Open) -> None:
    body = b'{"schemaVersion":2,"config":{"digest":"%s","size":2}}' % D.encode()
    registry = await serve(lambda _: Reply(headers=OCI, body=body))
    reached = await reach(registry)
    document = await reached.client.get_document(FOO, sha256(body))
    assert document is not None
    assert document.body == body
    assert registry.seen[0].headers["Accept"].count("application/") == 6
    with pytest.raises(DigestMismatch, match="the bytes have the digest"):
        await reached.client.get_document(FOO, D)


async def test_a_document_that_is_not_there_is_none(serve: Serve, reach: Open) -> None:
    assert await (await reach(await serve(lambda _: ABSENT))).client.get_document(FOO, D) is None


async def test_schema_1_is_refused_with_its_reason(serve: Serve, reach: Open) -> None:
    body = b'{"schemaVersion":1,"fsLayers":[]}'
    headers = {"Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws"}
    registry = await serve(lambda _: Reply(headers=headers, body=body))
    with pytest.raises(UnsupportedContent, match="schema 1"):
        await (await reach(registry)).client.get_document(FOO, sha256(body))


async def test_the_rest_of_a_blob_is_asked_for_by_its_offset(serve: Serve, reach: Open) -> None:
    def answer(seen: Seen) -> Reply:
        assert seen.headers["Range"] == "bytes=3-"
        return Reply(206, {"Content-Range": "bytes 3-4/5"}, b"de")

    assert await read_blob(await reach(await serve(answer)), 5, offset=3) == (206, b"de")


async def test_a_registry_that_knows_no_ranges_gives_the_whole(serve: Serve, reach: Open) -> None:
    assert await read_blob(await reach(await serve(lambda _: Reply(body=b"abcde"))), 5, offset=3) == (200, b"abcde")


@pytest.mark.parametrize("status", [404, 416, 500])
async def test_a_blob_that_is_not_given_is_an_error(serve: Serve, reach: Open, status: int) -> None:
    with pytest.raises(RegistryError) as refused:
        await read_blob(await reach(await serve(lambda _: Reply(status))), 5)
    assert refused.value.status == status


async def test_a_blob_cut_short_is_an_error_where_it_is_read(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(body=b"x" * 1000, break_off=500))
    reached = await reach(registry)
    got: list[bytes] = []
    with pytest.raises(Unavailable, match="closed within the answer") as cut:
        await read_blob(reached, 1000, got=got)
    assert cut.value.retryable
    assert b"".join(got) == b"x" * 500
    assert reached.count(request_class="blob-get", received_bytes=500) == 1


async def test_a_listing_cut_short_is_read_again(serve: Serve, reach: Open) -> None:
    replies = iter([Reply(body=b'{"tags":["v1"]}', break_off=3), Reply(body=b'{"tags":["v1"]}')])
    reached = await reach(await serve(lambda _: next(replies)))
    assert (await reached.client.tags_page(FOO, n=9)).tags == ("v1",)


async def test_a_blob_that_stands_still_is_an_error(serve: Serve, reach: Open) -> None:
    async def stall(seen: Seen) -> Reply:
        return Reply(body=b"x" * 1000, stall_after=500)

    reached = await reach(await serve(stall), timeouts=Timeouts(stall_s=0.05))
    with pytest.raises(Unavailable, match="no answer in time"):
        await read_blob(reached, 1000)


async def test_a_listing_that_stands_still_is_an_error(serve: Serve, reach: Open) -> None:
    reached = await reach(
        await serve(lambda _: Reply(body=b"x" * 1000, stall_after=500)),
        timeouts=Timeouts(stall_s=0.05),
        retries=ONE_TRY,
    )
    with pytest.raises(Unavailable, match="no answer in time"):
        await reached.client.tags_page(FOO, n=9)


async def test_a_host_that_does_not_answer_at_all_is_an_error(serve: Serve, reach: Open) -> None:
    async def never(seen: Seen) -> Reply:
        await anyio.sleep_forever()
        raise AssertionError

    reached = await reach(await serve(never), timeouts=Timeouts(first_byte_s=0.05), retries=ONE_TRY)
    with pytest.raises(Unavailable, match="no answer in time"):
        await reached.client.tags_page(FOO, n=9)


async def test_a_reader_that_fails_is_no_fault_of_the_registry(serve: Serve, reach: Open) -> None:
    reached = await reach(await serve(lambda _: Reply(body=b"x" * 100_000)))
    with pytest.raises(OSError, match="disk full"):
        async with reached.client.blob(FOO, D, 100_000):
            raise OSError("disk full")
    assert reached.transport._exchanger._health_of(HOST)._failures == 0


async def test_a_reader_that_stops_early_leaves_nothing_open(serve: Serve, reach: Open) -> None:
    reached = await reach(await serve(lambda _: Reply(body=b"x" * 10_000_000)))
    async with reached.client.blob(FOO, D, 10_000_000) as stream:
        async for _ in stream.pieces:
            break
    assert reached.connections_in_use == 0
    assert reached.free_slots() == 4


async def test_an_exchange_read_to_its_end_keeps_its_connection(serve: Serve, reach: Open) -> None:
    reached = await reach(await serve(lambda _: Reply(body=b'{"tags":[]}')))
    for _ in range(3):
        await reached.client.tags_page(FOO, n=9)
    assert sum(len(idle) for idle in reached.connector._conns.values()) == 1


async def test_no_blob_is_asked_of_an_entry_that_refused_its_account(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(body=b"blob"))
    reached = await reach(registry)
    reached.transport.standing.begin([RegistryPath(HOST, "prod")])
    reached.transport.standing.refused(HOST, FOO, write=False, owner="me", status=403, said="status 403")
    with pytest.raises(CredentialError, match="me may not read"):
        async with reached.client.blob(FOO, D, 4):
            pass
    assert registry.seen == []
