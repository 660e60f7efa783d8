"""Destinations that are sources too. A source is never written, so these are told before anything is asked."""

from collections.abc import Iterable, Iterator

from cip_async.model.promoter_manifest import Gravity, Problem, PromoterManifest, RegistryEntry
from cip_async.reference import Repository


def collisions(manifests: Iterable[PromoterManifest]) -> Iterator[Problem]:
    """One problem for each destination registry entry that has a source repository of any promoter manifest.

    It spoils the file: which of the two was meant is not guessed.
    """
    manifests = tuple(manifests)
    sources = dict(_sources(manifests))
    hosts = {repository.host for repository in sources} | {manifest.source.path.host for manifest in manifests}
    for manifest in manifests:
        for destination in manifest.destinations:
            if destination.path.host in hosts:
                yield from _collision(manifest, destination, sources)


def _sources(manifests: Iterable[PromoterManifest]) -> Iterator[tuple[Repository, RegistryEntry]]:
    for manifest in manifests:
        for image in manifest.images:
            if image.digests:
                yield manifest.source.path.repository(image.name), manifest.source


def _collision(
    manifest: PromoterManifest, destination: RegistryEntry, sources: dict[Repository, RegistryEntry]
) -> Iterator[Problem]:
    if destination.path == manifest.source.path:
        line = manifest.source.place.line
        yield _problem(destination, f"is the source too (line {line})")
        return
    for image in manifest.images:
        repository = destination.path.repository(image.name)
        if image.digests and repository in sources:
            yield _problem(destination, f"holds {repository}, which is promoted from at {sources[repository].place}")
            return


def _problem(destination: RegistryEntry, reason: str) -> Problem:
    message = f"registry {destination.path} cannot be promoted to: it {reason}, and a source is never written"
    return Problem(destination.place, message, gravity=Gravity.FILE)
