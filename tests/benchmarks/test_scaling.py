"""The benchmark of growth: what is fitted is what grows, and every size is promoted in full."""

import pytest

from benchmarks.scaling import QUICK, SERIES, exponent, measured


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_exponent_of_a_power_is_found(power: float) -> None:
    assert exponent((size, 0.3 * size**power) for size in (1, 2, 4, 8)) == pytest.approx(power)


def test_every_series_doubles_over_four_sizes() -> None:
    for grown, sizes in SERIES.items():
        figures = [getattr(scenario, "images" if grown.startswith("images") else grown) for scenario in sizes]
        assert figures == [figures[0] * factor for factor in (1, 2, 4, 8)]


def test_a_small_series_is_promoted_and_fitted() -> None:
    result = measured(QUICK, turns=1)

    assert [each["edges_promoted"] for each in result["series"]["images"]] == [2, 4]
    assert [target["what"] for target in result["target"]] == [
        "images: exponent of CPU",
        "images: CPU of the last doubling",
    ]
