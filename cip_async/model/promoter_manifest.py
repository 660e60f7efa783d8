"""What promoter manifests say: registry entries, images, and where in which file each was written."""

import enum
from functools import cached_property

import attrs

from cip_async.reference import Digest, ImageName, RegistryPath, Repository, Tag


@attrs.frozen(order=True)
class Place:
    """A position in a file, counted from 1, as editors count."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Gravity(enum.Enum):
    """How much of the input a problem spoils."""

    WARNING = "warning"
    """Something is odd, and everything is still promoted."""
    ENTRY = "entry"
    """One entry is invalid; `--on-conflict=quarantine` leaves out exactly that one."""
    FILE = "file"
    """The file as a whole cannot be understood; no mode goes on."""


@attrs.frozen(order=True)
class Problem:
    """One thing that is wrong with the input: `path:line:column: message`."""

    place: Place
    message: str
    gravity: Gravity = attrs.field(order=False, kw_only=True)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@attrs.frozen(kw_only=True)
class RegistryEntry:
    """One line of `registries:`: a host and path prefix, and the account that may use it."""

    path: RegistryPath
    service_account: str | None
    is_source: bool
    place: Place


@attrs.frozen(kw_only=True)
class WantedDigest:
    """One line of a `dmap`: a digest and the tags it should have; no tags make a tagless promotion."""

    digest: Digest
    tags: tuple[Tag, ...]
    place: Place
    tag_places: tuple[Place, ...]


@attrs.frozen(kw_only=True)
class Image:
    """One entry of `images:`; without digests it is a stub that promotes nothing."""

    name: ImageName
    digests: tuple[WantedDigest, ...]
    place: Place


@attrs.frozen(kw_only=True)
class PromoterManifest:
    """One plain promoter manifest, or one thin manifest with its images file.

    `path` is the file that holds the registries.
    """

    path: str
    source: RegistryEntry
    destinations: tuple[RegistryEntry, ...]
    images: tuple[Image, ...]


@attrs.frozen(kw_only=True)
class Totals:
    """How much a set of promoter manifests wants."""

    manifests: int
    images: int
    digests: int
    edges: int


@attrs.frozen(kw_only=True, eq=False)
class PromoterManifests:
    """Everything that was loaded, sorted by path, and what was found odd or invalid on the way.

    `problems` holds warnings, and invalid entries that were left out of `manifests`; a caller that does
    not quarantine refuses to go on with invalid entries. Nobody goes on where `has_spoilt_files`.
    """

    manifests: tuple[PromoterManifest, ...]
    problems: tuple[Problem, ...]

    @cached_property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that spoil nothing."""
        return tuple(problem for problem in self.problems if problem.gravity is Gravity.WARNING)

    @cached_property
    def invalid(self) -> tuple[Problem, ...]:
        """The problems because of which something was left out."""
        return tuple(problem for problem in self.problems if problem.gravity is not Gravity.WARNING)

    @cached_property
    def has_spoilt_files(self) -> bool:
        """Whether a file as a whole could not be understood."""
        return any(problem.gravity is Gravity.FILE for problem in self.problems)


@attrs.frozen(kw_only=True, eq=False, slots=False)
class WantedImage:
    """All that is wanted from one source repository, united over the entries of that name: no edge is there twice.

    One object is shared by the pairs of all its mirrors, so it must never be changed.
    """

    source: Repository
    wants: tuple[WantedDigest, ...]

    @cached_property
    def by_tag(self) -> dict[Tag, Digest]:
        """Which digest each tag should point to; one of them where a tag is wanted with several."""
        return {tag: want.digest for want in self.wants for tag in want.tags}

    @cached_property
    def tagless(self) -> frozenset[Digest]:
        """The digests that are wanted without a tag."""
        return frozenset(want.digest for want in self.wants if not want.tags)

    @cached_property
    def edges(self) -> int:
        """How many edges lead from here to one destination repository."""
        return sum(len(want.tags) or 1 for want in self.wants)
