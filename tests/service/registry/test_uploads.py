"""Uploads, mounts and manifests on their way into a registry."""

from collections.abc import AsyncIterator, Callable

import anyio
import pytest

from cip_async.errors import (
    DigestMismatch,
    FileProblem,
    NotFound,
    RegistryError,
    Unauthorized,
    Unavailable,
    UntrustedAnswer,
)
from cip_async.model.image import DocumentKind, ImageDocument
from cip_async.reference import Host, Repository, Tag
from cip_async.registry.credentials.provider import BearerToken, Password
from cip_async.registry.uploads import UploadSession
from cip_async.settings import Timeouts
from tests.service.registry.bodies import Pieces
from tests.service.registry.conftest import BAR, FOO, HOST, ONE_TRY, V1, D, Open, Reach, Serve
from tests.service.registry.scripted import Reply, Seen, ToLoopback

pytestmark = pytest.mark.anyio

TOKEN = BearerToken(token="our-secret")
UPLOADS = "/v2/prod/foo/blobs/uploads/"
OTHER_D = "sha256:" + "e" * 64
DOCUMENT = ImageDocument(
    digest=D, media_type="application/vnd.oci.image.manifest.v1+json", body=b"{}", kind=DocumentKind.IMAGE
)


def opening(location: str, closing: Callable[[], Reply] = lambda: Reply(201)) -> Callable[[Seen], Reply]:
    """A registry that opens uploads at `location`."""

    def answer(seen: Seen) -> Reply:
        return Reply(202, {"Location": location}) if seen.method == "POST" else closing()

    return answer


async def upload(reached: Reach, body: Pieces) -> None:
    await reached.client.upload(await reached.client.start_upload(FOO), D, body)


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        (f"{UPLOADS}u1", f"{UPLOADS}u1?digest={D}"),
        ("u1", f"{UPLOADS}u1?digest={D}"),
        (f"{UPLOADS}u1?_state=a%2Fb,c%3D", f"{UPLOADS}u1?_state=a%2Fb,c%3D&digest={D}"),
        (f"{UPLOADS}u1?s=1#part", f"{UPLOADS}u1?s=1&digest={D}"),
        (f"https://{HOST}{UPLOADS}u1", f"{UPLOADS}u1?digest={D}"),
        (f"http://{HOST.upper()}:80{UPLOADS}u1", f"{UPLOADS}u1?digest={D}"),
    ],
)
async def test_a_blob_goes_to_the_location_as_given(serve: Serve, reach: Open, location: str, asked: str) -> None:
    registry = await serve(opening(location))
    await upload(await reach(registry, credential=TOKEN), Pieces(b"blob" * 50_000))
    assert registry.seen[1].target == asked
    assert registry.seen[1].body == b"blob" * 50_000
    assert registry.seen[1].authorization == "Bearer our-secret"
    assert registry.seen[1].headers["Content-Type"] == "application/octet-stream"
    assert registry.seen[1].headers["Content-Length"] == "200000"


async def test_an_empty_blob_is_uploaded_like_any_other(serve: Serve, reach: Open) -> None:
    registry = await serve(opening("u1"))
    await upload(await reach(registry), Pieces(b""))
    assert (registry.seen[1].body, registry.seen[1].headers["Content-Length"]) == (b"", "0")


async def test_a_location_on_another_origin_gets_the_blob_and_no_credentials(serve: Serve, reach: Open) -> None:
    storage = await serve(lambda _: Reply(201))
    registry = await serve(opening(f"{storage.url}/bucket?sig=x"))
    await upload(await reach(registry, credential=TOKEN), Pieces(b"blob"))
    assert storage.seen[0].body == b"blob"
    assert storage.seen[0].authorization is None


