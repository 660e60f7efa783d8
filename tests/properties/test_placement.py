"""Placements against a world that fails, refuses and forgets at random, in any order of events."""

from collections import Counter
from random import Random
from typing import Final

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from cip_async.copying.graph import BlobKey, BlobNode, Bring, DocumentNode, Failed, Mount, Put, Release, Step, Want
from cip_async.copying.placement import Placements
from cip_async.errors import CipError, ContentUnknown, Unavailable
from cip_async.model.image import ImageDocument
from cip_async.planning.learnt import Learnt
from cip_async.reference import Digest, Host, Repository, parse_repository
from tests.unit.copying.samples import digest, image, index, want

SOURCES: Final = tuple(parse_repository(f"gcr.io/staging/{name}") for name in ("a", "b"))
DESTINATIONS: Final = tuple(
    parse_repository(f"{host}/prod/{name}") for host in ("gcr.io", "eu.gcr.io", "us.gcr.io") for name in ("a", "b", "c")
)
BLOBS: Final = ("b1", "b2", "b3", "b4")
SIZES: Final = st.sampled_from([10, 11])
MOST_EVENTS: Final = 20_000

Key = tuple[Repository, Digest]
Job = Mount | Bring | Put


@attrs.frozen(kw_only=True)
class Chances:
    """How likely, from 0 to 1, each thing goes wrong when it is tried."""

    refusal: float = 0.0
    """A mount opens an upload."""
    rebuff: float = 0.0
    """A mount is turned down, and no upload is opened."""
    failure: float = 0.0
    """A mount, an upload or a PUT fails for good."""
    unreadable: float = 0.0
    """A blob cannot be read from where it is."""
    loss: float = 0.0
    """The registry lost some content when a document is put."""


@attrs.frozen(kw_only=True)
class Universe:
    """What is wanted where; `believed` are wants of which the destination is believed to have the content.

    `listed` are documents that repositories show, `lies` those of them of which they hold nothing at all. `validates`:
    registries refuse documents of which something is missing. `across`: hosts might mount from each other.
    """

    documents: dict[Digest, ImageDocument]
    wants: tuple[Want, ...]
    believed: frozenset[Want]
    chances: Chances
    listed: frozenset[Key] = frozenset()
    lies: frozenset[Key] = frozenset()
    validates: bool = False
    across: bool = False


