"""Loading: everything that is wrong is told at once, each thing once, with its place."""

import os
import sys
from pathlib import Path

import pytest

from cip_async.errors import InvalidManifests, InvalidSettings
from cip_async.manifests.tree import load_images, load_manifests, read_manifests
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.settings import Files
from tests.unit.manifests.samples import IMAGES, REGISTRIES, A, thin, told, write

PLAIN = f"{REGISTRIES}images:\n{IMAGES}"
BAD_IMAGES = f"""\
- name: etcd
  dmap:
    "sha256:12": ["v1"]
    "{A}": ["v2", ".x"]
"""
MALFORMED_DIGEST = "digest 'sha256:12' is malformed: expected 'sha256:' and 64 hex digits"
MALFORMED_TAG = (
    "tag '.x' is malformed: expected a letter, digit or '_', then at most 127 letters, digits, '_', '.' and '-'"
)


def refused(folder: Path, *, strict: bool = False, quarantine: bool = False) -> list[str]:
    with pytest.raises(InvalidManifests) as caught:
        load_manifests(thin_manifest_dir=folder, strict=strict, quarantine=quarantine)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def wanted(manifests: PromoterManifests) -> list[tuple[str, str, dict[str, tuple[str, ...]]]]:
    return [
        (str(manifest.source.path), image.name, {want.digest: want.tags for want in image.digests})
        for manifest in manifests.manifests
        for image in manifest.images
    ]


def test_a_plain_manifest_is_loaded_from_its_file(tmp_path: Path) -> None:
    write(tmp_path, {"plain.yaml": PLAIN})
    loaded = load_manifests(manifest=tmp_path / "plain.yaml")
    assert wanted(loaded) == [("gcr.io/staging", "etcd", {A: ("v1",)})]
    assert loaded.problems == ()
    assert loaded.manifests[0].path == str(tmp_path / "plain.yaml")


def test_thin_manifests_are_loaded_from_their_folder_sorted_by_path(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        write(tmp_path, thin(name, registries=REGISTRIES.replace("staging", f"staging-{name}")))
    loaded = load_manifests(thin_manifest_dir=tmp_path)
    assert wanted(loaded) == [(f"gcr.io/staging-{name}", "etcd", {A: ("v1",)}) for name in "abc"]
    assert [manifest.path for manifest in loaded.manifests] == [
        f"{tmp_path}/manifests/{name}/promoter-manifest.yaml" for name in "abc"
    ]
    assert loaded.problems == ()


def test_a_path_may_be_text(tmp_path: Path) -> None:
    write(tmp_path, thin("foo"))
    assert len(load_manifests(thin_manifest_dir=str(tmp_path)).manifests) == 1


def test_paths_are_shown_as_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"set/manifests/foo/promoter-manifest.yaml": ""})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidManifests, match=r"^set/manifests/foo/promoter-manifest\.yaml:1:1: has no images"):
        load_manifests(thin_manifest_dir="set")


@pytest.mark.parametrize("arguments", [{}, {"manifest": "a", "thin_manifest_dir": "b"}])
def test_one_kind_of_manifest_is_asked_for(arguments: dict[str, str]) -> None:
    with pytest.raises(InvalidSettings, match="expected one of the two"):
        load_manifests(manifest=arguments.get("manifest"), thin_manifest_dir=arguments.get("thin_manifest_dir"))


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    write(
        tmp_path,
        {**thin("foo"), "README.md": "- [", "OWNERS": "", "manifests/foo/notes.yaml": "&", "tests/t.yaml": "["},
    )
    assert load_manifests(thin_manifest_dir=tmp_path).problems == ()


def test_an_images_file_may_be_empty(tmp_path: Path) -> None:
    write(tmp_path, thin("foo", images=""))
    (manifest,) = load_manifests(thin_manifest_dir=tmp_path).manifests
    assert manifest.images == ()


