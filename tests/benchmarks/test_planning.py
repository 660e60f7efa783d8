"""The benchmark of planning: it plans everything there is, and in little memory."""

from pathlib import Path

import pytest

from benchmarks._shape import like_kubernetes, scaled, write
from benchmarks.planning import TARGET, in_a_fresh_process, measured


def test_every_edge_of_the_whole_set_is_planned_within_the_memory_that_is_aimed_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CIP_REAL_MANIFESTS", raising=False)
    result = in_a_fresh_process(scale=1.0, seed=0)

    assert (result["set"], result["pairs"]) == ("generated, seed 0", 9_746)
    assert result["edges_already_promoted"] == 707_520
    assert result["peak_bytes"] < TARGET["peak_bytes"]


def test_the_stages_add_up_to_the_whole(tmp_path: Path) -> None:
    write(scaled(like_kubernetes(), 0.001), tmp_path)
    result = measured(tmp_path)

    assert sorted(result["cpu_seconds_by_stage"]) == ["load", "lost sources", "overlaps", "pair", "plan"]
    assert result["cpu_seconds"] == pytest.approx(sum(result["cpu_seconds_by_stage"].values()), abs=0.01)
