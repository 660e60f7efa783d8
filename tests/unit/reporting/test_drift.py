"""The edges of a plan that are not as they are wanted."""

from cip_async.model.damage import Flaw
from cip_async.model.promoter_manifest import Place, WantedDigest
from cip_async.reporting.drift import drift
from tests.unit.reporting.samples import digest, pair_plans, plan, promotion, tags
from tests.unit.reporting.verifications import DRIFTED


def test_every_edge_is_told_once_for_each_mirror_in_order() -> None:
    told = list(drift(DRIFTED))
    first = [(each.digest[-1], each.tag, each.flaw) for each in told[:6]]
    assert first == [
        ("1", "b", Flaw.TAG_MISSING),
        ("2", None, Flaw.IMAGE_MISSING),
        ("4", "d", Flaw.TAG_MOVED),
        ("5", "e", Flaw.CONFLICT),
        ("6", "f", Flaw.UNKNOWN),
        ("7", "g", Flaw.IMAGE_MISSING),
    ]
    assert [each.destination.host for each in told] == ["asia.gcr.io"] * 6 + ["eu.gcr.io"] * 6


def test_an_edge_has_the_place_of_its_tag() -> None:
    places = Place("a.yaml", 2, 1), Place("a.yaml", 3, 1)
    wanted = WantedDigest(digest=digest("1"), tags=tags("a", "b"), place=Place("a.yaml", 1, 1), tag_places=places)
    lacking = [promotion("1", "b", in_destination=True)]
    assert [each.place for each in drift(plan(*pair_plans("foo", [wanted], promotions=lacking)[:1]))] == [places[1]]


def test_a_digest_without_a_tag_has_the_place_of_its_line() -> None:
    wanted = WantedDigest(digest=digest("1"), tags=(), place=Place("a.yaml", 1, 1), tag_places=())
    [told] = drift(plan(*pair_plans("foo", [wanted], promotions=[promotion("1")])[:1]))
    assert (told.tag, told.place) == (None, Place("a.yaml", 1, 1))
