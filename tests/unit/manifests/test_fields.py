"""How problems name what they found instead of what was expected."""

import pytest

from cip_async.manifests.fields import Findings, shown
from cip_async.manifests.nodes import Mapping, Node, Refused, Scalar, Sequence
from cip_async.model.promoter_manifest import Gravity


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (None, "empty"),
        (Mapping([], 1, 1), "a mapping"),
        (Sequence([], 1, 1), "a list"),
        (Refused(1, 1), "refused"),
        (Scalar("a\nb", 1, 1, is_plain=True), r"'a\nb'"),
        (Scalar("x" * 81, 1, 1, is_plain=True), f"'{'x' * 80}…'"),
    ],
)
def test_a_node_is_named_in_few_words(node: Node | None, text: str) -> None:
    assert shown(node) == text


def test_what_was_refused_already_is_not_told_again() -> None:
    findings = Findings("f")
    findings.unexpected(Refused(2, 3), "this", "that", Gravity.ENTRY)
    assert findings.problems == []


def test_a_problem_with_nothing_stands_at_the_start_of_the_file() -> None:
    findings = Findings("f")
    findings.unexpected(None, "this", "that", Gravity.FILE)
    assert [str(problem) for problem in findings.problems] == ["f:1:1: this is empty: expected that"]
