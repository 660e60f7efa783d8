"""Promoter manifests, as bytes of one file and as trees of files."""

import contextlib
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final

from cip_async.errors import InvalidManifests
from cip_async.inventory.reading import is_promoter_manifest
from cip_async.manifests.canonical import canonical
from cip_async.manifests.edit import with_images
from cip_async.manifests.lint import lint, torn
from cip_async.manifests.nodes import Node
from cip_async.manifests.parse import parse
from cip_async.manifests.render import plain_file
from cip_async.manifests.tree import load_images, load_manifests, read_manifests
from cip_async.manifests.validate import plain_manifest, thin_images, thin_registries
from cip_async.model.promoter_manifest import Problem
from cip_async.planning.overlaps import overlaps
from cip_async.planning.pairs import totals, wanted_pairs
from cip_async.reference import Digest, ImageName, Tag
from cip_async.reporting.problems import input_problem_lines
from cip_async.settings import Files
from tests.fuzz.target import Target

A: Final = "sha256:" + "a" * 64
B: Final = "sha256:" + "b" * 64
LIMITS: Final = Files()

REGISTRIES: Final = b"""\
registries:
- name: gcr.io/staging
  src: true
- name: us.gcr.io/prod
  service-account: promoter@prod.iam.gserviceaccount.com
- {name: "localhost:5000/prod"}
- name: '[::1]:5000/prod'
"""
IMAGES: Final = f"""\
# of the cluster
- name: etcd
  dmap:
    "{A}": ["v1", '1.10', yes]
    "{B}":
    - v2
- name: foo/bar
  dmap: {{"{A}": []}}
""".encode()
PLAIN: Final = REGISTRIES + b"images:\n" + IMAGES
FLOW: Final = (
    f'{{"registries": [{{"name": "gcr.io/a", "src": true}}, {{"name": "eu.gcr.io/b"}}],'
    f' "images": [{{"name": "x", "dmap": {{"{B}": ["v1"]}}}}]}}'
).encode()
WORDS: Final = (
    *(b"registries:", b"images:", b"- name: ", b"dmap:", b"  ", b"src: true", b"src: false", b"service-account: x"),
    *(b"imagesPath: images.yaml\n", b"&a ", b"*a", b"<<: ", b"!!str ", b"!t ", b"? ", b": ", b"---\n", b"...\n"),
    *(b"%YAML 1.2\n", b"%TAG ! x:\n", b"|\n", b">-\n", b"'", b'"', b"[", b"]", b"{", b"}", b",", b"#", b"@", b"`"),
    *(b"~", b"\\x00", b"\\u202e", A.encode(), B.encode(), b"sha256:", b"gcr.io/staging", b"us.gcr.io/prod"),
    *(b"[::::]/x", b"latest", b"- ", b"\n", b"\n\n"),
)
MANIFEST: Final = "manifests/foo/promoter-manifest.yaml"
IMAGES_FILE: Final = "images/foo/images.yaml"
MARK: Final = b"\n== "


def has_places(problems: Iterable[object], content: bytes) -> None:
    """Every problem says where: the file, and a line and column of it."""
    breaks = sum(content.count(sequence) for sequence in (b"\n", b"\r", b"\xc2\x85", b"\xe2\x80"))
    for problem in problems:
        assert isinstance(problem, Problem)
        assert problem.message
        assert problem.place.path
        assert 1 <= problem.place.line <= breaks + 2
        assert 1 <= problem.place.column <= len(content) + 1


def validated(validate: Callable[[Node | None, str], tuple[object, tuple[Problem, ...]]], content: bytes) -> None:
    """One file, read by its validator."""
    root, problems = parse(content, "f", LIMITS)
    has_places(problems, content)
    _, problems = validate(root, "f")
    has_places(problems, content)


