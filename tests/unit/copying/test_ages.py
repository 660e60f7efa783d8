"""Whether the listing that a pair was planned from is still to be trusted."""

from cip_async.copying.ages import Ages
from tests.unit.copying.samples import EU, SOURCE, US


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_listing_is_trusted_for_its_time_and_no_longer() -> None:
    clock = Clock()
    ages = Ages(60.0, clock)
    ages.listed(SOURCE, EU)
    clock.now += 59.9
    assert not ages.is_stale(SOURCE, EU)
    clock.now += 0.1
    assert ages.is_stale(SOURCE, EU)


def test_a_listing_is_as_old_as_its_first_part() -> None:
    clock = Clock()
    ages = Ages(60.0, clock)
    ages.listed(SOURCE, EU, taken_s=50.0)
    clock.now += 9.9
    assert not ages.is_stale(SOURCE, EU)
    clock.now += 0.1
    assert ages.is_stale(SOURCE, EU)


def test_a_listing_of_unknown_age_is_not_trusted() -> None:
    ages = Ages(60.0, Clock())
    ages.listed(SOURCE, EU)
    assert ages.is_stale(SOURCE, US)


def test_no_listing_is_trusted_for_no_time_at_all() -> None:
    ages = Ages(0.0, Clock())
    ages.listed(SOURCE, EU)
    assert ages.is_stale(SOURCE, EU)


def test_a_new_listing_is_as_young_as_the_first_one_was() -> None:
    clock = Clock()
    ages = Ages(60.0, clock)
    ages.listed(SOURCE, EU)
    clock.now += 100.0
    ages.listed(SOURCE, EU)
    assert not ages.is_stale(SOURCE, EU)
