"""What answers say of a quota."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from cip_async.registry.quota_headers import Remaining, remaining

NOW = 1_700_000_000.0


def read(**headers: str) -> Remaining | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return remaining(CIMultiDictProxy(CIMultiDict(named)), NOW)


def test_most_answers_say_nothing() -> None:
    assert read(Content_Type="application/json") is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('"default";r=50;t=30', Remaining(50, 30.0)),
        ('"default";t=30;r=50', Remaining(50, 30.0)),
        ('"a, r=0;t=9";r=50;t=30', Remaining(50, 30.0)),
        ('"burst";r=9;t=1, "daily";r=4000;t=36000', Remaining(9, 1.0)),
        ('"burst";r=0;t=1, "daily";r=0;t=36000', Remaining(0, 36000.0)),
        ('"default";r=50', None),
        ('"default";r=50, "daily";t=30', None),
        ("limit=100, remaining=50, reset=30", Remaining(50, 30.0)),
        ("limit=100, remaining=50", None),
        ('"default";r=-1;t=30', None),
        ('"default";r=;t=', None),
        ("x" * 100_000, None),
        ('"' + '\\"' * 100_000, None),
    ],
)
def test_the_draft_of_the_ietf_is_read(header: str, expected: Remaining | None) -> None:
    assert read(RateLimit=header) == expected


@pytest.mark.parametrize(
    ("left", "renewed", "expected"),
    [
        ("0", "7", Remaining(0, 7.0)),
        (" 12 ", "7.5", Remaining(12, 7.0)),
        ("12, 34", "7, 8", Remaining(12, 7.0)),
        ("0", "1700000007", Remaining(0, 7.0)),
        ("0", "1600000000", Remaining(0, 0.0)),
        ("-1", "7", None),
        ("0", "soon", None),
        ("", "", None),
        ("9" * 100_000, "7", None),
    ],
)
def test_the_older_headers_are_read(left: str, renewed: str, expected: Remaining | None) -> None:
    assert read(RateLimit_Limit="100", RateLimit_Remaining=left, RateLimit_Reset=renewed) == expected


def test_docker_hub_does_not_say_when_its_six_hours_end() -> None:
    assert read(RateLimit_Limit="100;w=21600", RateLimit_Remaining="0;w=21600") is None
    assert read(RateLimit_Remaining="0;w=21600", RateLimit_Reset="30") == Remaining(0, 30.0)


def test_a_policy_alone_says_nothing_of_what_is_left() -> None:
    assert read(RateLimit_Policy='"default";q=100;w=60') is None