def test_all_problems_of_all_files_come_at_once_sorted_by_place(tmp_path: Path) -> None:
    write(
        tmp_path,
        {**thin("a", images=BAD_IMAGES), **thin("b", registries="registries: []\n"), **thin("c", images="- &x y")},
    )
    write(tmp_path, {"manifests/d/promoter-manifest.yaml": REGISTRIES, "images.yaml": ""})
    assert refused(tmp_path) == [
        f"images/a/images.yaml:3:5: {MALFORMED_DIGEST}",
        f"images/a/images.yaml:4:87: {MALFORMED_TAG}",
        "images/c/images.yaml:1:3: an image is 'y': expected the fields name and dmap",
        "images/c/images.yaml:1:3: anchors are not allowed: remove &x",
        (
            "manifests/b/promoter-manifest.yaml:1:13: registries is a list: expected a list of one source and the"
            " registries to promote to"
        ),
        (
            "manifests/d/promoter-manifest.yaml:1:1: has no images: expected them in images/d/images.yaml,"
            " which may be empty"
        ),
    ]


def test_quarantine_leaves_out_exactly_the_invalid_entries(tmp_path: Path) -> None:
    write(tmp_path, {**thin("a", images=BAD_IMAGES), **thin("b")})
    write(tmp_path, {"manifests/c/promoter-manifest.yaml": REGISTRIES})
    loaded = load_manifests(thin_manifest_dir=tmp_path, quarantine=True)
    assert wanted(loaded) == [("gcr.io/staging", "etcd", {A: ("v2",)}), ("gcr.io/staging", "etcd", {A: ("v1",)})]
    assert told(loaded.invalid, below=tmp_path) == [
        f"ENTRY images/a/images.yaml:3:5: {MALFORMED_DIGEST}",
        f"ENTRY images/a/images.yaml:4:87: {MALFORMED_TAG}",
        (
            "ENTRY manifests/c/promoter-manifest.yaml:1:1: has no images: expected them in images/c/images.yaml,"
            " which may be empty"
        ),
    ]
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            thin("foo", images="- [\n"),
            ("images/foo/images.yaml:2:1: is not YAML: did not find expected node content while parsing a flow node"),
        ),
        (
            thin("foo", images="- name: \x00"),
            "images/foo/images.yaml:1:9: is not YAML: control characters are not allowed",
        ),
        (thin("foo", images="[" * 100_000), "images/foo/images.yaml:1:33: is nested deeper than 32 levels"),
        (
            thin("foo", registries=""),
            (
                "manifests/foo/promoter-manifest.yaml:1:1: this file is empty: expected a promoter"
                " manifest, a mapping with registries"
            ),
        ),
        (
            thin("foo", registries=f"{REGISTRIES}- name: gcr.io/staging\n"),
            (
                "manifests/foo/promoter-manifest.yaml:5:9:"
                " registry gcr.io/staging cannot be promoted to: it is the source too (line 2), and a source is"
                " never written"
            ),
        ),
    ],
)
def test_a_file_that_cannot_be_understood_stops_in_every_mode(
    tmp_path: Path, files: dict[str, str], problem: str
) -> None:
    write(tmp_path, {**files, **thin("zzz")})
    assert refused(tmp_path) == [problem]
    assert refused(tmp_path, quarantine=True) == [problem]


def test_a_warning_lets_everything_be_promoted(tmp_path: Path) -> None:
    write(tmp_path, {**thin("foo"), "images/bar/images.yaml": IMAGES})
    loaded = load_manifests(thin_manifest_dir=tmp_path)
    assert len(loaded.manifests) == 1
    assert loaded.invalid == ()
    assert told(loaded.warnings, below=tmp_path) == [
        (
            "WARNING images/bar/images.yaml:1:1: is not promoted: its promoter manifest"
            " manifests/bar/promoter-manifest.yaml is missing"
        )
    ]


def test_a_warning_is_a_problem_when_strict(tmp_path: Path) -> None:
    write(tmp_path, {**thin("foo"), "images/bar/images.yaml": IMAGES})
    expected = (
        "images/bar/images.yaml:1:1: is not promoted: its promoter manifest"
        " manifests/bar/promoter-manifest.yaml is missing"
    )

    assert refused(tmp_path, strict=True) == [expected]
    loaded = load_manifests(thin_manifest_dir=tmp_path, strict=True, quarantine=True)
    assert told(loaded.invalid, below=tmp_path) == [f"ENTRY {expected}"]


