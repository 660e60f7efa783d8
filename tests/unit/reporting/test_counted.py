"""Many lines are counted at their end, and none is left out."""

from cip_async.reporting.counted import counted


def test_what_fits_on_a_screen_is_not_counted() -> None:
    lines = [f"line {number}" for number in range(20)]
    assert list(counted(lines, "problem")) == lines


def test_more_are_counted_after_the_last() -> None:
    lines = [f"line {number}" for number in range(1234)]
    assert list(counted(lines, "problem")) == [*lines, "1,234 problems are told above"]
