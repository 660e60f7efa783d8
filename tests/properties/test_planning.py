"""The planner against a naive model that spells every edge out, over small universes."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

import attrs
from hypothesis import given
from hypothesis import strategies as st

from cip_async.model.listing import Listing, ListingFailure
from cip_async.model.outcome import Outcome
from cip_async.model.plan import Pair, PairPlan
from cip_async.model.promoter_manifest import Image, PromoterManifest, PromoterManifests, WantedDigest
from cip_async.planning.conflicts import lost_sources
from cip_async.planning.overlaps import overlaps
from cip_async.planning.pairs import totals, wanted_pairs
from cip_async.planning.planner import Planner
from cip_async.reference import Digest, RegistryPath, Repository, Tag, parse_tag
from tests.unit.planning.samples import digest, failure, manifest, manifests

SOURCES = ("gcr.io/staging", "gcr.io/staging/k8s", "gcr.io/other")
MIRRORS = ("eu.gcr.io/prod", "eu.gcr.io/prod/k8s", "us.gcr.io/prod", "us.gcr.io")
NAMES = ("app", "k8s/app", "pause")
LETTERS = "abcd"
TAGS = ("v1", "v2", "v3")

State = Listing | ListingFailure
World = Mapping[Repository, State]


class Edge(NamedTuple):
    """One promotion wish."""

    source: Repository
    digest: Digest
    destination: Repository
    tag: Tag | None


class Universe(NamedTuple):
    """What is wanted, and what the registries hold."""

    wanted: PromoterManifests
    world: World


dmaps = st.dictionaries(st.sampled_from(LETTERS), st.lists(st.sampled_from(TAGS), unique=True, max_size=3), max_size=3)
images = st.lists(st.tuples(st.sampled_from(NAMES), dmaps), max_size=4)


@st.composite
def wanted(draw: st.DrawFn) -> PromoterManifests:
    """A few promoter manifests that are likely to meet."""
    return manifests(
        *(
            manifest(
                *draw(images),
                path=f"{number}.yaml",
                source=draw(st.sampled_from(SOURCES)),
                to=draw(st.lists(st.sampled_from(MIRRORS), unique=True, max_size=3)),
            )
            for number in range(draw(st.integers(0, 3)))
        )
    )


@st.composite
def listings(draw: st.DrawFn, repository: Repository, *, whole: bool) -> Listing:
    """What one repository may hold."""
    tags = {
        parse_tag(tag): digest(letter)
        for tag, letter in draw(st.dictionaries(st.sampled_from(TAGS), st.sampled_from(LETTERS))).items()
    }
    letters = st.frozensets(st.sampled_from(LETTERS).map(digest))
    return Listing(
        repository=repository,
        tags=tags,
        digests=draw(letters) | frozenset(tags.values()),
        asked=None if whole else draw(st.none() | letters),
    )


@st.composite
def universes(draw: st.DrawFn, *, whole: bool = False) -> Universe:
    """Promoter manifests and their repositories; if `whole`, everything about those is known."""
    made = draw(wanted())
    repositories = {edge.source for edge in spelled_out(made)} | {edge.destination for edge in spelled_out(made)}
    world: dict[Repository, State] = {}
    for repository in sorted(repositories):
        known = listings(repository, whole=whole)
        world[repository] = draw(known if whole else known | st.just(failure(repository)))
    return Universe(made, world)


def spelled_out(
    made: PromoterManifests, only: Sequence[str] | None = None, to: Sequence[str] | None = None
) -> set[Edge]:
    """Every edge, one by one."""
    return {
        Edge(one.source.path.repository(image.name), want.digest, entry.path.repository(image.name), tag)
        for one in made.manifests
        for image in one.images
        if only is None or any(fnmatchcase(image.name, glob) for glob in only)
        for entry in one.destinations
        if to is None or any(fnmatchcase(text, glob) for glob in to for text in (entry.path.host, str(entry.path)))
        for want in image.digests
        for tag in want.tags or (None,)
    }


def outcome(edge: Edge, edges: Iterable[Edge], world: World) -> Outcome:
    """The table of outcomes, in its order, read aloud."""
    rivals = {each.digest for each in edges if (each.destination, each.tag) == (edge.destination, edge.tag)}
    if edge.tag is not None and len(rivals) > 1:
        return Outcome.OVERLAP
    destination, source = world[edge.destination], world[edge.source]
    if isinstance(destination, ListingFailure):
        return Outcome.UNKNOWN
    if edge.tag is None and edge.digest in destination.digests:
        return Outcome.ALREADY_PROMOTED
    pointed = destination.tags.get(edge.tag) if edge.tag is not None else None
    if pointed is not None:
        return Outcome.ALREADY_PROMOTED if pointed == edge.digest else Outcome.TAG_MOVE
    in_source = None if isinstance(source, ListingFailure) else source.holds(edge.digest)
    in_destination = destination.holds(edge.digest)
    if in_source or in_destination:
        return Outcome.PROMOTE
    return Outcome.LOST if in_source is False and in_destination is False else Outcome.UNKNOWN


def by_the_table(universe: Universe) -> dict[Edge, Outcome]:
    """The outcome of every edge."""
    edges = spelled_out(universe.wanted)
    return {edge: outcome(edge, edges, universe.world) for edge in edges}


def known(world: World, repository: Repository) -> Listing:
    """What a repository holds, where that is known."""
    state = world[repository]
    assert isinstance(state, Listing)
    return state


def planned(made: PromoterManifests, world: World) -> list[PairPlan]:
    """The plans of all pairs, each with a source that was listed only where it is needed."""
    pairs = wanted_pairs(made)
    planner = Planner(overlaps(pairs))
    plans = []
    for pair in pairs:
        destination = world[pair.destination]
        is_needed = isinstance(destination, Listing) and planner.needed(pair, destination)
        plans.append(planner.pair_plan(pair, destination, world[pair.source] if is_needed else None))
    return plans


def outcomes(plans: Iterable[PairPlan]) -> dict[Edge, Outcome]:
    """The outcome of every edge that is not promoted already."""
    found: dict[Edge, Outcome] = {}
    for plan in plans:
        pair = plan.pair
        told = [(each.digest, tag, Outcome.PROMOTE) for each in plan.promotions for tag in each.tags or (None,)]
        told += [(each.digest, each.tag, each.outcome) for each in plan.setbacks]
        for digest_, tag, its in told:
            edge = Edge(pair.source, digest_, pair.destination, tag)
            assert edge not in found
            found[edge] = its
    return found


def carried_out(plans: Iterable[PairPlan], world: World) -> World:
    """The world after all promotions were made."""
    after = dict(world)
    for plan in plans:
        for promotion in plan.promotions:
            before = known(after, plan.pair.destination)
            assert all(before.tags.get(tag, promotion.digest) == promotion.digest for tag in promotion.tags)
            after[plan.pair.destination] = attrs.evolve(
                before,
                digests=before.digests | {promotion.digest},
                tags={**before.tags, **dict.fromkeys(promotion.tags, promotion.digest)},
            )
    return after


@given(universes())
def test_the_planner_agrees_with_the_table_on_every_edge(universe: Universe) -> None:
    naive = by_the_table(universe)
    plans = planned(*universe)

    assert outcomes(plans) == {edge: its for edge, its in naive.items() if its is not Outcome.ALREADY_PROMOTED}
    assert sum(plan.already_promoted for plan in plans) == list(naive.values()).count(Outcome.ALREADY_PROMOTED)


@given(universes())
def test_promotions_tell_who_is_known_to_hold_the_digest(universe: Universe) -> None:
    for plan in planned(*universe):
        source = universe.world[plan.pair.source]
        for promotion in plan.promotions:
            destination = known(universe.world, plan.pair.destination)
            assert promotion.in_destination == (promotion.digest in destination.digests)
            assert promotion.in_source == (isinstance(source, Listing) and promotion.digest in source.digests)


@given(universes())
def test_an_overlap_is_told_for_every_destination_tag_with_rivals_and_no_other(universe: Universe) -> None:
    digests: dict[tuple[Repository, Tag], set[Digest]] = {}
    for edge in spelled_out(universe.wanted):
        if edge.tag is not None:
            digests.setdefault((edge.destination, edge.tag), set()).add(edge.digest)
    told: dict[tuple[Repository, Tag], set[Digest]] = {}
    for overlap in overlaps(wanted_pairs(universe.wanted)):
        for destination in overlap.destinations:
            told.setdefault((destination, overlap.tag), set()).update((overlap.first, overlap.second))

    assert told == {place: rivals for place, rivals in digests.items() if len(rivals) > 1}


@given(universes(whole=True))
def test_what_was_carried_out_is_promoted_already_and_soon_nothing_is_left(universe: Universe) -> None:
    before = planned(*universe)
    world = carried_out(before, universe.world)
    again = planned(universe.wanted, world)
    promoted = {edge for edge, its in outcomes(before).items() if its is Outcome.PROMOTE}

    assert not promoted & outcomes(again).keys()
    # What was lost may have come from another source of the same mirror meanwhile, and then gets its tags.
    was_lost = {edge for edge, its in outcomes(before).items() if its is Outcome.LOST}
    assert {edge for edge, its in outcomes(again).items() if its is Outcome.PROMOTE} <= was_lost
    at_last = planned(universe.wanted, carried_out(again, world))
    assert all(not plan.promotions for plan in at_last)


@given(universes(whole=True))
def test_quarantine_leaves_out_exactly_the_conflicting_tags(universe: Universe) -> None:
    naive = by_the_table(universe)
    after = carried_out(planned(*universe), universe.world)
    for edge, its in naive.items():
        before, now = known(universe.world, edge.destination), known(after, edge.destination)
        match its:
            case Outcome.OVERLAP | Outcome.TAG_MOVE:
                assert edge.tag is not None
                assert now.tags.get(edge.tag) == before.tags.get(edge.tag)
            case Outcome.PROMOTE | Outcome.ALREADY_PROMOTED:
                assert edge.digest in now.digests
                assert edge.tag is None or now.tags[edge.tag] == edge.digest
            case _:
                assert its is Outcome.LOST


@given(universes(whole=True))
def test_a_digest_is_placed_only_where_an_edge_without_conflict_wants_it(universe: Universe) -> None:
    to_promote = {
        (edge.destination, edge.digest) for edge, its in by_the_table(universe).items() if its is Outcome.PROMOTE
    }
    after = carried_out(planned(*universe), universe.world)
    placed = {
        (repository, each)
        for repository in universe.world
        for each in known(after, repository).digests - known(universe.world, repository).digests
    }

    assert placed <= to_promote


@given(universes(whole=True))
def test_a_source_is_asked_for_no_more_than_what_is_needed(universe: Universe) -> None:
    pairs = wanted_pairs(universe.wanted)
    planner = Planner(overlaps(pairs))
    for pair in pairs:
        destination, source = known(universe.world, pair.destination), known(universe.world, pair.source)
        asked = planner.needed(pair, destination)
        cut = attrs.evolve(source, digests=source.digests & asked, asked=asked)
        assert outcomes([planner.pair_plan(pair, destination, cut)]) == outcomes(
            [planner.pair_plan(pair, destination, source)]
        )


@given(universes())
def test_a_source_entry_is_lost_if_all_its_edges_are(universe: Universe) -> None:
    plans = planned(*universe)
    naive = by_the_table(universe)
    of_entry: dict[RegistryPath, list[Outcome]] = {}
    for plan in plans:
        its = [its for edge, its in naive.items() if _is_of(edge, plan.pair)]
        of_entry.setdefault(plan.pair.source_entry, []).extend(its)

    assert [(lost.entry, lost.edges) for lost in lost_sources(plans)] == [
        (entry, len(its)) for entry, its in sorted(of_entry.items()) if set(its) == {Outcome.LOST}
    ]


def _is_of(edge: Edge, pair: Pair) -> bool:
    return (edge.source, edge.destination) == (pair.source, pair.destination)


globs = st.none() | st.lists(st.sampled_from(["*", "app", "k8s/*", "a*", "eu.gcr.io", "*/prod", "us.*", "us.gcr.io"]))


@given(wanted(), globs, globs)
def test_pairs_hold_every_edge_once_and_filters_leave_what_matches(
    made: PromoterManifests, only: list[str] | None, to: list[str] | None
) -> None:
    edges = [
        Edge(pair.source, want.digest, pair.destination, tag)
        for pair in wanted_pairs(made, only=only, to=to)
        for want in pair.image.wants
        for tag in want.tags or (None,)
    ]
    assert len(edges) == len(set(edges))
    assert set(edges) == spelled_out(made, only, to)


@given(wanted())
def test_totals_count_every_edge_once(made: PromoterManifests) -> None:
    counted = totals(made)

    assert counted.edges == len(spelled_out(made)) == sum(pair.image.edges for pair in wanted_pairs(made))


@given(st.data())
def test_the_order_of_what_was_written_never_matters(data: st.DataObject) -> None:
    universe = data.draw(universes())
    turned = _turned(data, universe.wanted)

    assert totals(turned) == totals(universe.wanted)
    assert overlaps(wanted_pairs(turned)) == overlaps(wanted_pairs(universe.wanted))
    assert _told(planned(turned, universe.world)) == _told(planned(*universe))


def _told(plans: Iterable[PairPlan]) -> list[object]:
    return [
        (
            attrs.asdict(plan.pair, recurse=False) | {"image": plan.pair.image.wants},
            plan.already_promoted,
            plan.promotions,
            plan.setbacks,
        )
        for plan in plans
    ]


def _turned(data: st.DataObject, made: PromoterManifests) -> PromoterManifests:
    def tags_of(want: WantedDigest) -> WantedDigest:
        order = data.draw(st.permutations(range(len(want.tags))))
        return attrs.evolve(
            want,
            tags=tuple(want.tags[place] for place in order),
            tag_places=tuple(want.tag_places[place] for place in order),
        )

    def digests_of(image: Image) -> Image:
        return attrs.evolve(image, digests=tuple(map(tags_of, data.draw(st.permutations(image.digests)))))

    def images_of(one: PromoterManifest) -> PromoterManifest:
        return attrs.evolve(
            one,
            images=tuple(map(digests_of, data.draw(st.permutations(one.images)))),
            destinations=tuple(data.draw(st.permutations(one.destinations))),
        )

    return manifests(*map(images_of, data.draw(st.permutations(made.manifests))))
