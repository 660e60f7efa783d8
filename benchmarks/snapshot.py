"""Measure a snapshot of a large registry, and whether its YAML, read back, wants the same; prints JSON.

    python -m benchmarks.snapshot --digests 200000

The registry is served by a process of its own, with Google's listing. Memory is the peak of this process.
"""

import argparse
import hashlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import anyio

from benchmarks._memory import peak_bytes
from benchmarks._served import served
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.garbage import collect_rarely
from cip_async.fake_registry.documents import OCI_MANIFEST, Document
from cip_async.fake_registry.host import FakeRegistries
from cip_async.fake_registry.rules import Rules
from cip_async.inventory.text import Output
from cip_async.manifests.tree import load_images
from cip_async.promoter import Promoter
from cip_async.reference import Digest, Tag

HOST: Final = "us.gcr.io"
TARGET_BYTES: Final = 200_000_000
_BODY: Final = b'{"schemaVersion": 2}'


def registry(digests: int, repositories: int) -> FakeRegistries:
    """One host with that many digests, each with a tag."""
    registries = FakeRegistries(HOST, rules=Rules.google)
    store = registries[HOST].store
    for number in range(digests):
        digest = Digest(f"sha256:{hashlib.sha256(b'%d' % number).hexdigest()}")
        document = Document(digest=digest, media_type=OCI_MANIFEST, body=_BODY, blobs=())
        store.add_document(f"prod/image-{number % repositories}", document, [Tag(f"v{number // repositories}")])
    return registries


def main() -> None:
    """Measure once and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--digests", type=int, default=200_000)
    parser.add_argument("--repositories", type=int, default=200)
    arguments = parser.parse_args()
    with (
        served(registry, arguments.digests, arguments.repositories) as endpoints,
        tempfile.TemporaryDirectory() as folder,
    ):
        path = Path(folder, "images.yaml")
        started, cpu = time.perf_counter(), time.process_time()
        collect_rarely()  # as a command does
        digests = run_in_event_loop(lambda: written(endpoints, path))
        seconds, cpu_seconds, peak = time.perf_counter() - started, time.process_time() - cpu, peak_bytes()
        wanted = sum(len(image.digests) for image in load_images(path))
        result = {
            "digests": digests,
            "repositories": arguments.repositories,
            "seconds": round(seconds, 2),
            "cpu_seconds": round(cpu_seconds, 2),
            "yaml_bytes": path.stat().st_size,
            "peak_bytes": peak,
            "digests_wanted_by_the_yaml": wanted,
            "target": {"peak_bytes": TARGET_BYTES},
            "target_is_met": peak < TARGET_BYTES and wanted == digests,
        }
    json.dump(result, sys.stdout, indent=2)
    print()


async def written(endpoints: dict[str, str], path: Path) -> int:
    """Take the snapshot, and stream it to `path`; return how many digests it has."""
    async with (
        Promoter(endpoints=endpoints) as promoter,
        promoter.snapshot(f"{HOST}/prod") as snapshot,
        await anyio.open_file(path, "w") as file,
    ):
        async for piece in snapshot.text(Output.YAML):
            await file.write(piece)
        return snapshot.counts.digests


if __name__ == "__main__":
    main()
