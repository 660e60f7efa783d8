"""Which images file holds what is promoted from a staging registry."""

import os
from pathlib import Path

from cip_async.errors import InvalidManifests
from cip_async.manifests.layout import images_file
from cip_async.manifests.tree import read_manifests
from cip_async.model.promoter_manifest import Gravity, Place, Problem, PromoterManifest
from cip_async.reference import RegistryPath


def images_file_of(folder: Path, staging: RegistryPath) -> Path:
    """The images file of the one thin promoter manifest in `folder` whose source is `staging`.

    Raises:
        InvalidManifests: there is none or several, or that one's registries or images are wrong.
    """
    loaded = read_manifests(thin_manifest_dir=folder)
    found = [manifest for manifest in loaded.manifests if manifest.source.path == staging]
    if not found:
        spoilt = tuple(problem for problem in loaded.invalid if problem.gravity is Gravity.FILE)
        raise InvalidManifests((*spoilt, _none(folder, staging, loaded.manifests)))
    first, *others = found
    if others:
        raise InvalidManifests(tuple(_several(manifest, first) for manifest in others))
    path = folder / images_file(Path(first.path).parent.name)
    own = tuple(problem for problem in loaded.invalid if problem.place.path in (first.path, os.fspath(path)))
    if own:
        raise InvalidManifests(own)
    return path


def _none(folder: Path, staging: RegistryPath, manifests: tuple[PromoterManifest, ...]) -> Problem:
    near = sorted({str(manifest.source.path) for manifest in manifests if manifest.source.path.host == staging.host})
    known = f": there are {', '.join(near[:5])}{' …' if len(near) > 5 else ''}" if near else ""
    message = f"no promoter manifest has the source {staging}{known}"
    return Problem(Place(str(folder), 1, 1), message, gravity=Gravity.FILE)


def _several(manifest: PromoterManifest, first: PromoterManifest) -> Problem:
    source = manifest.source
    message = (
        f"{source.path} is the source here and at {first.source.place}: which of the two is added to is not guessed"
    )
    return Problem(source.place, message, gravity=Gravity.FILE)