def test_a_folder_without_manifests_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(InvalidManifests) as caught:
        load_manifests(thin_manifest_dir=tmp_path, quarantine=True)
    assert str(caught.value) == (
        f"{tmp_path}:1:1: has no promoter manifest: expected manifests/<name>/promoter-manifest.yaml"
    )


def test_a_folder_that_is_not_there_is_one_problem(tmp_path: Path) -> None:
    assert refused(tmp_path / "missing") == [f"{tmp_path}/missing:1:1: cannot be read: No such file or directory"]


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_what_no_file_can_be_called_is_told(name: str) -> None:
    expected = "expected a name that a file can have"
    with pytest.raises(InvalidSettings, match=expected):
        read_manifests(manifest=name)
    with pytest.raises(InvalidSettings, match=expected):
        read_manifests(thin_manifest_dir=name)
    with pytest.raises(InvalidSettings, match=expected):
        load_images(name)


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(InvalidManifests) as caught:
        load_manifests(manifest=tmp_path / "missing.yaml")
    assert str(caught.value) == f"{tmp_path}/missing.yaml:1:1: cannot be read: No such file or directory"


def test_a_file_beyond_its_bound_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, {"plain.yaml": PLAIN + "#" * 1024})
    with pytest.raises(InvalidManifests, match=r"plain\.yaml:1:1: is larger than 1,024 bytes$"):
        load_manifests(manifest=tmp_path / "plain.yaml", files=Files(yaml_bytes=1024))


def test_a_file_that_leads_out_of_the_folder_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, {"secret.yaml": IMAGES})
    folder = write(tmp_path / "set", thin("foo"))
    images = folder / "images/foo/images.yaml"
    images.unlink()
    images.symlink_to("../../../secret.yaml")
    assert refused(folder, quarantine=True) == ["images/foo/images.yaml:1:1: is a link that leads out of the folder"]


def test_a_folder_that_leads_out_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path / "outside", thin("bar"))
    folder = write(tmp_path / "set", thin("foo"))
    (folder / "manifests/bar").symlink_to("../../outside/manifests/bar")
    assert refused(folder, quarantine=True) == ["manifests/bar:1:1: is a link that leads out of the folder"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are not UTF-8")
def test_names_that_are_not_utf8_are_shown_with_escapes(tmp_path: Path) -> None:
    write(tmp_path, thin("foo"))
    odd = os.fsdecode(b"\xff")
    write(tmp_path, {f"manifests/{odd}/promoter-manifest.yaml": REGISTRIES})
    assert refused(tmp_path) == [
        (
            r"manifests/\xff/promoter-manifest.yaml:1:1: has no images: expected them in"
            r" images/\xff/images.yaml, which may be"
            r" empty"
        )
    ]


def test_a_destination_that_is_a_source_of_another_file_is_a_problem(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            **thin("a"),
            **thin("b", registries="registries:\n- {name: us.gcr.io/prod, src: true}\n- name: eu.gcr.io/x\n"),
        },
    )
    assert refused(tmp_path, quarantine=True) == [
        (
            "manifests/a/promoter-manifest.yaml:4:9: registry us.gcr.io/prod cannot be promoted to: it holds"
            " us.gcr.io/prod/etcd, which is promoted from at manifests/b/promoter-manifest.yaml:2:10, and a source is"
            " never written"
        )
    ]


def test_everything_that_can_be_understood_can_be_read_whatever_is_wrong(tmp_path: Path) -> None:
    write(tmp_path, {**thin("a", images="- ["), **thin("b"), **thin("c", registries="[]")})
    found = read_manifests(thin_manifest_dir=tmp_path)
    assert [(Path(manifest.path).parent.name, len(manifest.images)) for manifest in found.manifests] == [
        ("a", 0),
        ("b", 1),
    ]
    assert [Path(problem.place.path).parent.name for problem in found.invalid] == ["a", "c"]
    assert found.has_spoilt_files
