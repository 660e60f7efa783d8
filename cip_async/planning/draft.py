"""A plan in the making: what is wanted, and the pairs that are planned so far."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Self

import attrs

from cip_async.errors import InvalidManifests
from cip_async.model.plan import Overlap, Pair, PairPlan, Plan
from cip_async.model.promoter_manifest import Problem, PromoterManifests, Totals
from cip_async.planning.conflicts import lost_sources
from cip_async.planning.filters import check_filters
from cip_async.planning.overlaps import PlaceOf, overlaps, touching
from cip_async.planning.pairs import totals, wanted_pairs
from cip_async.planning.planner import Planner
from cip_async.planning.selection import selected
from cip_async.planning.service_accounts import named_accounts
from cip_async.reference import RegistryPath, Repository

NOT_PLANNED = "the run ended before all that this needs was listed"


@attrs.define(kw_only=True, eq=False, slots=False)
class Draft:
    """What is wanted between which repositories, and the plans of pairs as they come in."""

    pairs: tuple[Pair, ...]
    overlaps: tuple[Overlap, ...]
    invalid: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    totals: Totals
    quarantine: bool
    accounts: Mapping[RegistryPath, str]
    """The service accounts that registry entries name."""
    _planned: dict[tuple[Repository, Repository], PairPlan] = attrs.field(factory=dict, init=False)

    @classmethod
    def of(
        cls,
        manifests: PromoterManifests,
        *,
        only: Sequence[str] | None = None,
        to: Sequence[str] | None = None,
        quarantine: bool = False,
        among: PromoterManifests | None = None,
        place: PlaceOf = str,
    ) -> Self:
        """Begin a plan for what is `selected` of `manifests`; the totals are those of that part.

        `among` is all that is wanted, where `manifests` are a part of it: a part has the overlaps of the whole.
        `place` tells where a repository really is, so that one with two names is one.

        Raises:
            InvalidManifests: a file could not be understood; there is no plan without it.
            InvalidSettings: something is wanted, and a filter leaves nothing of it.
        """
        if manifests.has_spoilt_files:
            raise InvalidManifests(manifests.invalid)
        chosen = selected(manifests, only=only, to=to)
        pairs = wanted_pairs(chosen)
        everything = manifests if among is None else among
        check_filters(everything, only=only, to=to)
        whole = wanted_pairs(everything)
        accounts, _ = named_accounts(chosen)
        return cls(
            accounts=accounts,
            pairs=pairs,
            overlaps=touching(overlaps(whole, place), pairs),
            invalid=manifests.invalid,
            warnings=manifests.warnings,
            totals=totals(chosen),
            quarantine=quarantine,
        )

    @classmethod
    def from_plan(cls, plan: Plan) -> Self:
        """A plan that is complete already."""
        draft = cls(
            pairs=tuple(each.pair for each in plan.pairs),
            overlaps=plan.overlaps,
            invalid=plan.invalid,
            warnings=plan.warnings,
            totals=plan.totals,
            quarantine=plan.quarantine,
            accounts=plan.accounts,
        )
        draft.take(plan.pairs)
        return draft

    @property
    def sources(self) -> frozenset[Repository]:
        """All repositories that are promoted from."""
        return frozenset(pair.source for pair in self.pairs)

    @cached_property
    def fed_by_several(self) -> frozenset[Repository]:
        """The destination repositories that several source repositories are promoted to."""
        sources: defaultdict[Repository, set[Repository]] = defaultdict(set)
        for pair in self.pairs:
            sources[pair.destination].add(pair.source)
        return frozenset(destination for destination, feeding in sources.items() if len(feeding) > 1)

    def take(self, pair_plans: Iterable[PairPlan]) -> None:
        """Take pairs that are planned."""
        for each in pair_plans:
            self._planned[each.pair.source, each.pair.destination] = each

    def plan(self) -> Plan:
        """The plan so far. The edges of pairs that are not planned yet are unknown."""
        pairs = tuple(
            self._planned.get((pair.source, pair.destination)) or self._unplanned(pair) for pair in self.pairs
        )
        return Plan(
            pairs=pairs,
            overlaps=self.overlaps,
            lost_sources=lost_sources(pairs),
            invalid=self.invalid,
            warnings=self.warnings,
            totals=self.totals,
            quarantine=self.quarantine,
            accounts=self.accounts,
        )

    @cached_property
    def planner(self) -> Planner:
        """Decides about the pairs."""
        return Planner(self.overlaps)

    def _unplanned(self, pair: Pair) -> PairPlan:
        return attrs.evolve(self.planner.unknown(pair, NOT_PLANNED), is_planned=False)
