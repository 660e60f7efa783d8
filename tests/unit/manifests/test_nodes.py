"""The nodes of a YAML document."""

import pytest

from cip_async.manifests.nodes import Mapping, Scalar


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_nothing_can_be_written_in_five_ways(text: str) -> None:
    assert Scalar(text, 1, 1, is_plain=True).is_null
    assert not Scalar(text, 1, 1, is_plain=False).is_null


def test_other_text_is_something() -> None:
    assert not Scalar("none", 1, 1, is_plain=True).is_null


def test_a_mapping_gives_each_key_with_its_value_and_duplicates_too() -> None:
    key, other, value = (Scalar(text, 1, 1, is_plain=True) for text in ("a", "a", "b"))
    assert list(Mapping([key, value, other, value], 1, 1).pairs()) == [(key, value), (other, value)]