async def test_a_location_on_another_origin_cannot_ask_for_credentials(serve: Serve, reach: Open) -> None:
    storage = await serve(lambda _: Reply(401, {"WWW-Authenticate": 'Basic realm="x"'}))
    registry = await serve(opening(f"{storage.url}/bucket"))
    reached = await reach(registry, credential=Password(username="me", password="our-secret"))
    with pytest.raises(Unauthorized):
        await upload(reached, Pieces(b"blob"))
    assert [seen.authorization for seen in storage.seen] == [None]


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("", "not a URL"),
        ("https://127.0.0.1/x", "a private address"),
        ("http://storage.example/x", "not https"),
        ("/v2/prod/bar/blobs/uploads/u1", "in another repository"),
        ("/v2/prod/foo/manifests/v1", "in another repository"),
        ("https://me:secret@registry.example/x", "carries a user name"),
    ],
)
async def test_a_location_that_may_not_be_asked_is_refused(
    serve: Serve, reach: Open, location: str, reason: str
) -> None:
    registry = await serve(opening(location))
    reached = await reach(endpoints={HOST: f"http://registry.example:{registry.port}"}, resolver=ToLoopback())
    with pytest.raises(UntrustedAnswer, match=reason) as refused:
        await reached.client.start_upload(FOO)
    assert "secret" not in str(refused.value)


async def test_an_upload_answered_with_202_is_not_stored(serve: Serve, reach: Open) -> None:
    registry = await serve(opening("u1", lambda: Reply(202, {"Location": "u2"})))
    with pytest.raises(RegistryError, match="status 202"):
        await upload(await reach(registry), Pieces(b"blob"))


async def test_an_upload_that_vanished_is_not_found_and_not_repeated(serve: Serve, reach: Open) -> None:
    registry = await serve(opening("u1", lambda: Reply(404, body=b'{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}')))
    with pytest.raises(NotFound):
        await upload(await reach(registry), Pieces(b"blob"))
    assert [seen.method for seen in registry.seen] == ["POST", "PUT"]


@pytest.mark.parametrize("status", [500, 503])
async def test_an_upload_that_failed_is_not_repeated_as_it_is(serve: Serve, reach: Open, status: int) -> None:
    registry = await serve(opening("u1", lambda: Reply(status)))
    with pytest.raises(Unavailable):
        await upload(await reach(registry), Pieces(b"blob"))
    assert [seen.method for seen in registry.seen] == ["POST", "PUT"]


async def test_a_body_is_sent_once_where_a_kept_connection_was_dead(serve: Serve, reach: Open) -> None:
    registry = await serve(opening("u1", lambda: Reply(break_off=0)))
    reached = await reach(registry)
    body = Pieces(b"blob" * 50_000)
    with pytest.raises(Unavailable, match="the connection was closed before the answer") as failed:
        await upload(reached, body)
    assert failed.value.retryable
    assert body.sends == 1
    assert [seen.method for seen in registry.seen] == ["POST", "PUT"]
    assert [
        (line.status, line.requests, line.retries, line.sent_bytes)
        for line in reached.transport.ledger.lines()
        if line.request_class == "upload"
    ] == [(0, 1, 0, 200_000)]


async def test_a_document_whose_kept_connection_was_dead_is_sent_again_by_our_own_retries_alone(
    serve: Serve, reach: Open
) -> None:
    dead = iter([Reply(break_off=0)])

    def answer(seen: Seen) -> Reply:
        if seen.method == "GET":
            return Reply(body=b'{"tags":[]}')
        return next(dead, Reply(201, {"Docker-Content-Digest": D}))

    registry = await serve(answer)
    once = await reach(registry, retries=ONE_TRY)
    await once.client.tags_page(FOO, n=9)
    with pytest.raises(Unavailable):
        await once.client.put_document(FOO, DOCUMENT)
    assert [seen.method for seen in registry.seen] == ["GET", "PUT"]

    dead = iter([Reply(break_off=0)])
    registry.seen.clear()
    patient = await reach(registry)
    await patient.client.tags_page(FOO, n=9)
    await patient.client.put_document(FOO, DOCUMENT)
    assert [seen.method for seen in registry.seen] == ["GET", "PUT", "PUT"]


