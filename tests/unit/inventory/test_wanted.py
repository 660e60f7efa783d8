"""The snapshot of what promoter manifests want in a registry."""

from pathlib import Path

import pytest
from anyio import to_thread

from cip_async.errors import InvalidManifests
from cip_async.inventory.counts import Counts
from cip_async.inventory.text import Output
from cip_async.inventory.wanted import wanted_snapshot
from cip_async.manifests.tree import load_manifests
from cip_async.reference import parse_registry_path

pytestmark = pytest.mark.anyio

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
MANIFEST = f"""\
registries:
- name: gcr.io/staging
  src: true
- name: us.gcr.io/prod
- name: eu.gcr.io/prod
- name: us.gcr.io/prod/below
images:
- name: etcd
  dmap:
    "{A}": ["1.10", "latest"]
    "{B}": []
- name: foo/bar
  dmap:
    "{C}": ["v1"]
"""


async def snapshot_of(folder: Path, text: str, registry: str, output: Output = Output.CSV) -> tuple[str, Counts]:
    def load() -> object:
        path = folder / "promoter-manifest.yaml"
        path.write_text(text)
        return load_manifests(manifest=path)

    manifests = await to_thread.run_sync(load)
    async with wanted_snapshot(manifests, parse_registry_path(registry)) as snapshot:  # type: ignore[arg-type]
        return "".join([piece async for piece in snapshot.text(output)]), snapshot.counts


async def test_it_has_what_is_wanted_there_and_below(tmp_path: Path) -> None:
    text, counts = await snapshot_of(tmp_path, MANIFEST, "us.gcr.io/prod")
    assert text == "".join(
        f"{prefix}etcd@{A},{prefix}etcd:1.10\n{prefix}etcd@{A},{prefix}etcd:latest\n{prefix}etcd@{B},-\n"
        f"{prefix}foo/bar@{C},{prefix}foo/bar:v1\n"
        for prefix in ("below/", "")
    )
    assert counts == Counts(names=4, images=6, digests=3, tags=6, rows=8)


async def test_a_path_that_nothing_is_wanted_in_has_nothing(tmp_path: Path) -> None:
    text, counts = await snapshot_of(tmp_path, MANIFEST, "us.gcr.io/pro", Output.YAML)
    assert text == "[]\n"
    assert counts.rows == 0


async def test_the_repository_itself_can_be_named(tmp_path: Path) -> None:
    text, _ = await snapshot_of(tmp_path, MANIFEST, "eu.gcr.io/prod/foo/bar")
    assert text == f"bar@{C},bar:v1\n"


async def test_a_tag_with_two_digests_is_told_instead(tmp_path: Path) -> None:
    with pytest.raises(InvalidManifests, match=r"tag latest of us\.gcr\.io/prod/below/etcd .* is wanted with"):
        await snapshot_of(tmp_path, MANIFEST.replace("[]", '["latest"]'), "us.gcr.io/prod")
