"""Filters that leave nothing of what is wanted are told."""

from collections.abc import Sequence

import pytest

from cip_async.errors import InvalidSettings
from cip_async.planning.filters import check_filters
from tests.unit.planning.samples import EU, US, manifest, manifests

MADE = manifests(
    manifest(("app", {"a": ["v1"]}), ("stub", {}), path="foo.yaml", to=[EU]),
    manifest(("tool", {"b": ["v1"]}), path="bar.yaml", to=[US]),
)


@pytest.mark.parametrize(("only", "to"), [(None, None), (["app", "too*"], None), (["app"], ["eu.*"]), (None, [US])])
def test_filters_that_each_leave_something_pass(only: Sequence[str] | None, to: Sequence[str] | None) -> None:
    check_filters(MADE, only=only, to=to)


@pytest.mark.parametrize(
    ("only", "to", "told"),
    [
        (["app", "none"], None, "none"),
        (["stub"], None, "stub"),
        (None, ["asia.*"], "asia.*"),
        (["app"], ["us.*"], "app, us.*"),
        (None, [], ""),
    ],
)
def test_a_filter_that_leaves_nothing_is_told(only: Sequence[str] | None, to: Sequence[str] | None, told: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        check_filters(MADE, only=only, to=to)
    assert str(caught.value) == f"the filter is {told!r}: expected a glob that matches what is wanted"


def test_of_nothing_anything_may_be_left() -> None:
    check_filters(manifests(), only=["none"], to=["nowhere"])
