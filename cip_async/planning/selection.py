"""Which part of promoter manifests a run is about: the filters on image names and destinations."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import attrs

from cip_async.model.promoter_manifest import PromoterManifest, PromoterManifests
from cip_async.reference import RegistryPath


def selected(
    manifests: PromoterManifests, *, only: Sequence[str] | None = None, to: Sequence[str] | None = None
) -> PromoterManifests:
    """The images and destinations that match, without promoter manifests that have none left of either.

    `only` are globs on image names, `to` on the host or the whole name of a destination's registry entry; upper and
    lower case differ, and `*` matches slashes too. None filters nothing, `()` leaves nothing.
    """
    if only is None and to is None:
        return manifests
    narrowed = (_narrowed(manifest, only, to) for manifest in manifests.manifests)
    kept = tuple(manifest for manifest in narrowed if manifest.images and manifest.destinations)
    return attrs.evolve(manifests, manifests=kept)


def unmatched(
    manifests: PromoterManifests, *, only: Sequence[str] | None = None, to: Sequence[str] | None = None
) -> tuple[str, ...]:
    """The globs that match nothing that is wanted: each is a slip of the pen, whatever the others match."""
    images = {image.name for manifest in manifests.manifests for image in manifest.images if image.digests}
    paths = {entry.path for manifest in manifests.manifests for entry in manifest.destinations}
    return (
        *(glob for glob in only or () if not any(_matches(name, [glob]) for name in images)),
        *(glob for glob in to or () if not any(_leads(path, [glob]) for path in paths)),
    )


def _narrowed(manifest: PromoterManifest, only: Sequence[str] | None, to: Sequence[str] | None) -> PromoterManifest:
    return attrs.evolve(
        manifest,
        destinations=tuple(entry for entry in manifest.destinations if _leads(entry.path, to)),
        images=tuple(image for image in manifest.images if _matches(image.name, only)),
    )


def _leads(path: RegistryPath, to: Sequence[str] | None) -> bool:
    return _matches(path.host, to) or _matches(str(path), to)


def _matches(text: str, globs: Sequence[str] | None) -> bool:
    return globs is None or any(fnmatchcase(text, glob) for glob in globs)
