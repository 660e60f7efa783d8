"""What is remembered of listings."""

from cip_async.copying.holdings import Holdings
from tests.unit.copying.samples import EU, SOURCE, US, digest


def test_a_listing_is_remembered_until_it_is_taken() -> None:
    holdings = Holdings()
    holdings.listed(SOURCE, EU, {digest("app")})
    assert holdings.take(EU) == {digest("app")}
    assert holdings.take(EU) == frozenset()


def test_mirrors_that_hold_the_same_share_what_is_remembered() -> None:
    holdings = Holdings(most=2)
    for mirror in (EU, US):
        holdings.listed(SOURCE, mirror, {digest("app"), digest("other")})
    assert holdings.take(EU) is holdings.take(US)


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    holdings = Holdings(most=1)
    holdings.listed(SOURCE, EU, {digest("app"), digest("other")})
    holdings.listed(SOURCE, US, {digest("app")})
    assert holdings.take(EU) == frozenset()
    assert holdings.take(US) == {digest("app")}
