"""Additions to images files: in their place, in the style of the file, and nothing else changed."""

from textwrap import dedent

import pytest

from cip_async.errors import InvalidManifests
from cip_async.manifests.edit import with_images
from cip_async.reference import Digest, ImageName, Tag
from tests.unit.manifests.samples import A, B, C


def added(text: str, **images: dict[str, set[str]]) -> str:
    """The text with images added; `_` in names stands for `/`."""
    return added_bytes(dedent(text).encode(), images).decode()


def added_bytes(content: bytes, images: dict[str, dict[str, set[str]]]) -> bytes:
    additions = {
        ImageName(name.replace("_", "/")): {Digest(digest): set(map(Tag, tags)) for digest, tags in digests.items()}
        for name, digests in images.items()
    }
    return with_images(content, "images.yaml", additions)


CASES = {
    "a digest goes to its sorted place": (
        f"""\
        - name: etcd  # the store
          dmap:
            # the first
            "{A}": ["v1"]  # old
            # the last
            "{C}": [ "v3" ] # new
        """,
        {"etcd": {B: {"v2"}}},
        f"""\
        - name: etcd  # the store
          dmap:
            # the first
            "{A}": ["v1"]  # old
            "{B}": ["v2"]
            # the last
            "{C}": [ "v3" ] # new
        """,
    ),
    "comments stay above what they are about": (
        f"""\
        - name: etcd
          dmap:
            # this is b
            "{B}": ["v2"]
        """,
        {"etcd": {A: {"v1"}}},
        f"""\
        - name: etcd
          dmap:
            "{A}": ["v1"]
            # this is b
            "{B}": ["v2"]
        """,
    ),
    "in an unsorted list it goes to the end": (
        f"""\
        - name: etcd
          dmap:
            "{C}": ["v3"]
            "{B}": ["v2"]
        - name: other
        """,
        {"etcd": {A: {"v1"}}},
        f"""\
        - name: etcd
          dmap:
            "{C}": ["v3"]
            "{B}": ["v2"]
            "{A}": ["v1"]
        - name: other
        """,
    ),
    "tags are merged sorted, with the spaces and quotes that are there": (
        f"""\
        - name: etcd
          dmap:
            '{A}': [ 'v1', 'v3' ]
        """,
        {"etcd": {A: {"v2", "v4", "v0"}, B: {"w", "x"}}},
        f"""\
        - name: etcd
          dmap:
            '{A}': [ 'v0', 'v1', 'v2', 'v3', 'v4' ]
            '{B}': [ 'w', 'x' ]
        """,
    ),
    "tags on lines of their own stay so": (
        f"""\
        - name: etcd
          dmap:
            {A}:
            - v1
            - v3 # three
        """,
        {"etcd": {A: {"v2", "v4"}, B: {"1.10", "w"}, C: set()}},
        f"""\
        - name: etcd
          dmap:
            {A}:
            - v1
            - v2
            - v3 # three
            - v4
            {B}:
            - "1.10"
            - w
            {C}: []
        """,
    ),
    "a tagless digest gets tags": (
        f"""\
        - name: etcd
          dmap:
            "{A}": [] # nothing
            "{B}": [
              # nothing yet
            ]
        """,
        {"etcd": {A: {"v1", "v2"}, B: {"v3"}}},
        f"""\
        - name: etcd
          dmap:
            "{A}": ["v1", "v2"] # nothing
            "{B}": ["v3"
              # nothing yet
            ]
        """,
    ),
    "a list over several lines stays so": (
        f"""\
        - name: etcd
          dmap:
            "{A}": [
              "v1",
              "v3", # three
            ]
        """,
        {"etcd": {A: {"v2", "v4"}}},
        f"""\
        - name: etcd
          dmap:
            "{A}": [
              "v1",
              "v2",
              "v3",
              "v4", # three
            ]
        """,
    ),
    "images go to their sorted place": (
        f"""\
        # all of them

        # b is for bar
        - name: b/bar
          dmap:
            "{A}": ["v1"]
        # about etcd
        - name: etcd
          dmap:
            "{A}": ["v1"]
        """,
        {"a": {A: {"x"}}, "c": {A: {"y"}, B: set()}, "foo_bar": {C: {"z"}}},
        f"""\
        # all of them

        - name: a
          dmap:
            "{A}": ["x"]
        # b is for bar
        - name: b/bar
          dmap:
            "{A}": ["v1"]
        - name: c
          dmap:
            "{A}": ["y"]
            "{B}": []
        # about etcd
        - name: etcd
          dmap:
            "{A}": ["v1"]
        - name: foo/bar
          dmap:
            "{C}": ["z"]
        """,
    ),
    "blank lines between images, and indentation, are copied": (
        f"""\
        # the licence
          - name: "b"
            dmap:
                "{A}": ["v1"]

          - name: "d"
            dmap:
                "{A}": ["v1"]
        """,
        {"a": {A: {"x"}}, "c": {A: {"y"}}, "e": {A: {"z"}}},
        f"""\
        # the licence
          - name: "a"
            dmap:
                "{A}": ["x"]

          - name: "b"
            dmap:
                "{A}": ["v1"]

          - name: "c"
            dmap:
                "{A}": ["y"]

          - name: "d"
            dmap:
                "{A}": ["v1"]

          - name: "e"
            dmap:
                "{A}": ["z"]
        """,
    ),
    "stubs are filled": (
        """\
        - name: a # none
        - name: b
          dmap: {} # empty
        - name: c
          dmap: # null
        - dmap: ~
          name: d
        - {name: e}
        - {"name": "f", "dmap": {}}
        """,
        {name: {A: {"v1"}} for name in "abcdef"},
        f"""\
        - name: a # none
          dmap:
            "{A}": ["v1"]
        - name: b
          dmap: # empty
            "{A}": ["v1"]
        - name: c
          dmap: # null
            "{A}": ["v1"]
        - dmap:
            "{A}": ["v1"]
          name: d
        - {{name: e, dmap: {{"{A}": ["v1"]}}}}
        - {{"name": "f", "dmap": {{"{A}": ["v1"]}}}}
        """,
    ),
    "entries of one name are added to where they have the digest": (
        f"""\
        - name: a
        - name: a
          dmap:
            "{B}": ["v2"]
        - name: a
          dmap:
            "{C}": ["v3"]
        """,
        {"a": {A: {"v1"}, C: {"v4"}}},
        f"""\
        - name: a
        - name: a
          dmap:
            "{A}": ["v1"]
            "{B}": ["v2"]
        - name: a
          dmap:
            "{C}": ["v3", "v4"]
        """,
    ),
    "JSON stays JSON": (
        f"""\
        [
        {{"name": "b", "dmap": {{"{A}": ["v1"], "{C}": []}}}},
        {{"name": "d", "dmap": {{}}}}
        ]
        """,
        {"a": {A: {"x"}}, "b": {A: {"v0"}, B: {"v2"}}, "d": {B: set()}, "e": {A: {"y"}}},
        f"""\
        [
        {{"name": "a", "dmap": {{"{A}": ["x"]}}}},
        {{"name": "b", "dmap": {{"{A}": ["v0", "v1"], "{B}": ["v2"], "{C}": []}}}},
        {{"name": "d", "dmap": {{"{B}": []}}}},
        {{"name": "e", "dmap": {{"{A}": ["y"]}}}}
        ]
        """,
    ),
    "an empty list gives way": (
        "[] # nothing\n",
        {"a": {A: {"x"}}},
        f'- name: a\n  dmap:\n    "{A}": ["x"] # nothing\n',
    ),
    "null gives way": ("---\nnull\n", {"a": {A: {"x"}}}, f'---\n- name: a\n  dmap:\n    "{A}": ["x"]\n'),
    "an empty file is filled": ("", {"a": {A: {"x"}}}, f'- name: a\n  dmap:\n    "{A}": ["x"]\n'),
    "a file of comments is filled": (
        "# none\n# yet",
        {"a": {A: {"x"}}},
        f'# none\n# yet\n- name: a\n  dmap:\n    "{A}": ["x"]',
    ),
    "a list of nothing but a comment is filled": (
        "[ # none yet\n]\n",
        {"a": {A: {"x"}}},
        f'[{{name: a, dmap: {{"{A}": ["x"]}}}} # none yet\n]\n',
    ),
}


