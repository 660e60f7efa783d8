"""What holds for all promoter manifests: written ones say the same, order never matters, no bytes crash the parser."""

import random
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from cip_async.errors import InvalidManifests
from cip_async.manifests.layout import Parts, images_file, layout, manifest_file
from cip_async.manifests.nodes import Node, Refused, Scalar, Sequence
from cip_async.manifests.parse import parse
from cip_async.manifests.render import plain_file, scalar, thin_files
from cip_async.manifests.tree import load_manifests
from cip_async.manifests.validate import plain_manifest, thin_images
from cip_async.model.promoter_manifest import (
    Image,
    Place,
    Problem,
    PromoterManifest,
    RegistryEntry,
    WantedDigest,
)
from cip_async.reference import Digest, ImageName, Tag, parse_image_name, parse_registry_path
from cip_async.settings import Files

T = TypeVar("T")
NOWHERE = Place("f", 1, 1)
LIMITS = Files()

tags = st.from_regex(r"[\w][\w.-]{0,12}", fullmatch=True).filter(str.isascii) | st.sampled_from(
    ["1.10", "yes", "null", "0x10", "1e3", "010", "NO", "_", "2020-08-01"]
)
digests = st.integers(0, 15).map(lambda number: Digest(f"sha256:{number:064x}"))
names = st.sampled_from(["etcd", "foo/bar", "1.10", "null", "yes", "0x1", "a__b", "no/1", "123", "2020-08-01"])
accounts = st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1).filter(
    lambda account: not account.startswith("-")
)
wants = st.dictionaries(digests, st.lists(tags, unique=True, max_size=4), min_size=1, max_size=4)
wanted_images = st.lists(st.tuples(names, wants), max_size=5)
mirrors = st.lists(
    st.sampled_from(["us.gcr.io/prod", "eu.gcr.io/prod/x", "10.0.0.1:5000/p", "localhost:5000", "[::1]:5000/p"]),
    unique=True,
    min_size=1,
)
file_paths = st.tuples(
    st.sampled_from(["manifests", "images", "other"]),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["promoter-manifest.yaml", "images.yaml", "images.yml"]),
) | st.sampled_from([("images.yaml",), ("manifests", "promoter-manifest.yaml"), ("images", "a", "b", "images.yaml")])


def image(name: str, dmap: dict[Digest, list[str]]) -> Image:
    found = (
        WantedDigest(digest=digest, tags=tuple(map(Tag, names)), place=NOWHERE, tag_places=(NOWHERE,) * len(names))
        for digest, names in dmap.items()
    )
    return Image(name=parse_image_name(name), digests=tuple(found), place=NOWHERE)


@st.composite
def promoter_manifests(draw: st.DrawFn, *, stubs: bool = False) -> PromoterManifest:
    def entry(name: str, *, is_source: bool = False) -> RegistryEntry:
        path = parse_registry_path(name)
        return RegistryEntry(path=path, service_account=draw(accounts), is_source=is_source, place=NOWHERE)

    images = [image(name, dmap) for name, dmap in draw(wanted_images)]
    if stubs:
        images += [image(name, {}) for name in draw(st.lists(names, max_size=2))]
    return PromoterManifest(
        path="f",
        source=entry("gcr.io/staging", is_source=True),
        destinations=tuple(entry(name) for name in draw(mirrors)),
        images=tuple(images),
    )


def placeless(manifest: PromoterManifest) -> object:
    """What a promoter manifest says, without the order and the places in which it says so."""

    def told(entry: RegistryEntry) -> tuple[str, str, bool]:
        return str(entry.path), entry.service_account or "", entry.is_source

    def wanted(image: Image) -> tuple[ImageName, list[tuple[Digest, list[Tag]]]]:
        return image.name, sorted((want.digest, sorted(want.tags)) for want in image.digests)

    return (
        told(manifest.source),
        sorted(map(str, map(told, manifest.destinations))),
        sorted(map(wanted, manifest.images)),
    )


def read_plain(text: str) -> PromoterManifest:
    root, problems = parse(text.encode(), "f", LIMITS)
    assert problems == ()
    manifest, problems = plain_manifest(root, "f")
    assert problems == ()
    assert manifest is not None
    return manifest


def shuffled(items: Iterable[T], shuffler: random.Random) -> tuple[T, ...]:
    mixed = list(items)
    shuffler.shuffle(mixed)
    return tuple(mixed)


