"""A listing is read only where it may save more requests than it costs."""

import pytest

from cip_async.registry.listing.worth import is_worth_listing


@pytest.mark.parametrize("tags", [0, 1])
def test_no_tags_or_one_are_looked_up_at_once(tags: int) -> None:
    assert not is_worth_listing(tags)


@pytest.mark.parametrize("tags", [2, 50])
def test_several_tags_of_which_nothing_is_known_are_listed(tags: int) -> None:
    assert is_worth_listing(tags)


@pytest.mark.parametrize(("wanted", "there"), [(wanted, there) for wanted in range(20) for there in range(wanted + 1)])
def test_with_a_belief_that_is_true_the_cheaper_way_is_taken(wanted: int, there: int) -> None:
    listing, looking_up = 1 + there, wanted
    assert (listing if is_worth_listing(wanted, there) else looking_up) == min(listing, looking_up)
