"""What holds for edits of promoter manifests: additions make the union, formatting keeps all, again is no change."""

import json
import random
import re
from collections.abc import Iterable
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip_async.errors import InvalidManifests
from cip_async.manifests.canonical import canonical
from cip_async.manifests.edit import with_images
from cip_async.manifests.parse import parse
from cip_async.manifests.render import images_text, plain_file, thin_files
from cip_async.manifests.validate import thin_images
from cip_async.model.promoter_manifest import Image, PromoterManifest
from cip_async.reference import Digest, ImageName, Tag
from cip_async.settings import Files
from tests.properties.test_manifests import digests, image, names, promoter_manifests, shuffled, tags

Wanted = dict[ImageName, dict[Digest, set[Tag]]]

entries = st.lists(
    st.tuples(names, st.dictionaries(digests, st.lists(tags, unique=True, max_size=4), max_size=4)), max_size=5
)
additions = st.dictionaries(
    names.map(ImageName),
    st.dictionaries(digests, st.sets(tags.map(Tag), max_size=3), min_size=1, max_size=3),
    max_size=3,
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """An images file as we write it, as JSON, or on lines of its own with comments, in any order."""
    images = draw(entries)
    form = draw(st.sampled_from(["rendered", "json", "indented json", "lines"]))
    if form == "rendered":
        return images_text([image(name, dmap) for name, dmap in images])
    if form == "lines":
        return "".join(as_lines(name, dmap) for name, dmap in images)
    return json.dumps([{"name": name, "dmap": dmap} for name, dmap in images], indent=2 if "indent" in form else None)


def as_lines(name: str, dmap: dict[Digest, list[str]]) -> str:
    lines = [f"# about {name}", f'- name: "{name}"  # named', "  # its digests", "  dmap:" if dmap else "  dmap: {}"]
    for digest, listed in dmap.items():
        lines += [f"      # comment on {digest}", f"      '{digest}':" if listed else f"      '{digest}': []"]
        lines += [f"        - '{tag}' # a tag" for tag in listed]
    return "\n".join((*lines, "", ""))


def read(text: bytes) -> Wanted:
    root, problems = parse(text, "f", Files())
    found, more = thin_images(root, "f")
    assert (problems, more) == ((), ())
    return united(found)


def united(images: Iterable[Image]) -> Wanted:
    wanted: Wanted = {}
    for each in images:
        dmap = wanted.setdefault(each.name, {})
        for want in each.digests:
            dmap.setdefault(want.digest, set()).update(want.tags)
    return wanted


def union(wanted: Wanted, added: Wanted) -> Wanted:
    result = {name: {digest: set(tags) for digest, tags in dmap.items()} for name, dmap in wanted.items()}
    for name, dmap in added.items():
        for digest, more in dmap.items():
            result.setdefault(name, {}).setdefault(digest, set()).update(more)
    return result


def without_clashes(wanted: Wanted, added: Wanted) -> Wanted:
    """The additions without tags that have another digest already, in the file or in the additions."""
    taken = {(name, tag): digest for name, dmap in wanted.items() for digest, found in dmap.items() for tag in found}
    for name, dmap in added.items():
        for digest, found in dmap.items():
            found -= {tag for tag in found if taken.setdefault((name, tag), digest) != digest}
    return added


def is_within(part: str, whole: str) -> bool:
    """Whether `part` is what is left of `whole` without some of its characters."""
    rest = iter(whole)
    return all(char in rest for char in part)


@given(files(), additions)
def test_the_file_wants_the_union_keeps_all_it_had_and_is_not_changed_again(text: str, added: Wanted) -> None:
    wanted = read(text.encode())
    added = without_clashes(wanted, added)
    edited = with_images(text.encode(), "f", added)
    assert read(edited) == union(wanted, added)
    kept = "" if text.strip() == "[]" else text.replace("dmap: {}", "dmap:")
    assert is_within(kept, edited.decode())
    assert with_images(edited, "f", added) == edited


@given(files(), additions)
def test_a_tag_is_never_given_a_second_digest(text: str, added: Wanted) -> None:
    wanted = read(text.encode())
    moved = any(
        tag in found and digest != other
        for name, dmap in added.items()
        for digest, more in dmap.items()
        for tag in more - wanted.get(name, {}).get(digest, set())
        for other, found in wanted.get(name, {}).items()
    )
    with pytest.raises(InvalidManifests) if moved else nullcontext():
        with_images(text.encode(), "f", added)


def comments_of(text: str) -> list[str]:
    """The comments of a text that `as_lines` made."""
    return sorted(re.findall(r"# [a-z].*", text))


@given(files())
def test_the_canonical_form_wants_the_same_keeps_all_comments_and_is_that_of_itself(text: str) -> None:
    formatted = canonical(text.encode(), "f")
    assert read(formatted) == read(text.encode())
    assert comments_of(formatted.decode()) == comments_of(text)
    assert canonical(formatted, "f") == formatted


@given(entries, st.randoms(use_true_random=False))
def test_the_canonical_form_without_comments_is_how_we_write(
    listed: list[tuple[str, dict[Digest, list[str]]]], shuffler: random.Random
) -> None:
    images = [image(name, dmap) for name, dmap in listed]
    text = json.dumps([{"name": name, "dmap": dmap} for name, dmap in shuffled(listed, shuffler)])
    assert canonical(text.encode(), "f").decode() == images_text(images)


@given(promoter_manifests())
def test_files_that_we_write_are_canonical(manifest: PromoterManifest) -> None:
    for text in (plain_file(manifest), *(text for _, text in thin_files("a", manifest))):
        assert canonical(text.encode(), "f").decode() == text