@pytest.mark.parametrize(("before", "images", "after"), CASES.values(), ids=CASES)
def test_what_is_new_goes_to_its_place(before: str, images: dict[str, dict[str, set[str]]], after: str) -> None:
    assert added(before, **images) == dedent(after)


@pytest.mark.parametrize(("before", "images", "after"), CASES.values(), ids=CASES)
def test_adding_again_changes_nothing(before: str, images: dict[str, dict[str, set[str]]], after: str) -> None:
    assert added(after, **images) == dedent(after)


@pytest.mark.parametrize(("before", "images", "after"), CASES.values(), ids=CASES)
def test_breaks_of_lines_a_byte_order_mark_and_a_missing_end_survive(
    before: str, images: dict[str, dict[str, set[str]]], after: str
) -> None:
    def as_written(text: str) -> bytes:
        return ("\ufeff" + dedent(text).removesuffix("\n").replace("\n", "\r\n")).encode()

    if "\n" in before.removesuffix("\n"):
        assert added_bytes(as_written(before), images) == as_written(after)


def test_a_tag_that_is_there_with_another_digest_is_refused_with_its_place() -> None:
    text = f'- name: etcd\n  dmap:\n    "{A}": ["v1", "v2"]\n- name: etcd\n  dmap:\n    "{C}": ["v3"]\n'
    with pytest.raises(InvalidManifests) as caught:
        added(text, etcd={B: {"v2", "v3", "v4"}}, other={B: {"v1"}})
    assert str(caught.value) == (
        f"images.yaml:3:87: tag v2 of etcd is here with {A}: it cannot be added with {B}\n"
        f"images.yaml:6:81: tag v3 of etcd is here with {C}: it cannot be added with {B}"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- name: etcd\n  dmap: 1\n", "images.yaml:2:9: dmap is '1': expected digests with their tags"),
        ("- &a\n", "images.yaml:1:3: anchors are not allowed: remove &a"),
    ],
)
def test_a_file_with_problems_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidManifests, match=r"images\.yaml:") as caught:
        added(text, etcd={A: {"v1"}})
    assert str(caught.value) == problem


def test_a_file_that_is_written_in_an_unforeseen_way_is_refused() -> None:
    text = f'- ? name\n  : etcd\n  ? dmap\n  : ? "{B}"\n    : ["v2"]\n'
    with pytest.raises(InvalidManifests, match=r"images\.yaml:1:1: is written in a way that cannot be added to"):
        added(text, etcd={A: {"v1"}})
