"""A promotion in the shape of a large project's: all its repositories, tags and sharing, on small images."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import attrs
import pytest
from anyio import to_thread

from benchmarks._shape import REGIONS, corrected_copy, like_kubernetes, scaled
from cip_async.fake_registry.images import Image, layer, multi_arch, push, single
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store
from cip_async.inventory.selection import Selection
from cip_async.inventory.text import Output
from cip_async.manifests.tree import load_manifests
from cip_async.model import promoter_manifest
from cip_async.model.outcome import Fate
from cip_async.model.promoter_manifest import PromoterManifest, PromoterManifests, WantedDigest
from cip_async.planning.pairs import wanted_pairs
from cip_async.promoter import Promoter
from cip_async.reference import Digest, parse_registry_path
from cip_async.reporting.totals import total
from tests.service.conftest import ServeHosts
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

MIRRORS: Final = tuple(f"{region}-docker.pkg.dev" for region in REGIONS[:3])
FRACTION: Final = 0.001
"""Of the 19,501 digests; at least one for each image, and all that are wanted in two places."""


def _shape(folder: Path) -> tuple[PromoterManifests, str]:
    """The project's own promoter manifests or some that are like them, and below what in a mirror their images go."""
    if "CIP_REAL_MANIFESTS" not in os.environ:
        return scaled(like_kubernetes(), FRACTION), "production/images"
    corrected_copy(Path(os.environ["CIP_REAL_MANIFESTS"]) / "kubernetes-2024-04", folder)
    return scaled(load_manifests(thin_manifest_dir=folder), FRACTION), "k8s-artifacts-prod/images"


def _image(number: int, digest: Digest) -> Image:
    """One image in place of another: every fourth is an index, and all share a layer with a few others."""
    shared = layer(f"base {number % 16}")
    if number % 4 == 0:
        return multi_arch(seed=digest, layers=0, shared_layers=[shared])
    return single(seed=digest, layers=[shared, layer(digest)])


def _all_wants(
    manifests: PromoterManifests,
) -> Iterator[tuple[PromoterManifest, promoter_manifest.Image, WantedDigest]]:
    for manifest in manifests.manifests:
        for image in manifest.images:
            for want in image.digests:
                yield manifest, image, want


def _stand_ins(manifests: PromoterManifests) -> dict[Digest, Image]:
    digests = sorted({want.digest for _, _, want in _all_wants(manifests)})
    return {digest: _image(number, digest) for number, digest in enumerate(digests)}


def _with(manifests: PromoterManifests, images: dict[Digest, Image]) -> PromoterManifests:
    """The same wants of other digests."""

    def replaced(image: promoter_manifest.Image) -> promoter_manifest.Image:
        wants = (attrs.evolve(want, digest=images[want.digest].digest) for want in image.digests)
        return attrs.evolve(image, digests=tuple(wants))

    return attrs.evolve(
        manifests,
        manifests=tuple(
            attrs.evolve(manifest, images=tuple(map(replaced, manifest.images))) for manifest in manifests.manifests
        ),
    )


def _fill(store: Store, manifests: PromoterManifests, images: Iterable[Image]) -> None:
    by_digest = {image.digest: image for image in images}
    for manifest, image, want in _all_wants(manifests):
        push(store, manifest.source.path.repository(image.name).path, by_digest[want.digest])


def _wanted_in(mirror: str, prefix: str, manifests: PromoterManifests) -> list[str]:
    """The snapshot of a mirror that holds what is wanted and nothing else, spelled out edge by edge."""
    base = parse_registry_path(f"{mirror}/{prefix}")
    lines = {
        (name := str(entry.path.repository(image.name)).removeprefix(f"{base}/"), want.digest, f"{name}:{tag}")
        for manifest, image, want in _all_wants(manifests)
        for entry in manifest.destinations
        if entry.path.host == mirror
        for tag in want.tags
    }
    return [f"{name}@{digest},{tag}" for name, digest, tag in sorted(lines)]


async def _snapshot(promoter: Promoter, registry: str) -> list[str]:
    async with promoter.snapshot(registry, selection=Selection(minimal=True)) as taken:
        return "".join([text async for text in taken.text(Output.CSV)]).splitlines()


async def test_each_mirror_holds_exactly_what_is_wanted_and_a_second_run_writes_nothing(
    serve_hosts: ServeHosts, promoter_for: Callable[..., Promoter], tmp_path: Path
) -> None:
    original, prefix = await to_thread.run_sync(_shape, tmp_path)
    images = _stand_ins(original)
    manifests = _with(original, images)
    staging = Staging(await serve_hosts("gcr.io", *MIRRORS, rules=Rules.google), tmp_path)
    _fill(staging.servers["gcr.io"].store, manifests, images.values())

    async with promoter_for(staging, confirm=True, use_service_accounts=False) as promoter:
        first = await promoter.run(manifests, to=MIRRORS)
        snapshots = {mirror: await _snapshot(promoter, f"{mirror}/{prefix}") for mirror in MIRRORS}
        staging.forget_requests()
        second = await promoter.run(manifests, to=MIRRORS)

    edges = sum(pair.image.edges for pair in wanted_pairs(manifests, to=MIRRORS))
    assert dict(total(first).fates) == {Fate.PROMOTED: edges}
    assert snapshots == {mirror: _wanted_in(mirror, prefix, manifests) for mirror in MIRRORS}
    for mirror in MIRRORS:
        store = staging.servers[mirror].store
        assert not any(store.missing_content(path) for path in store.repositories())
    assert first.traffic.blobs_read == len({blob for image in images.values() for blob in image.all_blobs})
    assert dict(total(second).fates) == {Fate.ALREADY_PROMOTED: edges}
    assert staging.writes() == []
