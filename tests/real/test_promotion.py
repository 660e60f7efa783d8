"""Promotions between real registries (distribution 2.8.2), read back by skopeo."""

import base64
import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from cip_async.fake_registry import images
from cip_async.fake_registry.images import Image
from cip_async.manifests.tree import load_manifests
from cip_async.model.cost import Cause
from cip_async.model.outcome import Fate
from cip_async.model.report import Report
from cip_async.promoter import Promoter
from cip_async.reference import Digest
from cip_async.reporting.costs import causes, requests
from cip_async.reporting.totals import total
from tests.real.conftest import PASSWORD, USER, RealRegistry, StartRegistry
from tests.real.pushing import push

pytestmark = pytest.mark.anyio

Wanted = Mapping[str, Sequence[tuple[Image, tuple[str, ...]]]]

BASE = images.layer("a layer that all share", 300_000)


def content() -> Wanted:
    """Single and multi-arch images of both formats in three repositories, that share layers and have several tags."""
    return {
        name: [
            (images.multi_arch(seed=f"{name} multi", shared_layers=[BASE]), ("v2.0", "v2", "latest")),
            (images.single(seed=f"{name} single", layers=[BASE, images.layer(f"{name} own", 70_000)]), ("v1",)),
            (images.multi_arch(seed=f"{name} docker", image_format="docker"), ("1.10",)),
            (images.artifact(seed=f"{name} artifact"), ("sha256-signature.sig",)),
            (images.single(seed=f"{name} tagless"), ()),
        ]
        for name in ("app", "tools/cli", "tools/deep/er")
    }


async def fill(registry: RealRegistry, wanted: Wanted) -> None:
    for name, of_name in wanted.items():
        for image, tags in of_name:
            await push(registry.host, f"staging/{name}", image, *tags[:1])


async def promote(folder: Path, wanted: Wanted, source: str, mirrors: Iterable[str], auth: object = None) -> Report:
    manifests = await to_thread.run_sync(written, folder, wanted, source, tuple(mirrors), auth)
    async with Promoter(confirm=True, docker_config=folder / "config.json") as promoter:
        return await promoter.run(await to_thread.run_sync(lambda: load_manifests(manifest=manifests)))


def written(folder: Path, wanted: Wanted, source: str, mirrors: Sequence[str], auth: object) -> Path:
    """Write the promoter manifest, and a Docker configuration beside it."""
    lines = ["registries:", f"- name: {source}/staging", "  src: true"]
    lines += [f"- name: {mirror}/prod" for mirror in mirrors]
    lines += ["images:"]
    for name, of_name in wanted.items():
        lines += [f"- name: {name}", "  dmap:"]
        lines += [f'    "{image.digest}": [{", ".join(map(repr, tags))}]' for image, tags in of_name]
    path = folder / "promoter-manifest.yaml"
    path.write_text("\n".join(lines) + "\n")
    (folder / "config.json").write_text(json.dumps({"auths": auth or {}}))
    return path


async def skopeo(*arguments: str) -> bytes:
    return (await anyio.run_process(["skopeo", *arguments], stderr=None)).stdout


async def assert_holds(registry: RealRegistry, wanted: Wanted) -> None:
    """Whatever is wanted is there, byte for byte, says a reader that is not ours."""
    for name, of_name in wanted.items():
        for image, tags in of_name:
            for reference in [*(f":{tag}" for tag in tags), f"@{image.digest}"]:
                address = f"docker://{registry.host}/prod/{name}{reference}"
                raw = await skopeo("inspect", "--raw", "--tls-verify=false", address)
                assert f"sha256:{hashlib.sha256(raw).hexdigest()}" == image.digest, address


def all_blobs(wanted: Wanted) -> set[Digest]:
    return {digest for of_name in wanted.values() for image, _ in of_name for digest in image.all_blobs}


def edges(wanted: Wanted) -> int:
    return sum(len(tags) or 1 for of_name in wanted.values() for _, tags in of_name)


def fates(report: Report) -> dict[Fate, int]:
    return dict(total(report).fates)


async def test_each_blob_is_read_once_for_all_mirrors_and_repositories(
    start_registry: StartRegistry, tmp_path: Path
) -> None:
    staging, asia, eu = [await start_registry() for _ in range(3)]
    wanted = content()
    await fill(staging, wanted)
    pushed = len(await staging.requests())

    report = await promote(tmp_path, wanted, staging.host, [asia.host, eu.host])

    assert fates(report) == {Fate.PROMOTED: 2 * edges(wanted)}
    for mirror in (asia, eu):
        await assert_holds(mirror, wanted)
    reads = Counter(
        target.rpartition("/")[2]
        for method, target, status in (await staging.requests())[pushed:]
        if method == "GET" and "/blobs/" in target and status == 200
    )
    assert reads == dict.fromkeys(all_blobs(wanted), 1)
    assert report.traffic.blobs_read == len(all_blobs(wanted))


