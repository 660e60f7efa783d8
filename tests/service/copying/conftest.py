"""An engine between hosts that are served over loopback, and the proof after each test that it kept its promises."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

import aiohttp
import anyio
import attrs
import pytest

from cip_async.copying.commit import Committer
from cip_async.copying.documents import Documents
from cip_async.copying.engine import Engine
from cip_async.events import Event, ImageFailed, ImagePlaced
from cip_async.fake_registry.host import FakeHost
from cip_async.fake_registry.images import Image, push
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.server import Servers
from cip_async.model.outcome import Fate
from cip_async.model.plan import Pair, PairPlan, Promotion
from cip_async.model.promoter_manifest import WantedImage
from cip_async.planning.floor import floor
from cip_async.planning.learnt import Learnt
from cip_async.reference import Digest, RegistryPath, Repository, Tag, parse_repository
from cip_async.registry.client import RegistryClient
from cip_async.registry.credentials.provider import Chain
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.gate import Gates
from cip_async.registry.guard import Guard
from cip_async.registry.listing.strategy import is_google
from cip_async.registry.session import HttpSession
from cip_async.registry.transport import Transport
from cip_async.settings import Rate, Retries, Settings, Spool
from tests.service.conftest import ServeHosts
from tests.service.staging import request_kind

SOURCE = "gcr.io/staging"
MIRRORS = ("asia.gcr.io/prod", "eu.gcr.io/prod", "us.gcr.io/prod")


class Wanted(NamedTuple):
    """An image and the tags it should get."""

    image: Image
    tags: tuple[str, ...]


def wanted(image: Image, *tags: str) -> Wanted:
    """That an image should get these tags."""
    return Wanted(image, tags)


PATIENT = Settings(retries=Retries(request_s=20.0, first_delay_s=0.001, longest_delay_s=0.01))
"""Tries again and again, at once."""
HASTY = Settings(
    retries=Retries(request_s=0.2, first_delay_s=0.001, longest_delay_s=0.01, host_silence_s=0.0, host_failures=3)
)
"""Gives up on a dead host after three failures."""
ONE_TRY = attrs.evolve(HASTY.retries, request_s=0.0, host_failures=1000)
"""Tries nothing again."""


@attrs.define
class Copying:
    """What was copied, and how. `plan` says what is wanted, `run` carries it out.

    With `one_by_one` the images of a source repository are all placed before those of the next are begun, and `between`
    is called. With `stale` the listings that it was planned from are too old to be trusted. `held` are the digests that
    those showed in each destination. `on_event` hears what `events` has.
    """

    servers: Servers
    settings: Settings
    stack: AsyncExitStack
    server_side_only: bool = False
    one_by_one: bool = False
    stale: bool = False
    between: Callable[[], object] | None = None
    on_event: Callable[[Event], object] = lambda event: None
    held: dict[str, frozenset[Digest]] = attrs.field(factory=dict)
    plans: list[PairPlan] = attrs.field(factory=list)
    events: list[Event] = attrs.field(factory=list)
    _told: anyio.Event = attrs.field(factory=anyio.Event)
    _transport: Transport | None = None
    _engine: Engine | None = None
    documents: Documents | None = None
    learnt: Learnt = attrs.field(factory=Learnt)
    _connector: aiohttp.TCPConnector | None = None

    def host(self, name: str) -> FakeHost:
        """A host by its name, or by that of anything it holds."""
        return self.servers[name.partition("/")[0]]

    def push(self, path: str, *images: Image) -> None:
        """Put images into a repository, given with its host."""
        repository = parse_repository(path)
        for image in images:
            push(self.host(path).store, repository.path, image)

    def plan(
        self,
        name: str,
        *wants: Wanted,
        to: Iterable[str] = MIRRORS,
        source: str = SOURCE,
        in_source: bool = True,
        in_destination: bool = False,
    ) -> None:
        """Want images of one source repository in all the mirrors; unless they are lost, the source gets them."""
        if in_source:
            self.push(f"{source}/{name}", *(each.image for each in wants))
        promotions = tuple(
            Promotion(
                digest=image.digest,
                tags=tuple(map(Tag, tags)),
                in_destination=in_destination,
                in_source=in_source,
            )
            for image, tags in sorted(wants, key=lambda each: each.image.digest)
        )
        repository = parse_repository(f"{source}/{name}")
        image = WantedImage(source=repository, wants=())
        for mirror in to:
            destination = parse_repository(f"{mirror}/{name}")
            pair = Pair(
                image=image,
                destination=destination,
                source_entry=RegistryPath(repository.host, "staging"),
                destination_entry=RegistryPath(destination.host, "prod"),
            )
            self.plans.append(PairPlan(pair=pair, already_promoted=0, promotions=promotions, setbacks=()))

    async def run(self) -> Engine:
        """Carry out what was planned."""
        await self.begin()
        await self.copy()
        return self.engine

    async def begin(self) -> None:
        """Make the engine ready."""
        self._connector = aiohttp.TCPConnector(limit=0)
        self.stack.push_async_callback(self._connector.close)
        transport = Transport(
            session=HttpSession(timeouts=self.settings.timeouts, connector=self._connector),
            endpoints=Endpoints(self.servers.endpoints),
            provider=Chain([]),
            guard=Guard(writable=True),
            gates=Gates({}, lambda _: Rate(), self.settings.threads),
            settings=self.settings,
            listener=self._hear,
        )
        self._transport = await self.stack.enter_async_context(transport)
        client = RegistryClient(transport, self.settings.bodies)
        self.documents = Documents(client, self.settings.bodies, self.learnt)
        fed = Counter(plan.pair.destination for plan in self.plans)
        self._engine = Engine(
            client=client,
            retry=transport.retry,
            documents=self.documents,
            committer=Committer(client, transport.retry, is_google, self.learnt),
            settings=self.settings,
            listener=self._hear,
            server_side_only=self.server_side_only,
            fed_by_several=frozenset(destination for destination, times in fed.items() if times > 1),
            held=lambda destination: self.held.get(str(destination), frozenset()),
            is_google=is_google,
            is_stale=lambda source, destination: self.stale,
            learnt=self.learnt,
        )

    async def copy(self) -> None:
        """Have the engine do its work."""
        await self.engine.copy(self._groups())

    async def _groups(self) -> AsyncIterator[Sequence[PairPlan]]:
        by_source: dict[Repository, list[PairPlan]] = {}
        for plan in self.plans:
            by_source.setdefault(plan.pair.source, []).append(plan)
        expected = 0
        for group in by_source.values():
            yield group
            expected += sum(len(plan.promotions) for plan in group)
            while self.one_by_one and self._images_ended() < expected:
                await self._told.wait()
            if self.between is not None:
                self.between()

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        self.on_event(event)
        self._told.set()
        self._told = anyio.Event()

    def _images_ended(self) -> int:
        return sum(isinstance(event, ImagePlaced | ImageFailed) for event in self.events)

    @property
    def engine(self) -> Engine:
        assert self._engine is not None
        return self._engine

    def failures(self) -> dict[tuple[str, str | None], tuple[Fate, str]]:
        """Fate and reason of each edge that failed, by destination repository and tag."""
        return {
            (str(failure.destination), failure.tag): (failure.fate, failure.reason)
            for failure in self.engine.progress.failures.values()
        }

    def images_placed(self) -> list[ImagePlaced]:
        """What was told of images that were placed, in order."""
        return [event for event in self.events if isinstance(event, ImagePlaced)]

    def requests(self, host: str) -> dict[str, int]:
        """How many requests of each class a host got."""
        return dict(Counter(map(request_kind, self.host(host).ledger.entries)))

    def floor(self, host: str) -> dict[str, int]:
        """The fewest requests of each class that what was achieved takes, whatever opened the uploads."""
        lines = floor(self.learnt, self.engine.capabilities())
        least = Counter({line.request_class: line.requests for line in lines if line.host == host})
        least["upload-start"] += least.pop("mount", 0)
        return dict(+least)

    def assert_promoted(self, *mirrors: str) -> None:
        """All that is wanted is in these mirrors, or in all."""
        for plan in self.plans:
            destination = plan.pair.destination
            if mirrors and not str(destination).startswith(mirrors):
                continue
            held = self.host(destination.host).store.repository(destination.path)
            for promotion in plan.promotions:
                assert promotion.digest in held.manifests, f"{destination} lacks {promotion.digest}"
                assert {tag: held.tags.get(tag) for tag in promotion.tags} == dict.fromkeys(
                    promotion.tags, promotion.digest
                )
            assert self.host(destination.host).store.missing_content(destination.path) == []

    def assert_promises_kept(self) -> None:
        """No tag before its content, nothing moved, nothing sent twice at a time, nothing held on to."""
        for host in self.servers.registries.values():
            assert host.store.early_tags() == []
            assert host.store.moved_tags() == []
            assert host.ledger.collisions == []
        if self._engine is None or self._transport is None or self._connector is None:
            return
        gates = self._transport._exchanger._gates._gates
        assert {gate.free_slots for gate in gates.values()} <= {self.settings.threads}
        assert not self._connector._acquired
        relays = self._engine._relays
        assert relays._relays == {}
        assert (relays._room._in_memory, relays._room._on_disk) == (0, 0)
        assert self._engine._uploads._sessions == {}

    def assert_nothing_remembered(self) -> None:
        """What was known of repositories and documents is forgotten, as all of it is done."""
        assert self.documents is not None
        assert self.documents._known == {}
        assert self.engine._placements._contents == {}


class Make:
    """Makes a `Copying` between hosts with these rules."""

    def __init__(self, serve_hosts: ServeHosts, stack: AsyncExitStack) -> None:
        self._serve_hosts = serve_hosts
        self._stack = stack
        self.made: list[Copying] = []

    async def __call__(
        self,
        *,
        rules: Callable[[], Rules] = Rules.google,
        hosts: Sequence[str] = ("gcr.io", "asia.gcr.io", "eu.gcr.io", "us.gcr.io"),
        settings: Settings = PATIENT,
        spool: Spool | None = None,
        server_side_only: bool = False,
    ) -> Copying:
        servers = await self._serve_hosts(*hosts, rules=rules)
        if spool is not None:
            settings = attrs.evolve(settings, spool=spool)
        copying = Copying(servers, settings, self._stack, server_side_only)
        self.made.append(copying)
        return copying


@pytest.fixture
async def copying(serve_hosts: ServeHosts) -> AsyncIterator[Make]:
    """Call it for an engine between hosts that are served; in the end it must have kept all its promises."""
    async with AsyncExitStack() as stack:
        make = Make(serve_hosts, stack)
        yield make
        for made in make.made:
            made.assert_promises_kept()