@attrs.define
class World:
    """Plays the engine and the registries, and checks what it is asked to do."""

    universe: Universe
    random: Random
    held: set[Key] = attrs.field(factory=set)
    jobs: list[Job] = attrs.field(factory=list)
    taken: dict[int, list[Want]] = attrs.field(factory=dict)
    """By the identity of a PUT, the wants that it has seen to and not told of."""
    spoolt: set[BlobKey] = attrs.field(factory=set)
    ended: Counter[Want] = attrs.field(factory=Counter)
    failed: set[Want] = attrs.field(factory=set)
    spoilt: set[Key] = attrs.field(factory=set)
    """What failed, could not be read or was lost."""
    brought: Counter[tuple[Host, BlobKey]] = attrs.field(factory=Counter)
    excused: Counter[tuple[Host, BlobKey]] = attrs.field(factory=Counter)
    """How often a blob may be brought to a host more than once, since something went wrong with it."""
    placements: Placements = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.placements = Placements(
            Learnt(),
            mounts_across=lambda one, other: self.universe.across,
            validates=lambda host: self.universe.validates,
        )

    def run(self) -> None:
        to_add = list(self.universe.wants)
        self.show_listings()
        for each in to_add:
            if each in self.universe.believed:
                self.held.update((each.destination, below) for below in tree(self.universe, each.digest))
        for _ in range(MOST_EVENTS):
            if to_add and (not self.jobs or self.random.random() < 0.3):
                each = to_add.pop()
                self.take(
                    self.placements.add(each, self.universe.documents, content_is_there=each in self.universe.believed)
                )
            elif self.jobs:
                self.finish(self.jobs.pop(self.random.randrange(len(self.jobs))))
            else:
                return
        raise AssertionError("it never ends")

    def show_listings(self) -> None:
        for repository, each in self.universe.listed:
            self.placements.listed(repository, {each for held, each in self.universe.listed if held == repository})
            if (repository, each) not in self.universe.lies:
                self.held.update((repository, below) for below in tree(self.universe, each))
        repositories = sorted({repository for repository, _ in self.universe.listed})
        self.placements.read(repositories, self.universe.documents)

    def take(self, steps: list[Step]) -> None:
        for step in steps:
            match step:
                case Release(content):
                    self.spoolt.discard(content)
                case Failed(failed, _):
                    self.ended[failed] += 1
                    self.failed.add(failed)
                case Mount(node, _) | Bring(node) | Put(node):
                    assert (node.repository, node.digest) not in {place(job) for job in self.jobs}, "twice at a time"
                    if isinstance(step, Bring):
                        self.spoolt.add(step.node.key)
                        self.brought[node.repository.host, step.node.key] += 1
                    self.jobs.append(step)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def excuse(self, node: BlobNode) -> None:
        self.excused[node.repository.host, node.key] += 1

    def finish(self, job: Job) -> None:
        match job:
            case Mount(node, origin):
                self.mount(node, origin)
            case Bring(node):
                self.upload(node)
            case Put(document_node):
                self.put(document_node)

    def mount(self, node: BlobNode, origin: Repository) -> None:
        assert origin.host == node.repository.host or self.universe.across
        assert origin != node.repository
        in_origin = origin in SOURCES or (origin, node.digest) in self.held
        if self.chance(self.universe.chances.failure):
            if node.mounts_across:
                self.excuse(node)
                self.take(self.placements.mount_failed_across(node))
                return
            self.take(self.placements.blob_failed(node, self.failure(node), for_all=False))
        elif self.chance(self.universe.chances.rebuff):
            self.excuse(node)
            self.take(self.placements.mount_refused(node, session=False))
        elif not in_origin or self.chance(self.universe.chances.refusal):
            self.excuse(node)
            self.take(self.placements.mount_refused(node, session=True))
        else:
            self.held.add((node.repository, node.digest))
            self.take(self.placements.mounted(node))

    def upload(self, node: BlobNode) -> None:
        assert node.key in self.spoolt, "the spool was let go while it was needed"
        self.excuse_failures(node)
        if self.chance(self.universe.chances.unreadable):
            self.spoilt.update((each, node.digest) for each in DESTINATIONS if each.host == node.repository.host)
            self.take(self.placements.blob_failed(node, self.failure(node), for_all=True))
        elif self.chance(self.universe.chances.failure):
            self.take(self.placements.blob_failed(node, self.failure(node), for_all=False))
        else:
            self.held.add((node.repository, node.digest))
            self.take(self.placements.uploaded(node))

    def excuse_failures(self, node: BlobNode) -> None:
        if self.universe.chances.failure or self.universe.chances.unreadable or self.universe.chances.loss:
            self.excuse(node)

    def put(self, node: DocumentNode) -> None:
        """The first time see to the wants that are there, later tell of it: meanwhile there may be more."""
        if id(node) not in self.taken:
            self.taken[id(node)], node.wants[:] = list(node.wants), []
            self.jobs.append(Put(node))
            return
        wants = self.taken.pop(id(node))
        below = [each.digest for each in (*node.document.blobs, *node.document.children)]
        if below and self.chance(self.universe.chances.loss):
            lost = self.random.choice(below)
            self.held.discard((node.repository, lost))
            self.spoilt.add((node.repository, lost))
        unknown = [each for each in below if (node.repository, each) not in self.held]
        if unknown:
            lied_to = self.universe.validates and self.universe.lies
            assert lied_to or (node.repository, unknown[0]) in self.spoilt, "put before what it refers to"
            node.wants[:0] = wants
            named = unknown if self.random.random() < 0.5 else []
            error = ContentUnknown("host", "PUT", "unknown", status=400, code="MANIFEST_BLOB_UNKNOWN", unknown=())
            self.take(self.placements.content_unknown(node, self.universe.documents, error, named))
        elif self.chance(self.universe.chances.failure):
            node.wants[:0] = wants
            self.take(self.placements.put_failed(node, self.failure(node)))
        else:
            self.held.add((node.repository, node.digest))
            self.ended.update(wants)
            self.take(self.placements.put_done(node))

    def failure(self, node: BlobNode | DocumentNode) -> CipError:
        self.spoilt.add((node.repository, node.digest))
        return Unavailable(node.repository.host, "PUT", "went wrong")


def place(job: Job) -> Key:
    return job.node.repository, job.node.digest


