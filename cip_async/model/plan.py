"""A plan: which edges there are between which repositories, and what is to become of them.

The product of images and mirrors is large, so nothing here is an object per edge: pairs share the wants of
their source repository, and only what is neither promoted nor to be promoted is spelled out.
"""

from collections.abc import Mapping
from functools import cached_property

import attrs

from cip_async.model.outcome import Outcome
from cip_async.model.promoter_manifest import Place, Problem, Totals, WantedImage
from cip_async.reference import Digest, RegistryPath, Repository, Tag


@attrs.frozen(kw_only=True, eq=False)
class Pair:
    """One source repository, one destination repository, and what is wanted between them.

    `source_entry` and `destination_entry` are the registry entries they came from, carried through and
    never guessed again from the path.
    """

    image: WantedImage
    destination: Repository
    source_entry: RegistryPath
    destination_entry: RegistryPath

    @property
    def source(self) -> Repository:
        """The repository the images come from."""
        return self.image.source


@attrs.frozen(kw_only=True)
class Promotion:
    """One digest to place in one destination repository, with the tags it still lacks there.

    `tags` is empty for a tagless promotion. `in_destination`: the digest is there already, only tags are
    missing. `in_source`: the source is known to hold it. `lacking`: of all that it consists of the destination is known
    to lack these alone, and they are to be had from there; with None, nothing is known and all is placed.
    """

    digest: Digest
    tags: tuple[Tag, ...]
    in_destination: bool
    in_source: bool
    lacking: Mapping[Digest, Repository] | None = attrs.field(default=None, eq=False)

    @property
    def edges(self) -> int:
        """How many edges this promotion carries out."""
        return len(self.tags) or 1


@attrs.frozen(kw_only=True)
class Setback:
    """An edge that will not be promoted: why, and where it was wanted. `tag` is None for a tagless one.

    What `needs_access` is unknown for want of credentials or permissions, and stays so until somebody is given them.
    """

    digest: Digest
    tag: Tag | None
    outcome: Outcome
    reason: str
    place: Place
    needs_access: bool = False


@attrs.frozen(kw_only=True, eq=False)
class PairPlan:
    """What planning says of all edges of one pair.

    `already_promoted` counts edges. Promotions are sorted by digest and tag, as setbacks are, a tagless
    one after those with tags; pairs with equal promotions share the tuple. What is not `is_planned` stands for a pair
    whose repositories were not listed to the end: it is unknown, and nobody refused to tell.
    """

    pair: Pair
    already_promoted: int
    promotions: tuple[Promotion, ...]
    setbacks: tuple[Setback, ...]
    is_planned: bool = True


@attrs.frozen(kw_only=True)
class Overlap:
    """One destination tag that is wanted with two digests, and where each was written.

    `destinations` are all repositories it concerns, sorted: the mistake is one, however many the mirrors.
    """

    tag: Tag
    first: Digest
    first_place: Place
    second: Digest
    second_place: Place
    destinations: tuple[Repository, ...]

    def __str__(self) -> str:
        more = len(self.destinations) - 1
        mirrors = f" (and {more} more {'mirror' if more == 1 else 'mirrors'})" if more else ""
        return (
            f"{self.second_place}: tag {self.tag} of {self.destinations[0]}{mirrors} is wanted with"
            f" {self.second} here, and with {self.first} at {self.first_place}"
        )


@attrs.frozen(kw_only=True)
class LostSource:
    """A source registry entry of which every wanted edge is lost: a wrong name or a missing permission."""

    entry: RegistryPath
    edges: int
    place: Place

    def __str__(self) -> str:
        return (
            f"{self.place}: not one of the {self.edges} images wanted from {self.entry} exists there or in a mirror:"
            " is the name right, and may this account read it?"
        )


@attrs.frozen(kw_only=True, eq=False)
class Plan:
    """What a run will do, complete and unchangeable.

    `conflicts` (overlaps, tag moves as one line each, lost sources) block everything when the run aborts
    on conflicts. `invalid` are the input's invalid entries. `quarantined` says whether conflicts and
    invalid entries are left out instead of stopping the run. `accounts` are the service accounts that registry
    entries name.
    """

    pairs: tuple[PairPlan, ...] = attrs.field(repr=lambda pairs: f"<{len(pairs)} pairs>")
    overlaps: tuple[Overlap, ...]
    lost_sources: tuple[LostSource, ...]
    invalid: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    totals: Totals
    quarantine: bool
    accounts: Mapping[RegistryPath, str] = attrs.field(factory=dict)

    @cached_property
    def lost_entries(self) -> frozenset[RegistryPath]:
        """The source registry entries of which everything is lost."""
        return frozenset(lost.entry for lost in self.lost_sources)