def edited(content: bytes) -> None:
    """What can be added to wants what was added; adding it again changes nothing."""
    additions = {ImageName("etcd"): {Digest(A): {Tag("v9")}}, ImageName("new"): {Digest(B): {Tag("v1")}}}
    try:
        once = with_images(content, "f", additions)
    except InvalidManifests as error:
        has_places(error.problems, content)
        return
    assert with_images(once, "f", additions) == once


def made_canonical(content: bytes) -> None:
    """What has a canonical form is told from what has none; the form of the form is itself."""
    try:
        once = canonical(content, "f")
    except InvalidManifests as error:
        has_places(error.problems, content)
        return
    assert canonical(once, "f") == once


def linted(content: bytes) -> None:
    """Images are looked over, whatever they are."""
    root, _ = parse(content, "f", LIMITS)
    images, _ = thin_images(root, "f")
    has_places((*lint(images), *torn(images)), content)


def tree(content: bytes) -> None:
    """A folder of files, written `== path` and then what is in them, is planned as far as it goes or refused whole."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "tree", content)
        found = read_manifests(thin_manifest_dir=folder / "tree")
        has_places(found.problems, content)
        twice = tuple(overlaps(wanted_pairs(found)))
        assert all(line.isprintable() for line in input_problem_lines(found.problems, twice))
        totals(found)
        for manifest in found.manifests:
            root, problems = parse(plain_file(manifest).encode(), "f", LIMITS)
            assert problems == ()
            assert root is not None
        with contextlib.suppress(InvalidManifests):
            assert not load_manifests(thin_manifest_dir=folder / "tree").invalid


def write(root: Path, content: bytes) -> None:
    """Make the files that `content` tells, of names that the file system takes and that stay below `root`."""
    root.mkdir()
    for part in (b"\n" + content).split(MARK)[1:]:
        name, _, text = part.partition(b"\n")
        steps = [step for step in name.split(b"/") if step not in (b"", b".", b"..")]
        path = root.joinpath(*(step[:100].replace(b"\0", b"0").decode("utf-8", "surrogateescape") for step in steps))
        with contextlib.suppress(OSError):  # there is a folder of this name, or a file where a folder should be
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)


def single(content: bytes) -> None:
    """A file on disk is a plain manifest, a list of images, or neither."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.yaml"
        path.write_bytes(content)
        is_promoter_manifest(path)
        for load in (partial(load_manifests, manifest=path), partial(load_images, path)):
            try:
                load()
            except InvalidManifests as error:
                has_places(error.problems, content)


def _tree(manifest: bytes, images: bytes, *, more: bytes = b"") -> bytes:
    return b"== " + MANIFEST.encode() + b"\n" + manifest + MARK + IMAGES_FILE.encode() + b"\n" + images + more


TARGETS: Final = (
    Target(name="plain-manifest", feed=partial(validated, plain_manifest), seeds=(PLAIN, FLOW), words=WORDS),
    Target(name="thin-registries", feed=partial(validated, thin_registries), seeds=(REGISTRIES,), words=WORDS),
    Target(name="thin-images", feed=partial(validated, thin_images), seeds=(IMAGES,), words=WORDS),
    Target(name="edit", feed=edited, seeds=(IMAGES, b"", b"# none yet\n"), words=WORDS),
    Target(name="canonical", feed=made_canonical, seeds=(PLAIN, IMAGES, REGISTRIES), words=WORDS),
    Target(name="lint", feed=linted, seeds=(IMAGES,), words=WORDS),
    Target(name="one-file", feed=single, seeds=(PLAIN, IMAGES, FLOW), words=WORDS, weight=5),
    Target(
        name="tree",
        feed=tree,
        seeds=(
            _tree(REGISTRIES, IMAGES),
            _tree(
                REGISTRIES,
                IMAGES,
                more=MARK + b"manifests/bar/promoter-manifest.yaml\n" + REGISTRIES + MARK + b"images/bar/images.yaml\n",
            ),
        ),
        words=(*WORDS, MARK, b"manifests/", b"images/", b"/promoter-manifest.yaml\n", b"/images.yaml\n", b"/.x/"),
        weight=4,
    ),
)
