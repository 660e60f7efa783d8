"""What the demo promotes: made-up images, and the promoter manifest that wants them."""

from collections.abc import Iterable
from typing import Final

import attrs

from cip_async.fake_registry.images import Image, artifact, layer, multi_arch, push, single
from cip_async.fake_registry.store import Store
from cip_async.model import promoter_manifest
from cip_async.model.promoter_manifest import Place, PromoterManifest, RegistryEntry, WantedDigest
from cip_async.reference import ImageName, RegistryPath, Tag, parse_image_name, parse_registry_path, parse_tag

SOURCE: Final = parse_registry_path("gcr.io/demo-staging")
MIRRORS: Final = tuple(parse_registry_path(f"{region}.gcr.io/demo-prod") for region in ("asia", "eu", "us"))
MANIFEST_NAME: Final = "demo"

_MB: Final = 1_000_000
_ARCHITECTURES: Final = ("amd64", "arm64", "s390x")
_NOWHERE: Final = Place("", 0, 0)


@attrs.frozen
class Wish:
    """An image to be promoted, and the tags it is to have; without tags it is a tagless promotion."""

    name: ImageName
    image: Image
    tags: tuple[Tag, ...]


def wishes() -> tuple[Wish, ...]:
    """The images of the demo, which are the same each time."""
    base, runtime = layer("base", 4 * _MB), layer("runtime", 2 * _MB)
    pause = multi_arch(seed="pause", platforms=_ARCHITECTURES, layers=1, layer_bytes=200_000)
    etcd = {
        version: multi_arch(seed=f"etcd {version}", shared_layers=[base], layer_bytes=1 * _MB)
        for version in ("3.5.9", "3.5.10")
    }
    components = ("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler")
    return (
        _wish("pause", pause, "3.9", "3.10", "latest"),
        _wish("etcd", etcd["3.5.9"], "3.5.9"),
        _wish("etcd", etcd["3.5.10"], "3.5.10", "3.5"),
        _wish("coredns/coredns", multi_arch(seed="coredns", shared_layers=[base]), "v1.11.1"),
        *(
            _wish(f"kube/{name}", multi_arch(seed=name, shared_layers=[base, runtime], layer_bytes=1 * _MB), "v1.30.0")
            for name in components
        ),
        _wish("ingress/controller", single(seed="ingress", layers=[base, layer("ingress", 6 * _MB)]), "v1.10", "v1"),
        _wish("charts/metrics", artifact(seed="metrics", artifact_type="application/vnd.cncf.helm.config.v1+json")),
    )


def fill(staging: Store, wanted: Iterable[Wish]) -> None:
    """Put the images into the staging registry, as builds do: each with one tag of its own."""
    for wish in wanted:
        push(staging, SOURCE.repository(wish.name).path, wish.image, [f"build-{wish.image.digest[-8:]}"])


def manifest(wanted: Iterable[Wish]) -> PromoterManifest:
    """The promoter manifest that wants the images in every mirror."""
    images: dict[ImageName, list[WantedDigest]] = {}
    for wish in wanted:
        digest = WantedDigest(
            digest=wish.image.digest, tags=wish.tags, place=_NOWHERE, tag_places=(_NOWHERE,) * len(wish.tags)
        )
        images.setdefault(wish.name, []).append(digest)
    return PromoterManifest(
        path="",
        source=_entry(SOURCE, is_source=True),
        destinations=tuple(_entry(mirror) for mirror in MIRRORS),
        images=tuple(
            promoter_manifest.Image(name=name, digests=tuple(digests), place=_NOWHERE)
            for name, digests in images.items()
        ),
    )


def staged_bytes(wanted: Iterable[Wish]) -> int:
    """How many bytes all blobs have, each counted once."""
    sizes = {digest: content.size_bytes for wish in wanted for digest, content in wish.image.all_blobs.items()}
    return sum(sizes.values())


def _wish(name: str, image: Image, *tags: str) -> Wish:
    return Wish(parse_image_name(name), image, tuple(map(parse_tag, tags)))


def _entry(path: RegistryPath, *, is_source: bool = False) -> RegistryEntry:
    return RegistryEntry(path=path, service_account=None, is_source=is_source, place=_NOWHERE)