def tree(universe: Universe, top: Digest) -> set[Digest]:
    """Everything that a document refers to, and itself."""
    document = universe.documents.get(top)
    below = () if document is None else (*document.blobs, *document.children)
    return {top}.union(*(tree(universe, each.digest) for each in below))


@st.composite
def universes(draw: st.DrawFn, chances: st.SearchStrategy[Chances]) -> Universe:
    """A few images that share blobs, if not their sizes, indexes that share images, and where they are wanted."""
    made: dict[Digest, ImageDocument] = {}
    names: list[str] = []
    for number in range(draw(st.integers(1, 4))):
        held = draw(st.lists(st.sampled_from(BLOBS), unique=True, max_size=3))
        names.append(f"image{number}")
        described = image(names[-1], *held)
        blobs = tuple(attrs.evolve(blob, size_bytes=draw(SIZES)) for blob in described.blobs)
        made[described.digest] = attrs.evolve(described, blobs=blobs)
    for number in range(draw(st.integers(0, 3))):
        children = draw(st.lists(st.sampled_from(names), unique=True, max_size=3))
        names.append(f"index{number}")
        made[digest(names[-1])] = index(names[-1], *children)
    wishes = st.tuples(st.sampled_from(names), st.sampled_from(DESTINATIONS), st.sampled_from(SOURCES), st.booleans())
    wants = [
        want(name, *(["v1"] if tagged else []), to=to, source=source)
        for name, to, source, tagged in draw(st.lists(wishes, unique_by=lambda wish: wish[:3], min_size=1, max_size=12))
    ]
    believed = draw(st.sets(st.sampled_from(wants), max_size=2))
    shown = st.frozensets(st.tuples(st.sampled_from(DESTINATIONS), st.sampled_from(sorted(made))), max_size=6)
    listed = draw(shown) if draw(st.booleans()) else frozenset[Key]()
    return Universe(
        documents=made,
        wants=tuple(wants),
        believed=frozenset(believed),
        chances=draw(chances),
        listed=listed,
        lies=draw(st.frozensets(st.sampled_from(sorted(listed)), max_size=2)) if listed else frozenset(),
        validates=draw(st.booleans()),
        across=draw(st.booleans()),
    )


likelihood = st.sampled_from([0.0, 0.1, 0.5])
well = st.builds(Chances, refusal=likelihood, rebuff=st.sampled_from([0.0, 0.3]))
badly = st.builds(
    Chances,
    refusal=likelihood,
    rebuff=likelihood,
    failure=likelihood,
    unreadable=likelihood,
    loss=likelihood,
)
seeds = st.integers(0, 2**32)


def played(universe: Universe, seed: int) -> World:
    world = World(universe, Random(seed))
    world.run()
    return world


@given(universes(well), seeds)
def test_where_nothing_fails_everything_is_placed_whatever_mounts_are_refused(universe: Universe, seed: int) -> None:
    world = played(universe, seed)
    assert world.ended == Counter(universe.wants)
    assert not world.failed
    for each in universe.wants:
        assert {(each.destination, below) for below in tree(universe, each.digest)} <= world.held


@settings(max_examples=300)
@given(universes(badly), seeds)
def test_every_want_ends_once_and_fails_only_if_its_own_content_did(universe: Universe, seed: int) -> None:
    world = played(universe, seed)
    assert world.ended == Counter(universe.wants)
    for each in world.failed:
        assert {(each.destination, below) for below in tree(universe, each.digest)} & world.spoilt
    for each in set(universe.wants) - world.failed:
        assert (each.destination, each.digest) in world.held | world.spoilt


@given(universes(badly), seeds)
def test_nothing_is_kept_of_what_has_ended(universe: Universe, seed: int) -> None:
    world = played(universe, seed)
    assert not any(world.placements.unfinished.values())
    assert not world.spoolt
    for destination in DESTINATIONS:
        world.placements.close(destination)
    assert not world.placements._contents


@given(universes(st.builds(Chances, refusal=likelihood)), seeds)
def test_a_blob_is_brought_to_a_host_once_unless_its_mounts_are_refused(universe: Universe, seed: int) -> None:
    world = played(universe, seed)
    for key, times in world.brought.items():
        assert times <= 1 + world.excused[key]
    if not universe.chances.refusal:
        assert all(host != "gcr.io" for host, _ in world.brought), "what the source's own host has is mounted"
