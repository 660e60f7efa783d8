"""Measure the inventory store: digests in, and streamed out sorted; prints JSON.

    python -m benchmarks.inventory --digests 500000 --repositories 2000

Memory is this process's peak above what it held before the store was opened, in bytes; the listings are made
one at a time and let go, as a crawl does.
"""

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

import anyio

from benchmarks._memory import peak_bytes
from cip_async.inventory.store import InventoryStore
from cip_async.model.listing import Described, Listing
from cip_async.reference import Digest, Host, Repository, Tag

_MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"


def main() -> None:
    """Measure once and print the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digests", type=int, default=500_000)
    parser.add_argument("--repositories", type=int, default=2_000)
    parser.add_argument("--file", type=Path, help="keep the inventory here instead of in a temporary database")
    arguments = parser.parse_args()
    result = anyio.run(measured, arguments.digests, arguments.repositories, arguments.file)
    json.dump(result, sys.stdout, indent=2)
    print()


async def measured(digests: int, repositories: int, path: Path | None) -> dict[str, float]:
    """Put and stream `digests` digests, each with one tag, over `repositories` repositories."""
    before = peak_bytes()
    started, cpu = time.perf_counter(), time.process_time()
    async with InventoryStore.opened(path) as store:
        each = digests // repositories
        for number in range(repositories):
            await store.put(_listing(number, each))
        put_s = time.perf_counter() - started
        streamed_from = time.perf_counter()
        rows, in_order = await _streamed(store)
        stream_s = time.perf_counter() - streamed_from
    return {
        "digests": each * repositories,
        "repositories": repositories,
        "put_seconds": round(put_s, 3),
        "stream_seconds": round(stream_s, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
        "rows": rows,
        "in_order": in_order,
        "peak_bytes_above_start": peak_bytes() - before,
        "file_bytes": (await anyio.Path(path).stat()).st_size if path else 0,
    }


async def _streamed(store: InventoryStore) -> tuple[int, bool]:
    rows, in_order, last = 0, True, None
    async for chunk in store.chunks():
        for row in chunk:
            in_order = in_order and (last is None or last < row)
            last = row
        rows += len(chunk)
    return rows, in_order


def _listing(number: int, digests: int) -> Listing:
    names = [Digest(f"sha256:{hashlib.sha256(b'%d %d' % (number, place)).hexdigest()}") for place in range(digests)]
    return Listing(
        repository=Repository(Host("us.example"), f"mirror/image-{number}"),
        digests=frozenset(names),
        tags={Tag(f"v1.{place}"): digest for place, digest in enumerate(names)},
        described=dict.fromkeys(names, Described(media_type=_MEDIA_TYPE, size_bytes=12_345_678)),
    )


if __name__ == "__main__":
    main()