async def test_within_one_registry_no_blob_byte_moves(start_registry: StartRegistry, tmp_path: Path) -> None:
    registry = await start_registry()
    wanted = content()
    await fill(registry, wanted)
    pushed = len(await registry.requests())

    report = await promote(tmp_path, wanted, registry.host, [registry.host])

    assert fates(report) == {Fate.PROMOTED: edges(wanted)}
    assert requests(report).spent == len(await registry.requests()) - pushed
    assert causes(report) == {Cause.PROBES: 1}, "one PUT finds out that this registry takes one tag at a time"
    await assert_holds(registry, wanted)
    assert report.traffic.bytes_relayed == report.traffic.bytes_read == 0
    sent = (await registry.requests())[pushed:]
    assert not [target for method, target, _ in sent if method in ("PUT", "PATCH") and "/blobs/" in target]
    assert all(status == 201 for method, target, status in sent if method == "POST" and "mount=" in target)


async def test_a_second_run_sends_no_write(start_registry: StartRegistry, tmp_path: Path) -> None:
    staging, mirror = await start_registry(), await start_registry()
    wanted = content()
    await fill(staging, wanted)
    await promote(tmp_path, wanted, staging.host, [mirror.host])
    before = await mirror.writes()
    assert before

    report = await promote(tmp_path, wanted, staging.host, [mirror.host])

    assert fates(report) == {Fate.ALREADY_PROMOTED: edges(wanted)}
    assert await mirror.writes() == before
    assert {line.method for line in report.ledger} <= {"GET", "HEAD"}


async def test_every_platform_and_layer_can_be_pulled_afterwards(start_registry: StartRegistry, tmp_path: Path) -> None:
    staging, mirror = await start_registry(), await start_registry()
    wanted = {"app": content()["app"][:3]}
    await fill(staging, wanted)

    await promote(tmp_path, wanted, staging.host, [mirror.host])

    for image, tags in wanted["app"]:
        target = tmp_path / tags[0]
        address = f"docker://{mirror.host}/prod/app:{tags[0]}"
        await skopeo("copy", "--all", "--preserve-digests", "--src-tls-verify=false", address, f"dir:{target}")
        pulled = set(await to_thread.run_sync(os.listdir, target))
        assert {digest.partition(":")[2] for digest in image.all_blobs} <= pulled


async def test_many_images_that_share_their_content_arrive_whole(start_registry: StartRegistry, tmp_path: Path) -> None:
    staging, mirror = await start_registry(), await start_registry()
    layers = [images.layer(f"shared {number}", 2_000) for number in range(3)]
    wanted = {
        f"app{number % 4}": [
            (images.single(seed=f"{number % 4} {each}", layers=layers), (f"v{each}", f"w{each}")) for each in range(10)
        ]
        for number in range(4)
    }
    await fill(staging, wanted)

    report = await promote(tmp_path, wanted, staging.host, [mirror.host])

    assert fates(report) == {Fate.PROMOTED: edges(wanted)}
    await assert_holds(mirror, wanted)


async def test_a_registry_with_a_password_iswritten_with_the_one_from_the_docker_config(
    start_registry: StartRegistry, tmp_path: Path
) -> None:
    staging, mirror = await start_registry(), await start_registry(password=True)
    wanted = {"app": content()["app"][:2]}
    await fill(staging, wanted)
    secret = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    report = await promote(tmp_path, wanted, staging.host, [mirror.host], auth={mirror.host: {"auth": secret}})

    assert fates(report) == {Fate.PROMOTED: edges(wanted)}
    refused = [request for request in await mirror.requests() if request[2] == 401]
    assert len(refused) <= 2, "one challenge for reads and one for writes"


async def test_a_registry_with_a_password_makes_its_edges_unknown_without_one(
    start_registry: StartRegistry, tmp_path: Path
) -> None:
    staging, mirror = await start_registry(), await start_registry(password=True)
    wanted = {"app": content()["app"][:1]}
    await fill(staging, wanted)

    report = await promote(tmp_path, wanted, staging.host, [mirror.host])

    assert fates(report) == {Fate.FAILED: edges(wanted)}
    assert await mirror.writes() == []


async def test_the_command_line_promotes_between_them(start_registry: StartRegistry, tmp_path: Path) -> None:
    staging, mirror = await start_registry(), await start_registry()
    wanted = content()
    await fill(staging, wanted)
    path = await to_thread.run_sync(written, tmp_path, wanted, staging.host, (mirror.host,), None)
    environment = {**os.environ, "DOCKER_CONFIG": str(tmp_path)}

    command = [sys.executable, "-m", "cip_async", "run", "--manifest", str(path), "--progress", "never"]
    dry = await anyio.run_process(command, env=environment, stderr=None)
    assert f"{edges(wanted)} edges" in dry.stdout.decode()
    assert await mirror.writes() == []
    await anyio.run_process([*command, "--confirm"], env=environment, stderr=None)

    await assert_holds(mirror, wanted)
