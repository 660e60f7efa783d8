"""Limits that make no sense are refused."""

import math
from typing import Any

import pytest

from cip_async.audit.limits import RETRIES, AuditLimits
from cip_async.errors import InvalidSettings


def with_limit(name: str, value: Any) -> AuditLimits:
    return AuditLimits(**{name: value})


@pytest.mark.parametrize("name", ["body_bytes", "request_s", "poll_s", "git_s", "messages", "children", "heartbeat_s"])
@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_a_limit_that_would_stop_everything_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidSettings, match=f"{name} is .*: expected more than 0"):
        with_limit(name, value)


@pytest.mark.parametrize("name", ["refresh_pause_s", "patience_s", "absent_s", "failure_pause_s", "stop_s"])
def test_a_pause_may_be_none_but_not_negative(name: str) -> None:
    with_limit(name, 0.0)
    with pytest.raises(InvalidSettings, match=f"{name} is -1: expected at least 0"):
        with_limit(name, -1)


def test_reads_end_well_before_the_request_that_waits_for_them() -> None:
    assert RETRIES.request_s < AuditLimits().request_s / 2


def test_a_service_never_gives_a_host_up_for_good() -> None:
    assert math.isinf(RETRIES.host_silence_s)