async def test_a_body_is_sent_again_with_a_new_token(serve: Serve, reach: Open) -> None:
    tokens = iter(["first", "second"])

    def answer(seen: Seen) -> Reply:
        if seen.path == "/token":
            return Reply(body=b'{"token":"%s"}' % next(tokens).encode())
        if seen.authorization is None or (seen.method == "PUT" and seen.authorization == "Bearer first"):
            return Reply(401, {"WWW-Authenticate": 'Bearer realm="/token"'})
        return Reply(202, {"Location": "u1"}) if seen.method == "POST" else Reply(201)

    registry = await serve(answer)
    body = Pieces(b"blob")
    await upload(await reach(registry), body)
    assert body.sends == 2
    assert registry.seen[-1].authorization == "Bearer second"
    assert registry.seen[-1].body == b"blob"


class Endless:
    """A body of which only the beginning ever comes."""

    def __init__(self) -> None:
        self.size_bytes = 10_000_000
        self.ended = anyio.Event()

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            yield b"x" * 1000
            await anyio.sleep_forever()
        finally:
            self.ended.set()


async def test_an_answer_before_the_end_of_the_body_ends_the_sending(serve: Serve, reach: Open) -> None:
    registry = await serve(opening("u1", lambda: Reply(413)))
    reached = await reach(registry)
    session = await reached.client.start_upload(FOO)
    registry.reads_bodies = False
    body = Endless()
    with pytest.raises(RegistryError, match="status 413"):
        await reached.client.upload(session, D, body)
    await body.ended.wait()
    await anyio.wait_all_tasks_blocked()


async def test_a_registry_that_stops_reading_ends_the_upload(serve: Serve, reach: Open) -> None:
    async def never(seen: Seen) -> Reply:
        if seen.method == "PUT":
            await anyio.sleep_forever()
        return Reply(202, {"Location": "u1"})

    registry = await serve(never)
    reached = await reach(registry, timeouts=Timeouts(stall_s=0.05))
    session = await reached.client.start_upload(FOO)
    registry.reads_bodies = False
    with pytest.raises(Unavailable, match="no answer in time"):
        await reached.client.upload(session, D, Pieces(bytes(32 * 1024 * 1024), piece_bytes=1024 * 1024))


class Broken:
    """A body that fails by itself."""

    size_bytes = 10

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"x"
        raise FileProblem("/spool", "cannot read a spooled blob")


async def test_a_body_that_fails_is_no_fault_of_the_registry(serve: Serve, reach: Open) -> None:
    registry = await serve(opening("u1"))
    reached = await reach(registry)
    session = await reached.client.start_upload(FOO)
    with pytest.raises(FileProblem, match="cannot read a spooled blob"):
        await reached.client.upload(session, D, Broken())
    assert reached.transport._exchanger._health_of(HOST)._failures == 0


@pytest.mark.parametrize("status", [200, 202, 204, 400, 401, 403, 404, 405])
async def test_a_cancelled_upload_may_be_refused(serve: Serve, reach: Open, status: int) -> None:
    registry = await serve(opening("u1", lambda: Reply(status)))
    reached = await reach(registry)
    await reached.client.cancel_upload(await reached.client.start_upload(FOO))
    assert registry.lines == [f"POST {UPLOADS}", f"DELETE {UPLOADS}u1"]


async def test_only_201_is_a_mount(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(201))
    assert await (await reach(registry)).client.mount(BAR, FOO, D) is True
    assert registry.seen[0].target == f"{UPLOADS}?mount={D}&from=prod/bar"
    assert registry.seen[0].headers["Content-Length"] == "0"


async def test_a_mount_answered_with_202_is_an_upload_to_use(serve: Serve, reach: Open) -> None:
    reached = await reach(await serve(opening("u1")))
    session = await reached.client.mount(BAR, FOO, D)
    assert isinstance(session, UploadSession)
    await reached.client.upload(session, D, Pieces(b"blob"))


@pytest.mark.parametrize("status", [202, 400, 401, 403, 404, 405, 415])
async def test_a_refused_mount_leaves_an_upload_to_try(serve: Serve, reach: Open, status: int) -> None:
    assert await (await reach(await serve(lambda _: Reply(status)))).client.mount(BAR, FOO, D) is False


