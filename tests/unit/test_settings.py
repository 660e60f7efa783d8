"""Settings are checked when they are made."""

import math

import pytest

from cip_async.errors import InvalidSettings
from cip_async.settings import Rate


@pytest.mark.parametrize("per_minute", [0, -1, math.inf, math.nan])
def test_a_rate_that_is_no_number_above_zero_is_an_error(per_minute: float) -> None:
    with pytest.raises(InvalidSettings, match=r"reads_per_minute is .*: expected a number above 0"):
        Rate(reads_per_minute=per_minute)
    with pytest.raises(InvalidSettings, match=r"writes_per_minute is .*: expected a number above 0"):
        Rate(writes_per_minute=per_minute)


def test_a_rate_may_leave_either_side_open() -> None:
    assert Rate(reads_per_minute=0.5).writes_per_minute is None
