"""The benchmark of quotas tells what the registry saw."""

import pytest

from benchmarks.gate import SHAPES, measured


def test_all_requests_are_made_and_told_by_host() -> None:
    result = measured(requests=200, quota=100.0, latency_ms=5.0)
    assert result["hosts"].keys() == SHAPES.keys()
    for told in result["hosts"].values():
        assert told["first_200"]["seconds"] == told["seconds"]
        assert told["share_refused"] == pytest.approx(told["refused"] / (200 + told["refused"]), abs=1e-4)
    assert result["hosts"]["minute.example"]["refused"] == 0
