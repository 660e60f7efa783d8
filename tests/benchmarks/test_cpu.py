"""The profile of a promotion: what is sampled, and to which part of the program it counts."""

from types import FrameType

import pytest

from benchmarks._sampled import PARTS, part_of
from benchmarks._scenario import quick
from benchmarks.cpu import SCENARIO, measured, shares


def frame_in(file: str) -> FrameType:
    """A frame of code that is in `file`, called from nowhere else that has a part."""
    names: dict[str, FrameType] = {}
    exec(compile("import sys\nframe = sys._getframe()", file, "exec"), names)
    return names["frame"]


@pytest.mark.parametrize(
    ("file", "part"),
    [
        ("<frozen importlib._bootstrap>", "loading modules"),
        ("/lib/python3.11/site-packages/aiohttp/client.py", "aiohttp and the event loop"),
        ("/src/cip_async/registry/gate.py", "gate"),
        ("/src/cip_async/registry/pacing.py", "gate"),
        ("/src/cip_async/registry/exchanger.py", "requests and answers"),
        ("/src/cip_async/copying/engine.py", "placements"),
        ("/src/cip_async/cli/run.py", "everything else"),
    ],
)
def test_a_sample_counts_to_the_part_that_its_file_belongs_to(file: str, part: str) -> None:
    assert part_of(frame_in(file)) == part


def test_what_is_in_no_part_counts_as_everything_else() -> None:
    assert part_of(None) == "everything else"


def test_shares_are_told_from_the_largest_on() -> None:
    assert list(shares({"gate": 1, "placements": 3}).items()) == [("placements", 0.75), ("gate", 0.25)]


def test_a_promotion_is_sampled_in_its_own_process() -> None:
    result = measured(quick(SCENARIO))

    assert result["samples"] > 0
    assert result["share"].keys() <= set(PARTS.values())
    assert sum(result["share"].values()) == pytest.approx(1.0, abs=0.01)
