"""An old listing is believed only where it says that nothing is left to do."""

import pytest

from cip_async.inventory.trust import is_trusted
from cip_async.model.listing import Listing
from cip_async.model.plan import Pair
from cip_async.model.promoter_manifest import Place, WantedDigest, WantedImage
from cip_async.reference import Digest, ImageName, Tag, parse_registry_path

STAGING, PROD = parse_registry_path("gcr.io/staging"), parse_registry_path("eu.gcr.io/prod")
FOO = ImageName("foo")
A, B = (Digest(f"sha256:{letter * 64}") for letter in "ab")
V1, V2 = Tag("v1"), Tag("v2")
HOUR_S = 3_600.0


def pair(*wants: tuple[Digest, tuple[Tag, ...]]) -> Pair:
    place = Place("images.yaml", 1, 1)
    image = WantedImage(
        source=STAGING.repository(FOO),
        wants=tuple(
            WantedDigest(digest=digest, tags=tags, place=place, tag_places=(place,) * len(tags))
            for digest, tags in wants
        ),
    )
    return Pair(image=image, destination=PROD.repository(FOO), source_entry=STAGING, destination_entry=PROD)


def listing(digests: set[Digest], tags: dict[Tag, Digest]) -> Listing:
    return Listing(repository=PROD.repository(FOO), digests=digests, tags=tags)


WANTED = pair((A, (V1,)), (B, ()))
DONE = listing({A, B}, {V1: A, V2: B})


def test_what_holds_all_that_is_wanted_and_is_young_is_trusted() -> None:
    assert is_trusted(DONE, 0.0, HOUR_S, [WANTED])
    assert is_trusted(DONE, HOUR_S, HOUR_S, [WANTED])


def test_what_is_older_is_not() -> None:
    assert not is_trusted(DONE, HOUR_S + 0.1, HOUR_S, [WANTED])


def test_what_is_from_the_future_is_not() -> None:
    assert not is_trusted(DONE, -0.1, HOUR_S, [WANTED])


def test_nothing_is_trusted_unless_somebody_says_so() -> None:
    assert not is_trusted(DONE, 0.0, None, [WANTED])


@pytest.mark.parametrize(
    "held",
    [listing({A, B}, {V2: A}), listing({A, B}, {V1: B}), listing({A}, {V1: A})],
    ids=["tag lacking", "tag elsewhere", "digest lacking"],
)
def test_what_lacks_something_or_has_it_elsewhere_is_not(held: Listing) -> None:
    assert not is_trusted(held, 0.0, HOUR_S, [WANTED])


def test_one_pair_that_lacks_something_makes_all_pairs_of_the_repository_ask() -> None:
    assert not is_trusted(DONE, 0.0, HOUR_S, [WANTED, pair((A, (Tag("new"),)))])


def test_a_tag_that_is_wanted_twice_is_not() -> None:
    assert not is_trusted(DONE, 0.0, HOUR_S, [pair((A, (V1,)), (B, (V1,)))])
