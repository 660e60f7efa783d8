"""Numbers as people read them."""

import pytest

from cip_async.reporting.amounts import count, duration, size


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(0, "edge", "0 edges"), (1, "edge", "1 edge"), (4014, "edge", "4,014 edges"), (2, "repository", "2 repositories")],
)
def test_counts_have_separators_and_the_right_number(number: int, noun: str, text: str) -> None:
    assert count(number, noun) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9_960, "10 kB"),
        (999_400, "999 kB"),
        (999_900, "1.0 MB"),
        (1_234_567_890, "1.2 GB"),
        (10**18, "1,000 PB"),
    ],
)
def test_sizes_have_at_most_three_digits(size_bytes: int, text: str) -> None:
    assert size(size_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (200.0, "3 min 20 s"),
        (7_500.0, "2 h 5 min"),
    ],
)
def test_durations_name_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text
