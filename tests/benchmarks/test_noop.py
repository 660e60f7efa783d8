"""The benchmark of a run with nothing to do: what it costs in requests and memory, to the last request."""

import argparse
import pstats
from pathlib import Path

import pytest

from benchmarks._shape import REGIONS
from benchmarks.noop import TARGET, in_fresh_processes


def arguments(**options: object) -> argparse.Namespace:
    usual = {"scale": 1.0, "seed": 0, "children": 0, "listing": "artifact-registry", "profile": None, "inventory": None}
    return argparse.Namespace(**{**usual, **options})


@pytest.fixture(autouse=True)
def _generated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIP_REAL_MANIFESTS", raising=False)


def test_the_whole_set_is_listed_in_33_pages_for_each_region_within_the_memory_that_is_aimed_at() -> None:
    result = in_fresh_processes(arguments())

    assert (result["destination_repositories"], result["edges_already_promoted"]) == (9_746, 707_520)
    assert result["requests"] == {"listing by the API": 33 * len(REGIONS)}
    assert result["peak_bytes"] < TARGET["peak_bytes"]


@pytest.mark.parametrize(
    ("listing", "requests"),
    [("artifact-registry", {"listing by the API": 6 * len(REGIONS)}), ("google", {"listing": 9_746})],
)
def test_children_cost_pages_of_the_api_and_nothing_elsewhere(listing: str, requests: dict[str, int]) -> None:
    """A fiftieth of the digests, at least one for each image, are 981 in a region; with five children each 5,886."""
    result = in_fresh_processes(arguments(scale=0.02, children=5, listing=listing))

    assert result["requests"] == requests


def test_an_inventory_changes_no_request(tmp_path: Path) -> None:
    result = in_fresh_processes(arguments(scale=0.001, inventory=tmp_path / "inventory.db"))

    assert result["requests"] == {"listing by the API": len(REGIONS)}
    assert result["inventory_bytes"] == (tmp_path / "inventory.db").stat().st_size


def test_a_profile_tells_of_the_client_alone(tmp_path: Path) -> None:
    path = tmp_path / "client.prof"
    result = in_fresh_processes(arguments(scale=0.001, profile=path))

    functions = pstats.Stats(str(path)).get_stats_profile().func_profiles.keys()
    assert {"measured", "take"} <= functions
    assert "list_docker_images" not in functions
    assert 0 < sum(result["profile"].values()) <= 1
