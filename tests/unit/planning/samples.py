"""Small promoter manifests and listings to plan with; every line of a file has a place of its own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

from cip_async.model.listing import Listing, ListingFailure
from cip_async.model.plan import Pair
from cip_async.model.promoter_manifest import (
    Image,
    Place,
    PromoterManifest,
    PromoterManifests,
    RegistryEntry,
    WantedDigest,
)
from cip_async.planning.pairs import wanted_pairs
from cip_async.reference import (
    Digest,
    Repository,
    parse_digest,
    parse_image_name,
    parse_registry_path,
    parse_repository,
    parse_tag,
)

STAGING = "gcr.io/staging"
EU, US = "eu.gcr.io/prod", "us.gcr.io/prod"

Dmap = Mapping[str, Sequence[str]]
"""Letters that stand for digests, with their tags."""


def digest(letter: str) -> Digest:
    """A digest that is easy to tell from others."""
    return parse_digest("sha256:" + letter * 64)


def manifest(
    *images: tuple[str, Dmap], path: str = "foo.yaml", source: str = STAGING, to: Iterable[str] = (EU, US)
) -> PromoterManifest:
    """A promoter manifest of these images, in this order."""
    lines = count(1)

    def place() -> Place:
        return Place(path, next(lines), 1)

    def entry(name: str, *, is_source: bool = False) -> RegistryEntry:
        return RegistryEntry(path=parse_registry_path(name), service_account=None, is_source=is_source, place=place())

    def wanted(letter: str, tags: Sequence[str]) -> WantedDigest:
        return WantedDigest(
            digest=digest(letter),
            tags=tuple(parse_tag(tag) for tag in tags),
            place=place(),
            tag_places=tuple(place() for _ in tags),
        )

    return PromoterManifest(
        path=path,
        source=entry(source, is_source=True),
        destinations=tuple(entry(name) for name in to),
        images=tuple(
            Image(
                name=parse_image_name(name),
                place=place(),
                digests=tuple(wanted(letter, tags) for letter, tags in dmap.items()),
            )
            for name, dmap in images
        ),
    )


def manifests(*made: PromoterManifest) -> PromoterManifests:
    """What a load of these promoter manifests gives."""
    return PromoterManifests(manifests=made, problems=())


def pairs(*made: PromoterManifest) -> tuple[Pair, ...]:
    """The pairs of these promoter manifests."""
    return wanted_pairs(manifests(*made))


def pair(dmap: Dmap) -> Pair:
    """The one pair of a promoter manifest with one image and one mirror."""
    (only,) = pairs(manifest(("app", dmap), to=[EU]))
    return only


def listing(
    repository: str | Repository,
    tags: Mapping[str, str] | None = None,
    untagged: Iterable[str] = (),
    *,
    asked: Iterable[str] | None = None,
) -> Listing:
    """What a repository holds: tags with the letters of their digests, and letters of digests without tags."""
    pointed = {parse_tag(tag): digest(letter) for tag, letter in (tags or {}).items()}
    return Listing(
        repository=parse_repository(repository) if isinstance(repository, str) else repository,
        digests=frozenset(pointed.values()) | frozenset(digest(letter) for letter in untagged),
        tags=pointed,
        asked=None if asked is None else frozenset(digest(letter) for letter in asked),
    )


def failure(repository: Repository) -> ListingFailure:
    """A repository that could not be listed."""
    return ListingFailure(repository=repository, reason=f"{repository.host}: it burns")


def edges(pair: Pair) -> Iterator[tuple[str, str, str, str | None]]:
    """The edges of a pair, spelled out: source, letter of the digest, destination, tag."""
    for want in pair.image.wants:
        for tag in want.tags or (None,):
            yield str(pair.source), want.digest[-1], str(pair.destination), tag
