"""Where the files of thin manifests belong, and what it means when one is elsewhere."""

import pytest

from cip_async.manifests.layout import images_file, is_of_interest, layout, manifest_file
from tests.unit.manifests.samples import told

MANIFEST, IMAGES = "promoter-manifest.yaml", "images.yaml"
FOO = (f"manifests/foo/{MANIFEST}", f"images/foo/{IMAGES}")


def arranged(*files: str) -> tuple[tuple[str, ...], list[str]]:
    found = layout(tuple(file.split("/")) for file in files)
    return found.names, told(found.problems)


def test_a_manifest_and_its_images_make_a_thin_manifest() -> None:
    assert arranged(*FOO) == (("foo",), [])


def test_names_are_sorted() -> None:
    files = [file for name in "bca" for file in (manifest_file(name), images_file(name))]
    assert arranged(*files)[0] == ("a", "b", "c")


@pytest.mark.parametrize("name", [MANIFEST, IMAGES, "promoter-manifest.yml", "images.yml"])
def test_files_that_were_meant_to_be_manifests_are_of_interest(name: str) -> None:
    assert is_of_interest(name)


@pytest.mark.parametrize("name", ["README.md", "OWNERS", "promoter-manifests.yaml", "images.yaml.bak", ""])
def test_other_files_are_nobodys_business(name: str) -> None:
    assert not is_of_interest(name)


def test_a_manifest_without_images_is_a_problem() -> None:
    assert arranged(*FOO, f"manifests/bar/{MANIFEST}") == (
        ("foo",),
        [
            (
                "ENTRY manifests/bar/promoter-manifest.yaml:1:1: has no images: expected them in"
                " images/bar/images.yaml, which may be empty"
            )
        ],
    )


@pytest.mark.parametrize("file", [f"manifests/{MANIFEST}", f"manifests/a/b/{MANIFEST}", f"manifests/a/b/c/{MANIFEST}"])
def test_a_manifest_at_another_depth_is_a_problem(file: str) -> None:
    assert arranged(*FOO, file) == (
        ("foo",),
        [f"ENTRY {file}:1:1: is at the wrong depth and not read: expected manifests/<name>/promoter-manifest.yaml"],
    )


def test_images_without_a_manifest_are_a_warning() -> None:
    assert arranged(*FOO, f"images/bar/{IMAGES}") == (
        ("foo",),
        [
            (
                "WARNING images/bar/images.yaml:1:1: is not promoted: its promoter manifest"
                " manifests/bar/promoter-manifest.yaml is missing"
            )
        ],
    )


def test_a_manifest_among_the_images_is_one_warning_that_says_what_is_not_promoted() -> None:
    assert arranged(*FOO, f"images/bar/{IMAGES}", f"images/bar/{MANIFEST}") == (
        ("foo",),
        [
            (
                "WARNING images/bar/promoter-manifest.yaml:1:1: is misplaced and not read: expected"
                " manifests/bar/promoter-manifest.yaml, so images/bar/images.yaml is not promoted"
            )
        ],
    )


@pytest.mark.parametrize(
    ("file", "home"),
    [
        (MANIFEST, "manifests/<name>/promoter-manifest.yaml"),
        (f"archive/a/{MANIFEST}", "manifests/<name>/promoter-manifest.yaml"),
        (f"images/{MANIFEST}", "manifests/<name>/promoter-manifest.yaml"),
        (IMAGES, "images/<name>/images.yaml"),
        (f"images/{IMAGES}", "images/<name>/images.yaml"),
        (f"images/a/b/{IMAGES}", "images/<name>/images.yaml"),
        (f"manifests/foo/{IMAGES}", "images/<name>/images.yaml"),
    ],
)
def test_a_stray_file_is_a_warning_that_names_it(file: str, home: str) -> None:
    assert arranged(*FOO, file) == (
        ("foo",),
        [f"WARNING {file}:1:1: is misplaced and not read: expected {home}"],
    )


@pytest.mark.parametrize(
    ("file", "name"), [("manifests/foo/promoter-manifest.yml", MANIFEST), ("images/foo/images.yml", IMAGES)]
)
def test_a_file_with_the_other_ending_is_a_warning(file: str, name: str) -> None:
    assert arranged(*FOO, file)[1] == [f"WARNING {file}:1:1: is not read: expected the name {name}"]


@pytest.mark.parametrize("files", [(), (f"prod/manifests/foo/{MANIFEST}", f"prod/images/foo/{IMAGES}"), FOO[1:]])
def test_a_folder_in_which_no_manifest_is_where_it_belongs_is_a_problem(files: tuple[str, ...]) -> None:
    names, problems = arranged(*files)
    assert names == ()
    assert problems[0] == "FILE :1:1: has no promoter manifest: expected manifests/<name>/promoter-manifest.yaml"
    assert len(problems) == 1 + len(files)


def test_problems_are_sorted_whatever_the_order_of_the_files() -> None:
    files = (*FOO, MANIFEST, f"images/bar/{IMAGES}", f"manifests/x/{MANIFEST}")
    assert arranged(*files) == arranged(*reversed(files))
    assert [line.split()[1].partition(":")[0] for line in arranged(*files)[1]] == sorted(files[2:])
