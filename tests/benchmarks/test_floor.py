"""The floor of a promotion: the fewest requests, from formulas that anybody can check."""

import attrs
import pytest

from benchmarks._floor import blob_bytes, by_class, floor, in_flight_seconds, quota_seconds, round_trips
from benchmarks._release import release
from benchmarks._scenario import SCENARIOS, Held, Places, Scenario
from cip_async.fake_registry.calls import CallClass

RELEASE = Scenario(name="release", images=30, platforms=5, layers=7, tags=2, mirrors=3)
NAMES = 30
IMAGES = 30 * 5
BLOBS = IMAGES * 8
"""Of the repositories of one mirror together: no two images of it are in one repository."""
UNIQUE = 5 + IMAGES * 7
"""On one host: the bases of the five platforms, six layers and a config of each image."""


def test_a_release_on_one_host_takes_a_mount_a_blob_and_a_put_an_image_and_a_tag() -> None:
    assert by_class(floor(release(RELEASE))) == {
        CallClass.TAGS: 3 * NAMES,
        CallClass.MANIFEST_GET: IMAGES + NAMES,
        CallClass.MOUNT: 3 * BLOBS,
        CallClass.MANIFEST_PUT: 3 * IMAGES,
        CallClass.TAG_PUT: 3 * 30 * 2,
    }


def test_a_release_to_other_hosts_reads_each_blob_once_and_sends_it_once_to_each() -> None:
    made = release(attrs.evolve(RELEASE, places=Places.APART, layer_bytes=10_000))
    requests = by_class(floor(made))
    configs = IMAGES
    sizes = {digest: content.size_bytes for each in made.wanted for digest, content in each.image.all_blobs.items()}

    assert requests[CallClass.BLOB_GET] == UNIQUE
    assert requests[CallClass.UPLOAD_START] == requests[CallClass.UPLOAD] == 3 * UNIQUE
    assert requests[CallClass.MOUNT] == 3 * (BLOBS - UNIQUE)
    assert blob_bytes(made) == (sum(sizes.values()), 3 * sum(sizes.values()))
    assert sum(sizes.values()) > (UNIQUE - configs) * 10_000


def test_hosts_that_mount_from_staging_need_no_bytes() -> None:
    made = release(attrs.evolve(RELEASE, places=Places.BY_ORIGIN))

    assert by_class(floor(made)) == by_class(floor(release(RELEASE)))
    assert blob_bytes(made) == (0, 0)


def test_tags_alone_take_the_bytes_of_what_they_point_to_once_and_a_put_each() -> None:
    assert by_class(floor(release(attrs.evolve(RELEASE, held=Held.UNTAGGED)))) == {
        CallClass.TAGS: 3 * NAMES,
        CallClass.MANIFEST_GET: 30,
        CallClass.TAG_PUT: 3 * 30 * 2,
    }


def test_staging_is_listed_where_several_images_of_a_name_are_lacking() -> None:
    two_a_name = by_class(floor(release(attrs.evolve(RELEASE, names=15))))
    assert two_a_name[CallClass.TAGS] == (3 + 1) * 15


def test_nothing_to_do_takes_a_listing_of_each_repository_of_the_mirrors() -> None:
    assert by_class(floor(release(attrs.evolve(RELEASE, held=Held.EVERYTHING)))) == {CallClass.TAGS: 3 * NAMES}


def test_a_mirror_that_holds_everything_is_listed_and_no_more() -> None:
    alone, beside = (
        by_class(floor(release(attrs.evolve(RELEASE, mirrors=1, full_mirrors=number)))) for number in (0, 2)
    )
    assert beside == {**alone, CallClass.TAGS: alone[CallClass.TAGS] + 2 * NAMES}


def test_images_in_one_repository_need_its_shared_blobs_once() -> None:
    together = by_class(floor(release(attrs.evolve(RELEASE, names=1, mirrors=1))))

    assert together[CallClass.MOUNT] == UNIQUE


def test_the_quota_bounds_reads_and_writes_apart() -> None:
    made = release(attrs.evolve(RELEASE, per_second=100))
    writes = 3 * (BLOBS + IMAGES + 60)

    assert quota_seconds(made) == pytest.approx(writes / 100)
    assert quota_seconds(release(RELEASE)) == 0


def test_latency_bounds_what_may_be_in_flight_to_the_busiest_host() -> None:
    one_host = release(attrs.evolve(RELEASE, latency_ms=40))
    apart = release(attrs.evolve(RELEASE, latency_ms=40, places=Places.BY_ORIGIN))

    assert in_flight_seconds(one_host) == pytest.approx(floor(one_host).total() * 0.04 / 64)
    assert in_flight_seconds(apart) < in_flight_seconds(one_host) / 2
    more_in_flight = release(attrs.evolve(RELEASE, latency_ms=40, in_flight=256))
    assert in_flight_seconds(more_in_flight) == in_flight_seconds(one_host) / 4


def test_images_without_an_index_and_blobs_that_are_mounted_take_fewer_round_trips() -> None:
    assert round_trips(release(RELEASE)) == 6
    assert round_trips(release(attrs.evolve(RELEASE, names=1))) == 7
    assert round_trips(release(attrs.evolve(RELEASE, platforms=1))) == 4
    assert round_trips(release(attrs.evolve(RELEASE, places=Places.APART))) == 7
    assert round_trips(release(attrs.evolve(RELEASE, held=Held.UNTAGGED))) == 3
    assert round_trips(release(attrs.evolve(RELEASE, held=Held.EVERYTHING))) == 1


def test_every_scenario_has_a_name_of_its_own() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


def test_images_follow_from_the_seed() -> None:
    one, same, other = (
        release(attrs.evolve(RELEASE, images=2, mirrors=mirrors, seed=seed))
        for mirrors, seed in ((1, 1), (2, 1), (1, 2))
    )
    digests = [[each.image.digest for each in made.wanted] for made in (one, same, other)]

    assert digests[0] == digests[1]
    assert not set(digests[0]) & set(digests[2])
