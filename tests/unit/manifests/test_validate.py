"""The rules for the files of promoter manifests as a whole."""

import pytest

from cip_async.manifests.validate import plain_manifest, thin_images, thin_registries
from tests.unit.manifests.samples import IMAGES, REGISTRIES, A, told, tree

PLAIN = f"{REGISTRIES}images:\n{IMAGES}"


def test_a_plain_manifest_holds_registries_and_images() -> None:
    manifest, problems = plain_manifest(tree(PLAIN), "f")
    assert problems == ()
    assert manifest is not None
    assert manifest.path == "f"
    assert str(manifest.source.path) == "gcr.io/staging"
    assert [str(entry.path) for entry in manifest.destinations] == ["us.gcr.io/prod"]
    assert [(image.name, [want.digest for want in image.digests]) for image in manifest.images] == [("etcd", [A])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["FILE f:1:1: this file is empty: expected a promoter manifest, a mapping with images and registries"]),
        (
            "- a",
            ["FILE f:1:1: this file is a list: expected a promoter manifest, a mapping with images and registries"],
        ),
        ("a", ["FILE f:1:1: this file is 'a': expected a promoter manifest, a mapping with images and registries"]),
        ("{}", ["FILE f:1:1: the field images is missing", "FILE f:1:1: the field registries is missing"]),
        (REGISTRIES, ["FILE f:1:1: the field images is missing"]),
        (f"images:\n{IMAGES}", ["FILE f:1:1: the field registries is missing"]),
        (f"{PLAIN}imagesPath: x\n", ["FILE f:9:1: unknown field 'imagesPath': expected images or registries"]),
        (f"{PLAIN}images: []\n", ["FILE f:9:1: field 'images' is here twice: first in line 5"]),
        (
            f"{REGISTRIES}images:\n",
            ["FILE f:5:8: images is '': expected a list of images with the fields name and dmap"],
        ),
    ],
)
def test_a_breach_in_a_plain_manifest_is_named_with_its_place(text: str, expected: list[str]) -> None:
    assert told(plain_manifest(tree(text), "f")[1]) == expected


def test_without_sound_registries_there_is_no_manifest_but_its_images_are_checked_too() -> None:
    manifest, problems = plain_manifest(tree("registries: []\nimages: [{name: X, dmap: {}}]"), "f")
    assert manifest is None
    assert [problem.gravity.name for problem in problems] == ["FILE", "ENTRY", "ENTRY"]


def test_a_thin_manifest_holds_registries() -> None:
    found, problems = thin_registries(tree(REGISTRIES), "f")
    assert problems == ()
    assert found is not None
    assert str(found.source.path) == "gcr.io/staging"


@pytest.mark.parametrize("value", ["images/foo/images.yaml", "", "[a, {b: c}]"])
def test_the_deprecated_images_path_is_ignored_whatever_it_says(value: str) -> None:
    found, problems = thin_registries(tree(f"{REGISTRIES}imagesPath: {value}\n"), "f")
    assert problems == ()
    assert found is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["FILE f:1:1: this file is empty: expected a promoter manifest, a mapping with registries"]),
        ("imagesPath: x", ["FILE f:1:1: the field registries is missing"]),
        (f"{REGISTRIES}images: []", ["FILE f:5:1: unknown field 'images': expected imagesPath or registries"]),
    ],
)
def test_a_breach_in_a_thin_manifest_is_named_with_its_place(text: str, expected: list[str]) -> None:
    assert told(thin_registries(tree(text), "f")[1]) == expected


@pytest.mark.parametrize("text", ["", "# none yet", "---", "~", "null", "[]"])
def test_an_images_file_may_be_empty(text: str) -> None:
    assert thin_images(tree(text), "f") == ((), ())


def test_an_images_file_is_a_list() -> None:
    images, problems = thin_images(tree(f"images:\n{IMAGES}"), "f")
    assert images == ()
    assert told(problems) == [
        "FILE f:1:1: this file is a mapping: expected a list of images with the fields name and dmap"
    ]