def write(folder: Path, files: Iterable[tuple[str, str]]) -> None:
    for name, text in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


@given(promoter_manifests())
def test_a_plain_manifest_says_the_same_after_it_was_written(manifest: PromoterManifest) -> None:
    written = plain_file(manifest)
    assert placeless(read_plain(written)) == placeless(manifest)
    assert plain_file(read_plain(written)) == written


@given(promoter_manifests(stubs=True))
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_a_thin_manifest_says_the_same_after_it_was_written(manifest: PromoterManifest) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), thin_files("foo", manifest))
        (loaded,) = load_manifests(thin_manifest_dir=folder).manifests
    assert placeless(loaded) == placeless(manifest)


@given(promoter_manifests(), st.randoms(use_true_random=False))
def test_the_order_of_entries_never_matters(manifest: PromoterManifest, shuffler: random.Random) -> None:
    other = attrs.evolve(
        manifest,
        images=shuffled(manifest.images, shuffler),
        destinations=shuffled(manifest.destinations, shuffler),
    )
    assert plain_file(other) == plain_file(manifest)


@given(st.lists(file_paths, unique=True), st.randoms(use_true_random=False))
def test_the_order_of_files_never_matters(files: list[Parts], shuffler: random.Random) -> None:
    assert layout(shuffled(files, shuffler)) == layout(files)


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_read_back_as_that_text(text: str) -> None:
    root, problems = parse(f"- {scalar(text)}\n".encode(), "f", LIMITS)
    assert problems == ()
    assert isinstance(root, Sequence)
    assert [item.text for item in root.items if isinstance(item, Scalar)] == [text]


@given(tags | names | accounts.filter(bool).map(str))
def test_a_reader_that_converts_scalars_finds_text_too(text: str) -> None:
    for version in ("1.1", "1.2"):
        reader = YAML(typ="safe", pure=True)
        reader.version = version
        assert reader.load(scalar(text)) == text


def places(node: Node | None) -> Iterable[tuple[int, int]]:
    if node is not None:
        yield node.line, node.column
    if not isinstance(node, Scalar | Refused | None):
        for item in node.items:
            yield from places(item)


def check(problems: Iterable[Problem], content: bytes) -> None:
    breaks = sum(content.count(sequence) for sequence in (b"\n", b"\r", b"\xc2\x85", b"\xe2\x80"))
    for problem in problems:
        assert problem.message
        assert 1 <= problem.place.line <= breaks + 2
        assert 1 <= problem.place.column <= len(content) + 1


yamlish = st.lists(
    st.sampled_from(["- ", "name: ", "dmap:", "\n", "  ", "[", "]", "{", "}", ": ", "&a ", "*a ", "!t ", "<<: ", "? "])
    | st.sampled_from(["'", '"', "#", "|", ">", "---\n", "...", "%YAML 1.2\n", "\t", "\r\n", "\ufeff", "\x00", "etcd"])
    | st.sampled_from(["registries:", "images:", "src: true", "- name: gcr.io/a\n", "sha256:" + "a" * 64])
    | st.characters(codec="utf-8"),
    max_size=30,
).map("".join)


@given(st.binary() | yamlish.map(str.encode))
@settings(max_examples=500)
def test_any_bytes_give_a_document_or_problems_with_places(content: bytes) -> None:
    root, problems = parse(content, "f", LIMITS)
    assert all(line >= 1 and column >= 1 for line, column in places(root))
    check(problems, content)
    _, more = plain_manifest(root, "f")
    check(more, content)
    _, more = thin_images(root, "f")
    check(more, content)


def problems_of(folder: Path) -> tuple[Problem, ...]:
    try:
        return load_manifests(thin_manifest_dir=folder, quarantine=True).problems
    except InvalidManifests as error:
        return tuple(problem for problem in error.problems if isinstance(problem, Problem))


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.tuples(st.binary(), yamlish.map(str.encode)), max_size=2))
@settings(max_examples=100)
def test_any_files_are_loaded_or_refused_with_their_problems(files: dict[str, tuple[bytes, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, contents in files.items():
            for below, content in zip((manifest_file(name), images_file(name)), contents, strict=True):
                path = Path(folder) / below
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        told = problems_of(Path(folder))
    assert len(set(told)) == len(told)
    assert told == tuple(sorted(told))
