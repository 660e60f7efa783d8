"""Promotions to measure, as data: what is wanted, what is there already, and how far and how strict the registries are.

Sizes are those of real releases: an index of five platforms whose images have a config and seven layers, the first of
which is the platform's base and the same in every image.
"""

import enum
from typing import Final

import attrs

from cip_async.settings import Settings


class Held(enum.Enum):
    """What the mirrors hold before the promotion."""

    NOTHING = "nothing"
    UNTAGGED = "all images, without their tags"
    EVERYTHING = "everything"


class Places(enum.Enum):
    """Where the mirrors are, which decides how blobs come there."""

    ONE_HOST = "on the host of staging"
    """Blobs are mounted."""
    BY_ORIGIN = "on hosts of their own that mount from the host of staging"
    """As Google's do, where `origin` names it."""
    APART = "on hosts of their own"
    """Every blob is relayed."""


@attrs.frozen(kw_only=True)
class Scenario:
    """One promotion. The images follow from the seed, as everything else does from these figures."""

    name: str
    images: int = 30
    names: int | None = None
    """Image names over which the images are spread; one for each image if not said."""
    platforms: int = 5
    """Of each image; one makes an image without an index."""
    layers: int = 7
    tags: int = 2
    mirrors: int = 3
    full_mirrors: int = 0
    """Mirrors beside them that hold everything already."""
    places: Places = Places.ONE_HOST
    held: Held = Held.NOTHING
    layer_bytes: int = 1_000
    latency_ms: float = 0.0
    """What each request takes at least."""
    per_second: float | None = None
    """Reads that a host grants a second, and writes."""
    in_flight: int = Settings().threads
    """Requests to each host at a time, at most."""
    repeats: int = 1
    """How often each client is measured; the least counts."""
    with_bare: bool = False
    """Whether a bare session sends the same requests, as the yardstick."""
    with_peers: bool = False
    """Whether other tools do the same."""
    seed: int = 0

    @property
    def blobs_of_an_image(self) -> int:
        """The layers and the config of each platform."""
        return self.platforms * (self.layers + 1)


_MANY: Final = 22
SCENARIOS: Final = (
    Scenario(name="release", repeats=3, with_bare=True),
    Scenario(name="release at 20 ms", latency_ms=20),
    Scenario(name="release at 40 ms", latency_ms=40, repeats=3, with_bare=True),
    Scenario(name="release at 150 ms", latency_ms=150),
    Scenario(name="release at 150 ms, 256 in flight", latency_ms=150, in_flight=256),
    Scenario(name="release to 22 mirrors", mirrors=_MANY, repeats=3, with_bare=True),
    Scenario(name="release to 22 mirrors at 40 ms", mirrors=_MANY, latency_ms=40, with_bare=True),
    Scenario(
        name="release to 22 mirrors at 40 ms, 256 in flight",
        mirrors=_MANY,
        latency_ms=40,
        in_flight=256,
        with_bare=True,
    ),
    Scenario(name="release by origin at 40 ms", places=Places.BY_ORIGIN, latency_ms=40, with_bare=True),
    Scenario(name="release across hosts", places=Places.APART, layer_bytes=16_384),
    Scenario(name="release across hosts at 40 ms", places=Places.APART, layer_bytes=16_384, latency_ms=40),
    Scenario(name="release across 22 hosts", places=Places.APART, mirrors=_MANY),
    Scenario(
        name="new mirror of 2,000 images",
        images=2_000,
        names=100,
        platforms=1,
        layers=4,
        tags=1,
        mirrors=1,
        full_mirrors=2,
    ),
    Scenario(name="only tags missing", held=Held.UNTAGGED),
    Scenario(name="nothing to do", held=Held.EVERYTHING),
    Scenario(name="release at 83 requests a second", images=12, latency_ms=40, per_second=83),
    Scenario(name="3 images at 40 ms", images=3, latency_ms=40, with_peers=True),
    Scenario(name="3 images across hosts at 40 ms", images=3, latency_ms=40, places=Places.APART, with_peers=True),
)


def quick(scenario: Scenario) -> Scenario:
    """The same kind of promotion with very little to do, to see that all works; its figures mean nothing."""
    return attrs.evolve(
        scenario,
        images=min(scenario.images, 2),
        names=scenario.names and 1,
        platforms=min(scenario.platforms, 2),
        layers=2,
        mirrors=min(scenario.mirrors, 2),
        full_mirrors=min(scenario.full_mirrors, 1),
        latency_ms=min(scenario.latency_ms, 1),
        repeats=1,
    )
