"""The bars of a terminal."""

import io

import pytest
from rich.console import Console

from cip_async.cli.bars import Bars, Rate
from cip_async.cli.counters import Counters


def drawn(counters: Counters, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(Bars(counters, console).renderable())
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


@pytest.mark.parametrize("width", [80, 200])
def test_bars_show_how_far_the_run_is(width: int) -> None:
    counters = Counters(repositories=591, listed=100, images=40, placed=10, failed=2, sent_bytes=5_000_000, throttled=3)
    listed, placed, traffic = drawn(counters, width).splitlines()
    assert "repositories listed" in listed
    assert "100/591" in listed
    assert "10/40" in placed
    assert traffic.startswith("2 failed, sent 5.0 MB, received 0 B, 0 requests/s, throttled 3 times")
    assert max(len(line.rstrip()) for line in (listed, placed, traffic)) <= width


def test_images_have_no_bar_before_any_is_to_be_placed() -> None:
    assert "images placed" not in drawn(Counters(repositories=5), 80)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate()
    assert rate.measure(100.0, 0) == 0.0
    assert rate.measure(101.0, 50) == 50.0
    assert rate.measure(103.0, 150) == 50.0
    assert [rate.measure(float(second), 150) for second in range(104, 108)][-1] == 0.0
