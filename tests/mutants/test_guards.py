"""The list of mutations follows the source: each applies, to code that is still code, and its tests are there."""

import ast
from pathlib import Path
from typing import Final

import pytest

from tests.mutants.applying import Stale, applied
from tests.mutants.guards import MUTATIONS, Mutation
from tests.nodes import exists

ROOT: Final = Path(__file__).parents[2]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.guard)
def test_a_mutation_still_applies(mutation: Mutation) -> None:
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    ast.parse(applied(mutation, text))
    assert mutation.tests
    assert [node for node in mutation.tests if not exists(ROOT, node)] == []


def test_each_guard_is_named_once() -> None:
    assert len({mutation.guard for mutation in MUTATIONS}) == len(MUTATIONS)


@pytest.mark.parametrize("text", ["", "if a:\nif a:\n"])
def test_a_mutation_that_does_not_apply_exactly_once_is_stale(text: str) -> None:
    with pytest.raises(Stale, match="times in file"):
        applied(Mutation("guard", "file", "if a:", "if False:", ("tests",)), text)
