"""The real promoter manifests of the Kubernetes project, mistakes included.

They are read where CIP_REAL_MANIFESTS points: a folder with `kubernetes-2020-08` and `kubernetes-2024-04`.
"""

import os
from pathlib import Path

import pytest

from cip_async.errors import InvalidManifests
from cip_async.manifests.canonical import canonical
from cip_async.manifests.edit import with_images
from cip_async.manifests.tree import load_images, load_manifests
from cip_async.model.promoter_manifest import Totals
from cip_async.planning.overlaps import overlaps
from cip_async.planning.pairs import totals, wanted_pairs
from cip_async.reference import Digest, ImageName, Tag
from tests.unit.manifests.samples import told

ROOT = os.environ.get("CIP_REAL_MANIFESTS", "")
pytestmark = pytest.mark.skipif(
    not ROOT, reason="CIP_REAL_MANIFESTS does not point to the thin manifests of github.com/kubernetes/k8s.io"
)
OLD, NEW = Path(ROOT) / "kubernetes-2020-08", Path(ROOT) / "kubernetes-2024-04"
NGINX = "images/k8s-staging-ingress-nginx/images.yaml"


def test_the_set_of_2020_is_sound_but_for_two_misplaced_manifests() -> None:
    loaded = load_manifests(thin_manifest_dir=OLD)
    assert totals(loaded) == Totals(manifests=47, images=153, digests=869, edges=4_014)
    assert told(loaded.problems, below=OLD) == [
        f"WARNING images/{name}/promoter-manifest.yaml:1:1: is misplaced and not read: expected"
        f" manifests/{name}/promoter-manifest.yaml, so images/{name}/images.yaml is not promoted"
        for name in ("k8s-staging-bootkube", "k8s-staging-ingress-controller-conformance")
    ]
    assert overlaps(wanted_pairs(loaded)) == ()


def test_the_set_of_2024_has_one_malformed_digest_and_one_tag_that_is_wanted_twice() -> None:
    loaded = load_manifests(thin_manifest_dir=NEW, quarantine=True)
    assert totals(loaded) == Totals(manifests=74, images=808, digests=19_501, edges=707_520)
    malformed = "sha256:23eb4b1775fbaa2adca55c73cf0341e1224d6308689b6f4b3aa1523312eb81c"
    assert told(loaded.problems, below=NEW) == [
        f"ENTRY {NGINX}:152:5: digest '{malformed}' is malformed: expected 'sha256:' and 64 hex digits"
    ]
    (overlap,) = overlaps(wanted_pairs(loaded))
    assert (overlap.tag, len(overlap.destinations)) == ("v1.4.0", 22)
    assert str(overlap.first_place) == f"{NEW}/{NGINX}:218:81"
    assert str(overlap.second_place) == f"{NEW}/{NGINX}:219:81"


@pytest.mark.parametrize("root", [OLD, NEW], ids=lambda root: root.name)
def test_adding_to_every_image_keeps_every_line_and_each_file_its_style(root: Path) -> None:
    digest, tag = Digest(f"sha256:{7:064x}"), Tag("v0.0.0-added")
    for path in sorted(root.glob("images/*/images.yaml")):
        content = path.read_bytes()
        try:
            names = {image.name for image in load_images(path)}
        except InvalidManifests:
            assert path == NEW / NGINX
            continue
        additions = {name: {digest: {tag}} for name in [*names, ImageName("new/image")]}
        edited = with_images(content, str(path), additions)
        rest = iter(edited.splitlines(keepends=True))
        assert all(line in rest for line in content.splitlines(keepends=True) if line.endswith(b"\n")), path
        assert edited.endswith(b"\n") == content.endswith(b"\n") or not content
        assert edited.count(b"\r\n") in (0, edited.count(b"\n"))
        assert with_images(edited, str(path), additions) == edited


@pytest.mark.parametrize("root", [OLD, NEW], ids=lambda root: root.name)
def test_the_canonical_form_of_every_file_keeps_its_comments_and_is_that_of_itself(root: Path) -> None:
    for path in sorted({*root.glob("*/*/*.yaml")} - {NEW / NGINX}):
        formatted = canonical(path.read_bytes(), str(path))
        assert formatted.count(b"#") == path.read_bytes().count(b"#")
        assert canonical(formatted, str(path)) == formatted
