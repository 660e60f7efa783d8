"""Promoter manifests as text, and what reading them tells."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Final

from cip_async.manifests.nodes import Node
from cip_async.manifests.parse import parse
from cip_async.model.promoter_manifest import Problem
from cip_async.settings import Files

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
REGISTRIES: Final = """\
registries:
- name: gcr.io/staging
  src: true
- name: us.gcr.io/prod
"""
IMAGES: Final = f"""\
- name: etcd
  dmap:
    "{A}": ["v1"]
"""


def tree(text: str) -> Node | None:
    """The document in a text that is sound as YAML."""
    root, problems = parse(dedent(text).encode(), "f", Files())
    assert problems == ()
    return root


def told(problems: Iterable[Problem], *, below: Path | None = None) -> list[str]:
    """Problems as lines; paths are relative to `below`."""
    lines = [f"{problem.gravity.name} {problem}" for problem in problems]
    return [line.replace(f" {below}/", " ", 1) for line in lines] if below else lines


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def thin(name: str, *, registries: str = REGISTRIES, images: str = IMAGES) -> dict[str, str]:
    """The files of one thin promoter manifest."""
    return {f"manifests/{name}/promoter-manifest.yaml": registries, f"images/{name}/images.yaml": images}
