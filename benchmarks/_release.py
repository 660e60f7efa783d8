"""What a scenario promotes: the images, the registries that hold them, and the promoter manifests that want them."""

import functools
from collections.abc import Iterator
from typing import Final

import attrs

from benchmarks._scenario import Held, Places, Scenario
from cip_async.fake_registry.content import Content
from cip_async.fake_registry.host import FakeRegistries, Latency
from cip_async.fake_registry.images import Image, index, layer, push, single
from cip_async.fake_registry.quotas import Bucket, Quotas
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store
from cip_async.model import promoter_manifest
from cip_async.model.promoter_manifest import (
    Place,
    PromoterManifest,
    PromoterManifests,
    RegistryEntry,
    WantedDigest,
)
from cip_async.reference import RegistryPath, parse_image_name, parse_registry_path, parse_tag

_PLATFORMS: Final = ("amd64", "arm", "arm64", "ppc64le", "s390x", "386", "mips64le", "riscv64")
_HOST: Final = "us.gcr.io"
_NOWHERE: Final = Place("", 1, 1)


@attrs.frozen(kw_only=True)
class Wanted:
    """One image, under which name and with which tags it is wanted in every mirror."""

    name: str
    image: Image
    tags: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Release:
    """Everything that a scenario promotes, and from where to where."""

    scenario: Scenario
    wanted: tuple[Wanted, ...]
    source: RegistryPath
    mirrors: tuple[RegistryPath, ...]
    """Those that lack something."""
    full_mirrors: tuple[RegistryPath, ...]

    @property
    def by_name(self) -> dict[str, tuple[Wanted, ...]]:
        """What is wanted of each image name, which is a repository in each mirror."""
        names: dict[str, list[Wanted]] = {}
        for each in self.wanted:
            names.setdefault(each.name, []).append(each)
        return {name: tuple(wanted) for name, wanted in names.items()}


@functools.cache
def release(scenario: Scenario) -> Release:
    """The images and places of `scenario`."""
    names = scenario.names or scenario.images
    return Release(
        scenario=scenario,
        wanted=tuple(
            Wanted(
                name=f"image-{number % names:04}",
                image=_image(scenario, number),
                tags=tuple(f"v1.{number}-{tag}" for tag in range(scenario.tags)),
            )
            for number in range(scenario.images)
        ),
        source=parse_registry_path(f"{_HOST}/staging"),
        mirrors=tuple(_mirror(scenario, number) for number in range(scenario.mirrors)),
        full_mirrors=tuple(_mirror(scenario, scenario.mirrors + number) for number in range(scenario.full_mirrors)),
    )


def registries(scenario: Scenario, *, accept_missing: bool = False) -> FakeRegistries:
    """The hosts of `scenario`, with what they hold before it.

    `accept_missing`: whether manifests are taken before what they refer to, for whoever sends them in any order.
    """
    made = release(scenario)
    hosts = FakeRegistries(rules=Rules.google)
    for path in (made.source, *made.mirrors, *made.full_mirrors):
        if path.host not in hosts:
            host = hosts.add(path.host, _rules(scenario, accept_missing=accept_missing))
            host.latency = Latency(ms=scenario.latency_ms)
            if scenario.per_second is not None:
                host.quotas = Quotas(reads=_bucket(scenario.per_second), writes=_bucket(scenario.per_second))
    _fill(hosts[made.source.host].store, made, made.source, Held.EVERYTHING)
    for mirror in made.mirrors:
        _fill(hosts[mirror.host].store, made, mirror, scenario.held)
    for mirror in made.full_mirrors:
        _fill(hosts[mirror.host].store, made, mirror, Held.EVERYTHING)
    return hosts


def promoter_manifests(made: Release) -> PromoterManifests:
    """What promoter manifests say that want `made`."""
    images = (
        promoter_manifest.Image(name=parse_image_name(name), digests=tuple(map(_wanted_digest, wanted)), place=_NOWHERE)
        for name, wanted in made.by_name.items()
    )
    manifest = PromoterManifest(
        path="release",
        source=_entry(made.source, is_source=True),
        destinations=tuple(_entry(path, is_source=False) for path in (*made.mirrors, *made.full_mirrors)),
        images=tuple(images),
    )
    return PromoterManifests(manifests=(manifest,), problems=())


def _mirror(scenario: Scenario, number: int) -> RegistryPath:
    if scenario.places is Places.ONE_HOST:
        return parse_registry_path(f"{_HOST}/mirror-{number:02}")
    return parse_registry_path(f"mirror-{number:02}.gcr.io/production")


def _image(scenario: Scenario, number: int) -> Image:
    """One image for each platform, and an index of them if there are several."""
    seed = f"{scenario.seed}/{number}"
    children = [
        single(
            seed=f"{seed}/{platform}",
            layers=list(_layers(scenario, f"{seed}/{platform}", platform)),
            platform=platform,
        )
        for platform in _PLATFORMS[: scenario.platforms]
    ]
    return index(*children) if scenario.platforms > 1 else children[0]


def _layers(scenario: Scenario, seed: str, platform: str) -> Iterator[Content]:
    yield layer(f"{scenario.seed}/base/{platform}", scenario.layer_bytes)
    for number in range(1, scenario.layers):
        yield layer(f"{seed}/{number}", scenario.layer_bytes)


def _rules(scenario: Scenario, *, accept_missing: bool) -> Rules:
    """Google's, lenient to clients of all kinds; mounts from other hosts are made in the scenarios that say so."""
    rules = Rules.google()
    rules.origin_mounts = "honoured" if scenario.places is Places.BY_ORIGIN else "opened"
    rules.exact_locations = False
    rules.accept_missing = accept_missing
    return rules


def _bucket(per_second: float) -> Bucket:
    """A second's worth of requests may come at once."""
    return Bucket(per_second=per_second, burst=max(1.0, per_second))


def _fill(store: Store, made: Release, path: RegistryPath, held: Held) -> None:
    if held is Held.NOTHING:
        return
    for wanted in made.wanted:
        repository = path.repository(parse_image_name(wanted.name))
        push(store, repository.path, wanted.image, wanted.tags if held is Held.EVERYTHING else ())


def _wanted_digest(wanted: Wanted) -> WantedDigest:
    return WantedDigest(
        digest=wanted.image.digest,
        tags=tuple(map(parse_tag, wanted.tags)),
        place=_NOWHERE,
        tag_places=(_NOWHERE,) * len(wanted.tags),
    )


def _entry(path: RegistryPath, *, is_source: bool) -> RegistryEntry:
    return RegistryEntry(path=path, service_account=None, is_source=is_source, place=_NOWHERE)
