"""Where the files of thin promoter manifests belong, and what it means when one is elsewhere; pure.

    manifests/<name>/promoter-manifest.yaml
    images/<name>/images.yaml

Whatever else is in the folder is nobody's business, except files that were meant to be one of these: not
promoting what somebody wrote must not happen in silence.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from cip_async.model.promoter_manifest import Gravity, Place, Problem

MANIFESTS: Final = "manifests"
IMAGES: Final = "images"
_MANIFEST_FILE: Final = "promoter-manifest.yaml"
_IMAGES_FILE: Final = "images.yaml"
_HOME: Final = {_MANIFEST_FILE: f"{MANIFESTS}/<name>/{_MANIFEST_FILE}", _IMAGES_FILE: f"{IMAGES}/<name>/{_IMAGES_FILE}"}
_MISSPELT: Final = {"promoter-manifest.yml": _MANIFEST_FILE, "images.yml": _IMAGES_FILE}

Parts = tuple[str, ...]
"""A path below the folder, component by component."""


@attrs.frozen(kw_only=True)
class Layout:
    """The thin promoter manifests that are complete, by name and sorted, and what is out of place.

    The paths of the problems are below the folder.
    """

    names: tuple[str, ...]
    problems: tuple[Problem, ...]


def is_of_interest(file_name: str) -> bool:
    """Whether a file of this name has a place in the layout, or was meant to have."""
    return file_name in _HOME or file_name in _MISSPELT


def manifest_file(name: str) -> str:
    """Where the registries of a thin promoter manifest are, below the folder."""
    return f"{MANIFESTS}/{name}/{_MANIFEST_FILE}"


def images_file(name: str) -> str:
    """Where the images of a thin promoter manifest are, below the folder."""
    return f"{IMAGES}/{name}/{_IMAGES_FILE}"


def layout(files: Iterable[Parts]) -> Layout:
    """Sort out the files of interest in a folder."""
    present = frozenset(files)
    manifests = {parts[1] for parts in present if _is_manifest(parts)}
    images = {parts[1] for parts in present if _is_images(parts)}
    problems = sorted((*_incomplete(manifests - images), *_unused(images - manifests, present), *_strays(present)))
    if not manifests:
        problems.insert(0, _problem("", Gravity.FILE, f"has no promoter manifest: expected {_HOME[_MANIFEST_FILE]}"))
    return Layout(names=tuple(sorted(manifests & images)), problems=tuple(problems))


def _is_manifest(parts: Parts) -> bool:
    return len(parts) == 3 and parts[0] == MANIFESTS and parts[2] == _MANIFEST_FILE


def _is_images(parts: Parts) -> bool:
    return len(parts) == 3 and parts[0] == IMAGES and parts[2] == _IMAGES_FILE


def _incomplete(names: Iterable[str]) -> Iterator[Problem]:
    for name in names:
        message = f"has no images: expected them in {images_file(name)}, which may be empty"
        yield _problem(manifest_file(name), Gravity.ENTRY, message)


def _unused(names: Iterable[str], present: frozenset[Parts]) -> Iterator[Problem]:
    """Images without their manifest; where that lies beside them, its own warning says all."""
    for name in names:
        if (IMAGES, name, _MANIFEST_FILE) not in present:
            message = f"is not promoted: its promoter manifest {manifest_file(name)} is missing"
            yield _problem(images_file(name), Gravity.WARNING, message)


def _strays(present: Iterable[Parts]) -> Iterator[Problem]:
    for parts in present:
        path, name = "/".join(parts), parts[-1]
        if name in _MISSPELT:
            yield _problem(path, Gravity.WARNING, f"is not read: expected the name {_MISSPELT[name]}")
        elif not _is_manifest(parts) and not _is_images(parts):
            is_too_deep = name == _MANIFEST_FILE and parts[0] == MANIFESTS
            gravity, what = (Gravity.ENTRY, "at the wrong depth") if is_too_deep else (Gravity.WARNING, "misplaced")
            yield _problem(path, gravity, f"is {what} and not read: expected {_expected(parts)}")


def _expected(parts: Parts) -> str:
    if parts[:1] == (IMAGES,) and parts[-1] == _MANIFEST_FILE and len(parts) == 3:
        return f"{manifest_file(parts[1])}, so {images_file(parts[1])} is not promoted"
    return _HOME[parts[-1]]


def _problem(path: str, gravity: Gravity, message: str) -> Problem:
    return Problem(Place(path, 1, 1), message, gravity=gravity)
