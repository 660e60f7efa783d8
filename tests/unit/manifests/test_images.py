"""The rules for images: one breach spoils one image, one digest or one tag, and nothing else."""

import pytest

from cip_async.manifests.fields import Findings
from cip_async.manifests.images import images
from cip_async.model.promoter_manifest import Image, Place
from tests.unit.manifests.samples import A, B, C, told, tree


def read(text: str, *, allow_stubs: bool = True) -> tuple[tuple[Image, ...], list[str]]:
    findings = Findings("f")
    root = tree(text)
    assert root is not None
    found = images(root, "this file", findings, allow_stubs=allow_stubs)
    return found, told(findings.problems)


def wants(found: tuple[Image, ...]) -> dict[str, dict[str, tuple[str, ...]]]:
    return {image.name: {want.digest: want.tags for want in image.digests} for image in found}


def test_images_digests_and_tags_are_read_with_their_places() -> None:
    (image,), problems = read(f"""\
        - name: foo/bar
          dmap:
            "{A}": [1.10, "v1"]
            {B}: []
        """)
    assert problems == []
    assert (image.name, image.place) == ("foo/bar", Place("f", 1, 9))
    first, second = image.digests
    assert (first.digest, first.tags, first.place) == (A, ("1.10", "v1"), Place("f", 3, 5))
    assert first.tag_places == (Place("f", 3, 81), Place("f", 3, 87))
    assert (second.digest, second.tags, second.place) == (B, (), Place("f", 4, 5))


@pytest.mark.parametrize("tag", ["1.10", "yes", "0x10", "1e3", "null", "010", "NO", "_", "2020-08-01", "a" * 128])
def test_a_tag_is_the_text_that_was_written(tag: str) -> None:
    found, problems = read(f"- name: a\n  dmap: {{'{A}': [{tag}]}}\n")
    assert (wants(found), problems) == ({"a": {A: (tag,)}}, [])


@pytest.mark.parametrize("dmap", ["", "\n  dmap:", "\n  dmap: ~", "\n  dmap: null", "\n  dmap: {}"])
def test_a_thin_image_without_digests_is_a_stub(dmap: str) -> None:
    found, problems = read(f"- name: a{dmap}\n")
    assert (wants(found), problems) == ({"a": {}}, [])


@pytest.mark.parametrize(
    ("dmap", "problem"),
    [
        ("", "f:1:3: this image has no dmap: expected digests with their tags"),
        ("\n  dmap:", "f:1:3: this image has no dmap: expected digests with their tags"),
        ("\n  dmap: {}", "f:2:9: dmap is empty: expected digests with their tags"),
    ],
)
def test_a_plain_manifest_has_no_stubs(dmap: str, problem: str) -> None:
    assert read(f"- name: a{dmap}\n", allow_stubs=False) == ((), [f"ENTRY {problem}"])


def test_a_tag_that_is_repeated_counts_once() -> None:
    found, problems = read(f"- name: a\n  dmap: {{'{A}': [v1, v2, v1]}}\n")
    assert (wants(found), problems) == ({"a": {A: ("v1", "v2")}}, [])


def test_entries_of_one_name_stay_apart() -> None:
    found, _ = read(f"- name: a\n  dmap: {{'{A}': [v1]}}\n- name: a\n  dmap: {{'{A}': [v2]}}\n")
    assert [image.digests[0].tags for image in found] == [("v1",), ("v2",)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: b", "FILE f:1:1: this file is a mapping: expected a list of images with the fields name and dmap"),
        ("- a", "ENTRY f:1:3: an image is 'a': expected the fields name and dmap"),
        ("-", "ENTRY f:1:2: an image is '': expected the fields name and dmap"),
        ("- dmap: {}", "ENTRY f:1:3: this image has no name"),
        ("- name: [a]", "ENTRY f:1:9: the name of an image is a list: expected text"),
        (
            "- name: Foo",
            (
                "ENTRY f:1:9: image name 'Foo' is malformed: expected lower-case letters and digits, separated"
                " by '.', '_', '__', '-' or '/'"
            ),
        ),
        (
            "- name: a//b",
            (
                "ENTRY f:1:9: image name 'a//b' is malformed: expected lower-case letters and digits, separated"
                " by '.', '_', '__', '-' or '/'"
            ),
        ),
        (
            "- name: a/../b",
            (
                "ENTRY f:1:9: image name 'a/../b' is malformed: expected lower-case letters and digits,"
                " separated by '.', '_', '__', '-' or '/'"
            ),
        ),
        ("- name: a\n  Dmap: {}", "ENTRY f:2:3: unknown field 'Dmap': expected dmap or name"),
        ("- name: a\n  name: b", "ENTRY f:2:3: field 'name' is here twice: first in line 1"),
        ("- name: a\n  [x]: b", "ENTRY f:2:3: a field is a list: expected text"),
        ("- name: a\n  dmap: x", "ENTRY f:2:9: dmap is 'x': expected digests with their tags"),
        ("- name: a\n  dmap: ''", "ENTRY f:2:9: dmap is '': expected digests with their tags"),
        ("- name: a\n  dmap: [x]", "ENTRY f:2:9: dmap is a list: expected digests with their tags"),
    ],
)
def test_a_breach_is_named_with_its_place(text: str, problem: str) -> None:
    assert read(text) == ((), [problem])


