"""Promoter manifests in the shape of a large project's: the Kubernetes project's of two years, or like them.

The project's own are at https://github.com/kubernetes/k8s.io (`registry.k8s.io`). What is made here has as many thin
manifests, image entries, digests, mirrors and edges, with digests as unevenly spread over images, and as many of them
wanted in two places; the names and digests are its own, and follow from the seed.
"""

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import attrs

from cip_async.manifests.render import thin_files
from cip_async.model.promoter_manifest import (
    Image,
    Place,
    PromoterManifest,
    PromoterManifests,
    RegistryEntry,
    WantedDigest,
)
from cip_async.reference import Digest, ImageName, parse_image_name, parse_registry_path, parse_tag

REGIONS: Final = (
    *("asia-east1", "asia-northeast1", "asia-northeast2", "asia-south1", "australia-southeast1", "europe-north1"),
    *("europe-southwest1", "europe-west1", "europe-west10", "europe-west2", "europe-west3", "europe-west4"),
    *("europe-west8", "europe-west9", "southamerica-west1", "us-central1", "us-east1", "us-east4", "us-east5"),
    *("us-south1", "us-west1", "us-west2"),
)
"""Where the mirrors are: `<region>-docker.pkg.dev`."""

_NOWHERE: Final = Place("", 1, 1)


@attrs.frozen
class _Project:
    """One thin manifest: so many digests over so many images, and what is special about it."""

    digests: int
    images: int
    more_tags: int = 0
    """Tags beyond one for each digest."""
    folders: tuple[str, ...] = ()
    """Where in a mirror its images go, if not into a folder of its own."""
    again: int = 0
    """Digests of its first image that its second image wants too."""
    from_first: bool = False
    """Whether all its digests are wanted from the first project too."""
    entry_for_each_digest: bool = False
    twice: int = 0
    """Digests that two entries of one name want, with different tags."""
    stubs: int = 0


_PROJECTS: Final = (
    _Project(12390, 47, folders=("", "core")),
    _Project(1886, 42, more_tags=19),
    _Project(978, 24),
    _Project(511, 10, more_tags=2),
    _Project(405, 28, more_tags=3, again=5),
    _Project(374, 10, again=12, entry_for_each_digest=True),
    _Project(288, 13),
    _Project(282, 21, stubs=2),
    *(_Project(*size) for size in ((194, 3), (176, 6), (155, 2))),
    _Project(122, 31, more_tags=3),
    *(_Project(*size) for size in ((107, 1), (105, 7))),
    _Project(103, 5, more_tags=4, again=8),
    *(_Project(*size) for size in ((101, 8), (98, 2), (95, 3), (88, 2), (85, 6), (78, 4), (75, 4))),
    _Project(64, 2, more_tags=14),
    _Project(62, 4, entry_for_each_digest=True, twice=2),
    _Project(62, 2, more_tags=19),
    _Project(61, 5, folders=("profiles", "profiles-bundle", "profiles-catalog")),
    *(_Project(*size) for size in ((54, 1), (41, 1), (34, 1), (33, 10), (33, 1), (32, 6))),
    _Project(30, 6, again=6),
    _Project(25, 12, from_first=True),
    _Project(23, 2, folders=("", "core")),
    *(_Project(*size) for size in ((21, 2), (20, 1), (20, 1), (18, 1), (17, 1), (17, 1), (17, 1), (16, 1), (15, 1))),
    *(_Project(*size) for size in ((15, 1), (14, 2), (13, 6), (13, 1), (13, 1), (12, 1), (11, 1), (7, 1), (6, 2))),
    *(_Project(*size, more_tags=1) for size in ((6, 1), (5, 5))),
    *(_Project(*size) for size in ((5, 1), (4, 2), (4, 2), (3, 3), (3, 1), (3, 1), (2, 2), (2, 1))),
    *(_Project(1, 1) for _ in range(7)),
    *(_Project(0, 0) for _ in range(4)),
)


_PROJECTS_OF_2020: Final = (
    _Project(462, 42, folders=("", "core")),
    _Project(129, 20, again=2),
    _Project(73, 9, more_tags=2),
    *(_Project(*size) for size in ((30, 6), (26, 10), (19, 2), (17, 12), (16, 7), (14, 9), (13, 6), (12, 2), (11, 5))),
    *(_Project(*size) for size in ((11, 1), (6, 1), (5, 5), (4, 1), (4, 1), (3, 3), (3, 1), (2, 1), (2, 1))),
    _Project(3, 2, folders=("", "core")),
    *(_Project(1, 1) for _ in range(6)),
    *(_Project(0, 0) for _ in range(19)),
)
_CONTINENTS: Final = tuple(f"{continent}.gcr.io/production" for continent in ("asia", "eu", "us"))


def like_kubernetes(*, seed: int = 0, regions: tuple[str, ...] = REGIONS) -> PromoterManifests:
    """74 thin manifests with 808 image entries of 19,501 digests, and 707,520 edges to 22 regions."""
    return _like(_PROJECTS, tuple(f"{region}-docker.pkg.dev/production/images" for region in regions), seed)


def like_kubernetes_of_2020(*, seed: int = 0) -> PromoterManifests:
    """47 thin manifests with 153 images of 869 digests, and 4,014 edges to three continents."""
    return _like(_PROJECTS_OF_2020, _CONTINENTS, seed)


