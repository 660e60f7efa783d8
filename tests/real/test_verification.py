"""Verification and repair of a real registry (distribution 2.8.2) of whose storage folder files are gone."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from anyio import to_thread

from cip_async.fake_registry import images
from cip_async.manifests.tree import load_manifests
from cip_async.model.damage import Flaw, RepairFate
from cip_async.model.report import Report
from cip_async.model.verification import Verification
from cip_async.promoter import Promoter
from cip_async.reporting.drift import drift
from tests.real.conftest import RealRegistry, StartRegistry
from tests.real.test_promotion import Wanted, assert_holds, fill, promote

pytestmark = pytest.mark.anyio

MULTI = images.multi_arch(seed="multi")
NESTED = images.index(images.index(images.single(seed="inner")), images.single(seed="outer"))
SINGLE = images.single(seed="single")
WANTED: Wanted = {"app": [(MULTI, ("v1",)), (NESTED, ("v2",)), (SINGLE, ("v3", "latest"))]}

CHILD = MULTI.children[0]
INNER = NESTED.children[0].children[0]


async def verified(folder: Path) -> Verification:
    manifests = await to_thread.run_sync(lambda: load_manifests(manifest=folder / "promoter-manifest.yaml"))
    async with Promoter(docker_config=folder / "config.json") as promoter:
        return await promoter.verify(manifests, deep=True)


async def repaired(folder: Path) -> Report:
    manifests = await to_thread.run_sync(lambda: load_manifests(manifest=folder / "promoter-manifest.yaml"))
    async with Promoter(confirm=True, docker_config=folder / "config.json") as promoter:
        return await promoter.run(manifests, repair=True)


async def lose(mirror: RealRegistry, digests: Iterable[str]) -> None:
    for digest in digests:
        await to_thread.run_sync(mirror.data(digest).unlink)


@pytest.fixture
async def mirror(start_registry: StartRegistry, tmp_path: Path) -> RealRegistry:
    """A mirror that was promoted to; it looks at its files for each request."""
    source, mirror = await start_registry(), await start_registry(cached=False)
    await fill(source, WANTED)
    await promote(tmp_path, WANTED, source.host, [mirror.host])
    return mirror


async def test_a_whole_mirror_is_found_to_be_whole(mirror: RealRegistry, tmp_path: Path) -> None:
    found = await verified(tmp_path)
    assert (list(drift(found.plan)), found.damages) == ([], ())


async def test_what_is_gone_from_the_storage_is_named_and_mended(mirror: RealRegistry, tmp_path: Path) -> None:
    config, layer = list(SINGLE.blobs)[:2]
    blob = next(iter(INNER.blobs))
    await lose(mirror, [CHILD.digest, config, layer, blob])
    tag = mirror.storage / "docker/registry/v2/repositories/prod/app/_manifests/tags/latest"
    await to_thread.run_sync(shutil.rmtree, tag)

    found = await verified(tmp_path)

    assert [(each.flaw, each.tag) for each in drift(found.plan)] == [(Flaw.TAG_MISSING, "latest")]
    assert {(damage.flaw, damage.paths) for damage in found.damages} == {
        (Flaw.CONTENT_MISSING, ((MULTI.digest, CHILD.digest),)),
        (Flaw.CONTENT_MISSING, ((SINGLE.digest, config),)),
        (Flaw.CONTENT_MISSING, ((SINGLE.digest, layer),)),
        (Flaw.CONTENT_MISSING, ((NESTED.digest, NESTED.children[0].digest, INNER.digest, blob),)),
    }

    report = await repaired(tmp_path)

    assert {repair.fate for repair in report.repairs} == {RepairFate.REPAIRED}
    after = await verified(tmp_path)
    assert (list(drift(after.plan)), after.damages) == ([], ())
    await assert_holds(mirror, WANTED)


async def test_what_the_registry_keeps_although_it_is_wrong_is_told(mirror: RealRegistry, tmp_path: Path) -> None:
    layer = list(SINGLE.blobs)[1]
    await to_thread.run_sync(mirror.data(layer).write_bytes, b"cut")

    [damage] = (await verified(tmp_path)).damages
    assert (damage.flaw, damage.piece.digest) == (Flaw.CONTENT_WRONG, layer)

    report = await repaired(tmp_path)
    [repair] = report.repairs
    assert repair.fate is RepairFate.FAILED
    assert {failure.tag for failure in report.failures.values()} == {"v3", "latest"}