@pytest.mark.parametrize(
    "digest",
    [
        "sha256:" + "a" * 63,
        "sha256:" + "a" * 65,
        "sha256:" + "A" * 64,
        "sha512:" + "a" * 128,
        "md5:" + "a" * 32,
        "v1.0",
    ],
)
def test_a_malformed_digest_spoils_no_other(digest: str) -> None:
    found, problems = read(f"- name: a\n  dmap:\n    {digest}: [v1]\n    {B}: [v2]\n")
    assert wants(found) == {"a": {B: ("v2",)}}
    assert problems == [f"ENTRY f:3:5: digest {digest!r} is malformed: expected 'sha256:' and 64 hex digits"]


@pytest.mark.parametrize("tag", [".a", "-a", "a b", "'a:b'", "é", "''", "a" * 129])
def test_a_malformed_tag_spoils_no_other(tag: str) -> None:
    found, problems = read(f"- name: a\n  dmap:\n    {A}: [{tag}, v2]\n")
    assert wants(found) == {"a": {A: ("v2",)}}
    text = tag.strip("'")
    expected = "a letter, digit or '_', then at most 127 letters, digits, '_', '.' and '-'"
    assert problems == [f"ENTRY f:3:79: tag {text!r} is malformed: expected {expected}"]


def test_a_digest_of_which_every_tag_is_malformed_does_not_become_tagless() -> None:
    found, problems = read(f"- name: a\n  dmap: {{'{A}': [.x, [y]], '{B}': []}}\n")
    assert wants(found) == {"a": {B: ()}}
    assert [problem.partition(": ")[2] for problem in problems] == [
        "tag '.x' is malformed: expected a letter, digit or '_', then at most 127 letters, digits, '_', '.' and '-'",
        "a tag is a list: expected text",
    ]


@pytest.mark.parametrize("tags", ["v1", "", "{v1: v2}"])
def test_tags_are_a_list(tags: str) -> None:
    found, problems = read(f"- name: a\n  dmap:\n    {A}: {tags}\n    {B}: []\n")
    assert wants(found) == {"a": {B: ()}}
    is_what = "a mapping" if tags.startswith("{") else repr(tags)
    (problem,) = problems
    assert problem.partition(": ")[2] == (
        f"what follows digest '{A}' is {is_what}: expected a list of tags, or [] to promote the digest without a tag"
    )


def test_a_digest_that_is_written_twice_counts_as_first_written() -> None:
    found, problems = read(f"- name: a\n  dmap:\n    {A}: [v1]\n    '{A}': [v2]\n")
    assert wants(found) == {"a": {A: ("v1",)}}
    assert problems == [f"ENTRY f:4:5: digest '{A}' is here twice: first in line 3"]


def test_all_problems_come_at_once_and_the_rest_is_read() -> None:
    found, problems = read(f"""\
        - name: good
          dmap: {{'{A}': [v1]}}
        - name: BAD
          dmap: {{x: [.y]}}
        - name: partly
          dmap: {{'{B}': [v1, .z], '{C}': []}}
        """)
    assert wants(found) == {"good": {A: ("v1",)}, "partly": {B: ("v1",), C: ()}}
    assert [problem.split(":")[1] for problem in problems] == ["3", "4", "4", "6"]