def _like(projects: Iterable[_Project], mirrors: tuple[str, ...], seed: int) -> PromoterManifests:
    made = (_manifest(number, project, seed, mirrors) for number, project in enumerate(projects))
    return PromoterManifests(manifests=tuple(made), problems=())


def scaled(manifests: PromoterManifests, fraction: float) -> PromoterManifests:
    """About that `fraction` of all digests, and at least one for each image name.

    Registry entries, image names and stubs stay, and so does every digest that is wanted in two places or with several
    tags: repositories, tags and sharing keep their kinds.
    """
    uses = Counter(want.digest for one in manifests.manifests for image in one.images for want in image.digests)
    special = {digest for digest, number in uses.items() if number > 1}
    return attrs.evolve(
        manifests, manifests=tuple(_scaled(manifest, fraction, special) for manifest in manifests.manifests)
    )


def write(manifests: PromoterManifests, folder: Path) -> None:
    """Write thin manifests into `folder`, each named as its path says."""
    for manifest in manifests.manifests:
        for path, text in thin_files(manifest.path, manifest):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")


def corrected_copy(real: Path, folder: Path) -> None:
    """Copy the project's own thin manifests of April 2024, without the two mistakes that they hold.

    A digest that lacks two digits is completed, and of two digests that claim one tag the second goes.
    """
    shutil.copytree(real, folder, dirs_exist_ok=True)
    path = folder / "images/k8s-staging-ingress-nginx/images.yaml"
    text = path.read_text(encoding="utf-8")
    for wrong, right in _CORRECTIONS:
        if text.count(wrong) != 1:
            raise ValueError(f"{path} is not the file of April 2024: expected one {wrong!r}")
        text = text.replace(wrong, right)
    path.write_text(text, encoding="utf-8")


_CORRECTIONS: Final = (
    (
        '"sha256:23eb4b1775fbaa2adca55c73cf0341e1224d6308689b6f4b3aa1523312eb81c"',
        '"sha256:23eb4b1775fbaa2adca55c73cf0341e1224d6308689b6f4b3aa1523312eb81c0"',
    ),
    ('    "sha256:d8af609b5136aa653de2ecdb119b156e5f166b3cfa642e5973cfa480fb8c6e71": ["v1.4.0"]\n', ""),
)


def _manifest(number: int, project: _Project, seed: int, mirrors: tuple[str, ...]) -> PromoterManifest:
    name = f"project-{number:02}"
    folders = project.folders or (name,)
    return PromoterManifest(
        path=name,
        source=_entry(f"gcr.io/staging-{name}", is_source=True),
        destinations=tuple(_entry(f"{mirror}{folder and '/'}{folder}") for folder in folders for mirror in mirrors),
        images=tuple(_images(number, project, seed)),
    )


def _entry(name: str, *, is_source: bool = False) -> RegistryEntry:
    account = None if is_source else "promoter@production.iam.gserviceaccount.com"
    return RegistryEntry(path=parse_registry_path(name), service_account=account, is_source=is_source, place=_NOWHERE)


def _images(number: int, project: _Project, seed: int) -> Iterator[Image]:
    for place, size in enumerate(_sizes(project.digests, project.images)):
        name = parse_image_name(f"image-{number:02}-{place:02}")
        wants = list(_wants(number, project, seed, place, size))
        for entry in [[want] for want in wants] if project.entry_for_each_digest else [wants]:
            yield Image(name=name, digests=tuple(entry), place=_NOWHERE)
    for stub in range(project.stubs):
        yield Image(name=parse_image_name(f"stub-{number:02}-{stub:02}"), digests=(), place=_NOWHERE)


def _sizes(digests: int, images: int) -> list[int]:
    """How many digests each image has: fewer and fewer, one at least."""
    weights = range(images, 0, -1)
    total = sum(weights)
    sizes = [1 + (digests - images) * weight // total for weight in weights]
    for place in range(digests - sum(sizes)):
        sizes[place] += 1
    return sizes


def _wants(number: int, project: _Project, seed: int, place: int, size: int) -> Iterator[WantedDigest]:
    for index in range(size):
        key = (0 if project.from_first else number), place, index
        if place == 1 and index < project.again:
            key = number, 0, index
        if place == 0 and index < 2 * project.twice:
            key = number, 0, index - index % 2
        tags = [f"v1.{index // 20}.{index % 20}"]
        if place == 0 and index < project.more_tags:
            tags.append(f"latest-{index}")
        yield WantedDigest(
            digest=Digest(f"sha256:{hashlib.sha256(f'{seed}/{key}'.encode()).hexdigest()}"),
            tags=tuple(parse_tag(tag) for tag in tags),
            place=_NOWHERE,
            tag_places=(_NOWHERE,) * len(tags),
        )


def _scaled(manifest: PromoterManifest, fraction: float, special: set[Digest]) -> PromoterManifest:
    wanted = Counter[ImageName]()
    for image in manifest.images:
        wanted[image.name] += len(image.digests)
    left = {name: max(1, round(number * fraction)) for name, number in wanted.items()}
    images = []
    for image in manifest.images:
        kept = []
        for want in image.digests:
            if left[image.name] > 0 or want.digest in special or len(want.tags) > 1:
                kept.append(want)
            left[image.name] -= 1
        if kept or not image.digests:
            images.append(attrs.evolve(image, digests=tuple(kept)))
    return attrs.evolve(manifest, images=tuple(images))
