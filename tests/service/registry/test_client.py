"""The client against the fake registry: every operation with every kind of registry, and under every fault."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal

import attrs
import pytest

from cip_async.errors import ContentUnknown, ListingIncomplete, RegistryError, TagImmutable
from cip_async.fake_registry.accounts import Accounts
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.faults import FaultKind
from cip_async.fake_registry.host import FakeHost
from cip_async.fake_registry.images import Image, multi_arch, push, single
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.tokens import TokenAuth
from cip_async.reference import Digest, Repository, Tag
from cip_async.registry.blobs import BlobHead
from cip_async.registry.client import RegistryClient
from cip_async.registry.credentials.provider import Credential, Password
from cip_async.registry.listing.strategy import Strategy
from cip_async.registry.uploads import UploadSession
from cip_async.settings import Settings, Timeouts
from tests.service.conftest import ServeHosts
from tests.service.registry.bodies import Pieces
from tests.service.registry.conftest import BAR, FOO, HASTY, HOST, NOBODY, Open, Reach

pytestmark = pytest.mark.anyio

KINDS = (Rules, Rules.google, Rules.distribution)
IMAGE = multi_arch(seed="image", layer_bytes=500)
OTHER = single(seed="other", layer_bytes=500)
TAGS = tuple(Tag(f"v{number}") for number in range(5))
LINKS = (FaultKind.NO_LINK, FaultKind.REPEATED_LINK, FaultKind.FOREIGN_LINK)
HARMLESS = (FaultKind.NO_DIGEST, FaultKind.WRONG_TYPE)


@attrs.frozen
class Fake:
    """A client and the fake host it speaks to."""

    reached: Reach
    host: FakeHost
    open: Callable[..., Awaitable[Reach]]

    @property
    def client(self) -> RegistryClient:
        return self.reached.client

    async def hasty(self, request_s: float) -> "Fake":
        """The same host with another client, which waits for a body that stands still for a moment only."""
        timeouts = Timeouts(connect_s=2.0, first_byte_s=2.0, stall_s=0.1)
        retries = attrs.evolve(HASTY, request_s=request_s)
        return attrs.evolve(self, reached=await self.open(retries=retries, timeouts=timeouts))

    def push(self, repository: Repository, image: Image, *tags: Tag) -> None:
        push(self.host.store, repository.path, image, tags)


Start = Callable[..., Awaitable[Fake]]


@pytest.fixture
def fake(serve_hosts: ServeHosts, reach: Open) -> Start:
    """Call it with the rules of the registry to speak to."""

    async def start(rules: Callable[[], Rules] = Rules, credential: Credential = NOBODY) -> Fake:
        servers = await serve_hosts(HOST, rules=rules)
        strategy = Strategy.GOOGLE if rules().listing == "google" else Strategy.OCI
        opened = partial(
            reach,
            endpoints=servers.endpoints,
            credential=credential,
            strategy=strategy,
            page_size=1000 if strategy is Strategy.GOOGLE else 2,
        )
        return Fake(await opened(), servers[HOST], opened)

    return start


async def read(client: RegistryClient, repository: Repository, digest: Digest) -> bytes:
    async with client.blob(repository, digest, 10_000) as stream:
        return b"".join([piece async for piece in stream.pieces])


async def copy(client: RegistryClient, image: Image) -> None:
    """Bring an image from one repository to the other, children before parents."""
    for member in image.family():
        for digest in member.blobs:
            found = await client.mount(FOO, BAR, digest)
            if found is not True:
                session = found if isinstance(found, UploadSession) else await client.start_upload(BAR)
                await client.upload(session, digest, Pieces(await read(client, FOO, digest)))
        document = await client.get_document(FOO, member.digest)
        assert document is not None
        await client.put_document(BAR, document)


@pytest.mark.parametrize("rules", KINDS)
@pytest.mark.parametrize("mounts", [True, False])
@pytest.mark.parametrize("locations", ["relative", "absolute", "public"])
async def test_an_image_is_copied_byte_for_byte(
    fake: Start, rules: Callable[[], Rules], mounts: bool, locations: Literal["relative", "absolute", "public"]
) -> None:
    started = await fake(rules)
    started.host.rules.mounts, started.host.rules.locations = mounts, locations
    started.push(FOO, IMAGE)
    await copy(started.client, IMAGE)
    for member in IMAGE.family():
        copied = await started.client.get_document(BAR, member.digest)
        assert copied is not None
        assert (copied.body, copied.media_type) == (member.body, member.media_type)
    assert started.host.store.missing_content(BAR.path) == []
    assert started.host.store.open_uploads == 0
    assert started.reached.count(request_class="upload") == (0 if mounts else len(IMAGE.all_blobs))


@pytest.mark.parametrize("rules", KINDS)
async def test_a_repository_is_listed_whole(fake: Start, rules: Callable[[], Rules]) -> None:
    started = await fake(rules)
    started.push(FOO, IMAGE, *TAGS[:3])
    started.push(FOO, OTHER, *TAGS[3:])
    listing = await started.reached.lister.whole(FOO)
    assert listing.tags == dict.fromkeys(TAGS[:3], IMAGE.digest) | dict.fromkeys(TAGS[3:], OTHER.digest)
    assert {IMAGE.digest, OTHER.digest} <= listing.digests


@pytest.mark.parametrize("rules", KINDS)
async def test_only_the_tags_that_a_registry_names_were_written(fake: Start, rules: Callable[[], Rules]) -> None:
    started = await fake(rules)
    started.push(FOO, OTHER)
    document = await started.client.get_document(FOO, OTHER.digest)
    assert document is not None
    written = await started.client.put_tags(FOO, document, TAGS)
    assert written == started.host.store.repository(FOO.path).tags.keys()


async def test_a_tag_that_may_not_move_is_told_apart(fake: Start) -> None:
    started = await fake()
    started.push(FOO, IMAGE, TAGS[0])
    started.push(FOO, OTHER)
    started.host.rules.immutable_tags = "moves"
    document = await started.client.get_document(FOO, OTHER.digest)
    assert document is not None
    with pytest.raises(TagImmutable):
        await started.client.put_tag(FOO, document, TAGS[0])


async def test_a_manifest_whose_content_is_missing_names_what_is(fake: Start) -> None:
    started = await fake()
    started.push(FOO, OTHER)
    document = await started.client.get_document(FOO, OTHER.digest)
    assert document is not None
    with pytest.raises(ContentUnknown) as refused:
        await started.client.put_document(BAR, document)
    assert refused.value.unknown == tuple(sorted(OTHER.blobs))


@pytest.mark.parametrize("page_size", [2, 50])
async def test_a_registry_that_cuts_listings_short_is_found_out(fake: Start, page_size: int) -> None:
    started = await fake(lambda: Rules(links=False, page_size=page_size))
    started.push(FOO, OTHER, *(Tag(f"t{number}") for number in range(120)))
    lister = attrs.evolve(started.reached.lister, settings=Settings(oci_page_size=1000 if page_size == 50 else 2))
    with pytest.raises(ListingIncomplete):
        await lister.whole(FOO)


async def tags(client: Fake) -> object:
    return (await client.reached.lister.whole(FOO)).tags


async def document(client: Fake) -> object:
    found = await client.client.get_document(FOO, OTHER.digest)
    return None if found is None else found.body


async def blob(client: Fake) -> object:
    return await read(client.client, FOO, next(iter(OTHER.blobs)))


async def put(client: Fake) -> object:
    found = await client.client.get_document(FOO, OTHER.digest)
    assert found is not None
    await client.reached.transport.retry.run(lambda again: client.client.put_tag(FOO, found, Tag("new"), again=again))
    return client.host.store.repository(FOO.path).tags[Tag("new")]


FAILURES = (
    FaultKind.THROTTLED,
    FaultKind.THROTTLED_BARE,
    FaultKind.OVERLOADED,
    FaultKind.ERROR_500,
    FaultKind.ERROR_502,
    FaultKind.ERROR_503,
    FaultKind.ERROR_504,
    FaultKind.RESET,
    FaultKind.LOST_ANSWER,
)
BROKEN = (FaultKind.RESET_BODY, FaultKind.TRUNCATED, FaultKind.STALLED)
OPERATIONS = {
    CallClass.TAGS: (tags, (*FAILURES, *BROKEN), (FaultKind.SHORT, *LINKS)),
    CallClass.MANIFEST_GET: (
        document,
        (*FAILURES, *BROKEN, FaultKind.NO_DIGEST, FaultKind.WRONG_TYPE, FaultKind.SHORT, FaultKind.WRONG_BYTES),
        (),
    ),
    CallClass.BLOB_GET: (blob, (), (*FAILURES, *BROKEN)),
    CallClass.TAG_PUT: (put, (*FAILURES, FaultKind.NO_DIGEST), (FaultKind.WRONG_DIGEST, FaultKind.CONTENT_UNKNOWN)),
}
CURED = [(struck, kind) for struck, (_, cured, _) in OPERATIONS.items() for kind in cured]
TOLD = [(struck, kind) for struck, (_, cured, told) in OPERATIONS.items() for kind in (*cured, *told)]


async def struck_by(fake: Start, struck: CallClass, kind: FaultKind, times: int | None) -> tuple[Fake, object]:
    """A registry under a fault, and what the operation would tell without it."""
    started = await fake()
    started.push(FOO, OTHER, *TAGS)
    right = await OPERATIONS[struck][0](started)
    started.host.faults.add(kind, on=[struck], times=times)
    return await started.hasty(HASTY.request_s if times is not None else 0.2), right


@pytest.mark.parametrize(("struck", "kind"), CURED)
async def test_a_fault_that_passes_changes_nothing(fake: Start, struck: CallClass, kind: FaultKind) -> None:
    started, right = await struck_by(fake, struck, kind, 1)
    assert await OPERATIONS[struck][0](started) == right
    assert [fault.hits for fault in started.host.faults._faults] == [1]


@pytest.mark.parametrize(("struck", "kind"), TOLD)
async def test_a_fault_that_stays_is_an_error_or_changes_nothing(
    fake: Start, struck: CallClass, kind: FaultKind
) -> None:
    started, right = await struck_by(fake, struck, kind, None)
    try:
        told = await OPERATIONS[struck][0](started)
    except RegistryError:
        return
    assert told == right
    assert kind in HARMLESS


async def test_a_token_that_expires_in_the_middle_is_replaced(fake: Start) -> None:
    started = await fake()
    started.host.auth = TokenAuth(Accounts(anonymous_pull=True), lifetime_s=300.0)
    started.host.clock = lambda: now
    started.push(FOO, OTHER, TAGS[0])
    now = 1_000_000.0
    assert await document(started) == OTHER.body
    now += 1000.0
    assert await document(started) == OTHER.body
    assert started.reached.count(request_class="token") == 2
    assert started.reached.count(request_class="manifest-get", status=401) == 2


async def test_reading_asks_for_no_more_than_reading(fake: Start) -> None:
    started = await fake()
    started.host.auth = TokenAuth(Accounts(anonymous_pull=True))
    started.push(FOO, OTHER, *TAGS)
    await tags(started)
    await document(started)
    await blob(started)
    asked = [entry.target for entry in started.host.ledger.find(call_class=CallClass.TOKEN)]
    assert len(asked) == 1
    assert "scope=repository:prod/foo:pull&" in asked[0]


@pytest.mark.parametrize("lacking", ["challenge", "denied"])
async def test_what_may_not_be_mounted_is_left_to_an_upload(
    fake: Start, lacking: Literal["challenge", "denied"]
) -> None:
    accounts = Accounts({"me": "secret"})
    accounts.permit("me", BAR.path, "pull", "push")
    started = await fake(credential=Password(username="me", password="secret"))
    started.host.auth = TokenAuth(accounts, lacking=lacking)
    started.push(FOO, OTHER)
    digest, content = next(iter(OTHER.blobs.items()))
    assert await started.client.mount(FOO, BAR, digest) is False
    body = Pieces(b"".join(content.pieces(0, content.size_bytes)))
    await started.client.upload(await started.client.start_upload(BAR), digest, body)
    assert started.host.store.has_blob(BAR.path, digest)


@pytest.mark.parametrize("rules", KINDS)
async def test_a_blob_is_asked_for_without_its_bytes(rules: Callable[[], Rules], fake: Start) -> None:
    registry = await fake(rules)
    registry.push(FOO, IMAGE)
    digest, content = next(iter(IMAGE.all_blobs.items()))
    assert await registry.client.head_blob(FOO, digest) == BlobHead(size_bytes=content.size_bytes)
    assert await registry.client.head_blob(BAR, digest) is None
    assert [entry.method for entry in registry.host.ledger.entries if "/blobs/" in entry.target] == ["HEAD", "HEAD"]
