"""Loads promoter manifests: a plain one from its file, or thin ones from a folder."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from cip_async.errors import InvalidManifests, InvalidSettings
from cip_async.manifests.collisions import collisions
from cip_async.manifests.folder import AnyFolder, Folder, Unreadable, read
from cip_async.manifests.layout import images_file, is_of_interest, layout, manifest_file
from cip_async.manifests.nodes import Node
from cip_async.manifests.parse import parse
from cip_async.manifests.validate import plain_manifest, thin_images, thin_registries
from cip_async.model.promoter_manifest import Gravity, Image, Place, Problem, PromoterManifest, PromoterManifests
from cip_async.settings import Files

_USUAL: Final = Files()


def load_manifests(
    *,
    manifest: str | os.PathLike[str] | None = None,
    thin_manifest_dir: str | os.PathLike[str] | None = None,
    strict: bool = False,
    quarantine: bool = False,
    files: Files = _USUAL,
) -> PromoterManifests:
    """Load one plain promoter manifest, or a folder of thin ones.

    With `strict`, warnings are problems too. With `quarantine`, invalid entries are left out and told in the
    result's `problems`; what is wrong with a file as a whole is raised in either case.

    A tag that is wanted with two digests is no matter of files; planning finds it.

    Raises:
        InvalidManifests: with every problem there is, each once, sorted by place.
        InvalidSettings: both or neither of `manifest` and `thin_manifest_dir` are given, or no file can have that name.
    """
    loaded = read_manifests(manifest=manifest, thin_manifest_dir=thin_manifest_dir, strict=strict, files=files)
    if loaded.has_spoilt_files or (loaded.invalid and not quarantine):
        raise InvalidManifests(loaded.invalid)
    return loaded


def read_manifests(
    *,
    manifest: str | os.PathLike[str] | None = None,
    thin_manifest_dir: str | os.PathLike[str] | None = None,
    strict: bool = False,
    files: Files = _USUAL,
) -> PromoterManifests:
    """Read all that can be understood, whatever is wrong, so that it can be checked further before all is told at once.

    Raises:
        InvalidSettings: both or neither of `manifest` and `thin_manifest_dir` are given, or no file can have that name.
    """
    loading = _Loading(files)
    if manifest is not None and thin_manifest_dir is None:
        path = _path(manifest)
        return loading.result(loading.plain(path, partial(read, path)), strict=strict)
    if thin_manifest_dir is not None and manifest is None:
        return loading.result(loading.thin(Folder(_path(thin_manifest_dir))), strict=strict)
    raise InvalidSettings("(manifest, thin_manifest_dir)", (manifest, thin_manifest_dir), "one of the two")


def read_manifests_at(
    revision: str,
    *,
    manifest: str | os.PathLike[str] | None = None,
    thin_manifest_dir: str | os.PathLike[str] | None = None,
    files: Files = _USUAL,
) -> PromoterManifests:
    """Read what `read_manifests` would have read at `revision` of the git repository that the path is in.

    What was not there yet wants nothing. Places are shown as git names them: `revision:path`.

    Raises:
        InvalidSettings: as `read_manifests`, or there is no such revision.
    """
    from cip_async.manifests.history import GitFolder  # noqa: PLC0415 - most runs look at no earlier manifests

    loading = _Loading(files)
    if manifest is not None and thin_manifest_dir is None:
        path = _path(manifest)
        parent = GitFolder(revision, path.parent)
        was_there = parent.has(path.name)
        found = loading.plain(parent.root / path.name, partial(parent.read, path.name)) if was_there else ()
        return loading.result(found, strict=False)
    if thin_manifest_dir is not None and manifest is None:
        folder = GitFolder(revision, _path(thin_manifest_dir))
        return loading.result(() if folder.is_empty else loading.thin(folder), strict=False)
    raise InvalidSettings("(manifest, thin_manifest_dir)", (manifest, thin_manifest_dir), "one of the two")


def load_images(path: str | os.PathLike[str], *, files: Files = _USUAL) -> tuple[Image, ...]:
    """Load the images file of a thin promoter manifest, which a snapshot is too; JSON is read as the YAML it is.

    Raises:
        InvalidManifests: with every problem there is, each once, sorted by place.
        InvalidSettings: no file can have that name.
    """
    loading = _Loading(files)
    found = loading.images(_path(path))
    if loading.problems:
        raise InvalidManifests(tuple(sorted(set(loading.problems))))
    return found


def _path(named: str | os.PathLike[str]) -> Path:
    """What is named, which need not be there.

    Raises:
        InvalidSettings: no file can have that name.
    """
    try:
        if b"\0" not in os.fsencode(named):
            return Path(named)
    except UnicodeEncodeError:
        pass
    raise InvalidSettings("the path", os.fspath(named), "a name that a file can have")


def _order(problem: Problem) -> tuple[str, int, int, str]:
    """The order that problems have, in a form that sorts many of them faster."""
    return problem.place.path, problem.place.line, problem.place.column, problem.message


def _stricter(problem: Problem) -> Problem:
    return attrs.evolve(problem, gravity=Gravity.ENTRY) if problem.gravity is Gravity.WARNING else problem


class _Loading:
    """One load, and the problems it met so far."""

    def __init__(self, limits: Files) -> None:
        self.problems: list[Problem] = []
        self._limits = limits

    def result(self, found: Iterable[PromoterManifest], *, strict: bool) -> PromoterManifests:
        """All that was found; nothing was read before this asks for it."""
        manifests = tuple(found)
        problems = {*self.problems, *collisions(manifests)}
        if strict:
            problems = {_stricter(problem) for problem in problems}
        return PromoterManifests(manifests=manifests, problems=tuple(sorted(problems, key=_order)))

    def plain(self, path: Path, content: Callable[[int], bytes]) -> Iterator[PromoterManifest]:
        root, is_document = self._document(path, lambda: content(self._limits.yaml_bytes))
        if is_document:
            found, problems = plain_manifest(root, _shown(path))
            self.problems += problems
            if found is not None:
                yield found

    def images(self, path: Path) -> tuple[Image, ...]:
        root, is_document = self._document(path, lambda: read(path, self._limits.yaml_bytes))
        found, problems = thin_images(root, _shown(path)) if is_document else ((), ())
        self.problems += problems
        return found

    def thin(self, folder: AnyFolder) -> Iterator[PromoterManifest]:
        unreadable: list[tuple[str, str]] = []
        arranged = layout(folder.files(is_of_interest, on_unreadable=lambda *told: unreadable.append(told)))
        for below, reason in unreadable:
            self._spoil(folder.root / below, reason)
        for problem in arranged.problems:
            # That there is no manifest at all is not known where something could not be read.
            if problem.place.path or not unreadable:
                place = attrs.evolve(problem.place, path=_shown(folder.root / problem.place.path))
                self.problems.append(attrs.evolve(problem, place=place, message=_shown(problem.message)))
        for name in arranged.names:
            yield from self._thin(folder, manifest_file(name), images_file(name))

    def _thin(self, folder: AnyFolder, manifest: str, images: str) -> Iterator[PromoterManifest]:
        path, limit = folder.root / manifest, self._limits.yaml_bytes
        root, is_document = self._document(path, lambda: folder.read(manifest, limit))
        named, problems = thin_registries(root, _shown(path)) if is_document else (None, ())
        self.problems += problems
        path = folder.root / images
        root, is_document = self._document(path, lambda: folder.read(images, limit))
        wanted, problems = thin_images(root, _shown(path)) if is_document else ((), ())
        self.problems += problems
        if named is not None:
            yield PromoterManifest(
                path=_shown(folder.root / manifest),
                source=named.source,
                destinations=named.destinations,
                images=wanted,
            )

    def _document(self, path: Path, content: Callable[[], bytes]) -> tuple[Node | None, bool]:
        """The YAML of a file, which may be empty, and whether there is anything to go on with."""
        try:
            root, problems = parse(content(), _shown(path), self._limits)
        except Unreadable as error:
            self._spoil(path, str(error))
            return None, False
        self.problems += problems
        return root, root is not None or not problems

    def _spoil(self, path: Path, reason: str) -> None:
        self.problems.append(Problem(Place(_shown(path), 1, 1), reason, gravity=Gravity.FILE))


def _shown(path: Path | str) -> str:
    """A path, or a text with paths in it; what is not UTF-8 in a name is shown with escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