async def test_a_mount_for_which_no_token_is_sold_leaves_an_upload_to_try(serve: Serve, reach: Open) -> None:
    def answer(seen: Seen) -> Reply:
        if seen.path == "/token":
            return Reply(403) if seen.target.count("scope=") > 1 else Reply(body=b'{"token":"t"}')
        if seen.authorization is None:
            return Reply(401, {"WWW-Authenticate": 'Bearer realm="/token"'})
        return Reply(202, {"Location": "u1"})

    reached = await reach(await serve(answer))
    assert await reached.client.mount(BAR, FOO, D) is False
    assert isinstance(await reached.client.start_upload(FOO), UploadSession)


async def test_after_a_registry_has_changed_its_keys_no_token_from_before_is_tried(serve: Serve, reach: Open) -> None:
    sold: list[str] = []
    void: set[str] = set()

    def answer(seen: Seen) -> Reply:
        if seen.path == "/token":
            sold.append(f"Bearer {len(sold)}")
            return Reply(body=b'{"token":"%d"}' % (len(sold) - 1))
        if seen.authorization is None or seen.authorization in void:
            return Reply(401, {"WWW-Authenticate": 'Bearer realm="/token",error="invalid_token"'})
        return Reply(201, {"Docker-Content-Digest": D})

    reached = await reach(await serve(answer))
    for origin in ("one", "two"):
        assert await reached.client.mount(Repository(HOST, origin), FOO, D) is True
    void.update(sold)
    await reached.client.put_document(FOO, DOCUMENT)
    assert len(sold) == 3


async def test_a_mount_that_the_registry_failed_is_an_error(serve: Serve, reach: Open) -> None:
    with pytest.raises(Unavailable):
        await (await reach(await serve(lambda _: Reply(502)), retries=ONE_TRY)).client.mount(BAR, FOO, D)


async def test_a_mount_from_another_host_names_it_as_people_do_and_is_tried_once(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(502))
    with pytest.raises(Unavailable):
        await (await reach(registry)).client.mount(Repository(Host("gcr.io"), "staging/foo"), FOO, D)
    assert [seen.target for seen in registry.seen] == [f"{UPLOADS}?mount={D}&from=staging/foo&origin=gcr.io"]


async def test_a_document_is_stored_byte_for_byte_under_its_type(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(201, {"Docker-Content-Digest": D}))
    await (await reach(registry)).client.put_document(FOO, DOCUMENT)
    assert registry.lines == [f"PUT /v2/prod/foo/manifests/{D}"]
    assert registry.seen[0].body == b"{}"
    assert registry.seen[0].headers["Content-Type"] == "application/vnd.oci.image.manifest.v1+json"


@pytest.mark.parametrize("announced", [{}, {"Docker-Content-Digest": "sha512:" + "a" * 128}])
async def test_a_registry_may_be_silent_or_name_another_algorithm(
    serve: Serve, reach: Open, announced: dict[str, str]
) -> None:
    registry = await serve(lambda _: Reply(201, announced))
    await (await reach(registry)).client.put_tag(FOO, DOCUMENT, V1)
    assert registry.lines == ["PUT /v2/prod/foo/manifests/v1"]


async def test_a_registry_that_stored_something_else_is_found_out(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(201, {"Docker-Content-Digest": OTHER_D}))
    with pytest.raises(DigestMismatch, match=f"the registry stored {OTHER_D}, not {D}"):
        await (await reach(registry)).client.put_tag(FOO, DOCUMENT, V1)


async def test_an_announced_digest_must_be_one(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(201, {"Docker-Content-Digest": "../../x"}))
    with pytest.raises(UntrustedAnswer, match="Docker-Content-Digest"):
        await (await reach(registry)).client.put_document(FOO, DOCUMENT)


async def test_several_tags_are_written_at_once_and_only_those_named_count(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(201, {"OCI-Tag": "v1, v3"}))
    written = await (await reach(registry)).client.put_tags(FOO, DOCUMENT, (V1, Tag("v2"), Tag("v3")))
    assert registry.seen[0].target == f"/v2/prod/foo/manifests/{D}?tag=v1&tag=v2&tag=v3"
    assert written == {"v1", "v3"}


async def test_a_registry_that_knows_of_no_such_request_writes_no_tag(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(201))
    assert await (await reach(registry)).client.put_tags(FOO, DOCUMENT, (V1,)) == frozenset()
