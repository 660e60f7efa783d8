"""Tests by their names, as pages and lists name them: a file, or a file with `::` and a test in it."""

import ast
from collections.abc import Iterator
from pathlib import Path


def exists(root: Path, node: str) -> bool:
    """Whether `node` is there: a file or folder below `root`, or a test in such a file."""
    file, _, name = node.partition("::")
    path = root / file
    return path.exists() and (not name or node in nodes_of(root, path))


def nodes_of(root: Path, path: Path) -> Iterator[str]:
    """The tests of a file, those within classes too."""
    file = path.relative_to(root).as_posix()
    yield from _tests(ast.parse(path.read_text(encoding="utf-8")), file)


def _tests(parent: ast.AST, prefix: str) -> Iterator[str]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.ClassDef):
            yield from _tests(node, f"{prefix}::{node.name}")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield f"{prefix}::{node.name}"
