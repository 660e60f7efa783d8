"""The snapshot of what a real project's promoter manifests want, held against their YAML, read by another reader."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio import to_thread
from ruamel.yaml import YAML

from benchmarks._shape import corrected_copy
from cip_async.inventory.text import Output
from cip_async.inventory.wanted import wanted_snapshot
from cip_async.manifests.tree import load_manifests
from cip_async.reference import parse_registry_path

REAL = os.environ.get("CIP_REAL_MANIFESTS")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        REAL is None,
        reason="CIP_REAL_MANIFESTS does not point to the thin manifests of github.com/kubernetes/k8s.io",
    ),
]


@pytest.mark.parametrize(
    ("name", "registry", "digests", "rows"),
    [
        ("kubernetes-2020-08", "us.gcr.io/k8s-artifacts-prod", 869, 1_338),
        ("kubernetes-2024-04", "us-central1-docker.pkg.dev/k8s-artifacts-prod/images", 19_501, 32_160),
    ],
)
async def test_it_has_every_row_that_the_yaml_says(
    name: str, registry: str, digests: int, rows: int, tmp_path: Path
) -> None:
    folder = Path(str(REAL)) / name
    if name == "kubernetes-2024-04":
        await to_thread.run_sync(corrected_copy, folder, tmp_path)
        folder = tmp_path
    manifests = await to_thread.run_sync(lambda: load_manifests(thin_manifest_dir=folder))
    async with wanted_snapshot(manifests, parse_registry_path(registry)) as snapshot:
        text = "".join([piece async for piece in snapshot.text(Output.CSV)])
    expected = await to_thread.run_sync(lambda: set(rows_in(folder, registry)))
    assert set(text.splitlines()) == expected
    assert len(expected) == rows == snapshot.counts.rows
    assert len({row.partition("@")[2].partition(",")[0] for row in expected}) == digests == snapshot.counts.digests


def rows_in(folder: Path, registry: str) -> Iterator[str]:
    """The lines of CSV that follow from the files, by the shortest way there is."""
    yaml = YAML(typ="base", pure=True)
    for path in sorted(folder.glob("manifests/*/promoter-manifest.yaml")):
        entries = yaml.load(path)["registries"]
        images = yaml.load(folder / "images" / path.parent.name / "images.yaml") or []
        for entry in entries:
            below = f"{entry['name']}/"
            if entry.get("src") == "true" or not below.startswith(f"{registry}/"):
                continue
            prefix = below.removeprefix(f"{registry}/")
            for image in images:
                for digest, tags in (image.get("dmap") or {}).items():
                    full = f"{prefix}{image['name']}"
                    yield from (f"{full}@{digest},{full}:{tag}" for tag in tags)
                    if not tags:
                        yield f"{full}@{digest},-"
