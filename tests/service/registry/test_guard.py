"""What must not be written is refused before anything is sent."""

import pytest
from yarl import URL

from cip_async.errors import WriteRefused
from cip_async.model.image import DocumentKind, ImageDocument
from cip_async.reference import Host, Repository
from cip_async.registry.client import RegistryClient
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.guard import Guard
from cip_async.registry.uploads import UploadSession
from tests.service.registry.bodies import Pieces
from tests.service.registry.conftest import BAR, FOO, V1, D, Open, Serve
from tests.service.registry.scripted import Reply, Seen

pytestmark = pytest.mark.anyio

DOCUMENT = ImageDocument(
    digest=D, media_type="application/vnd.oci.image.manifest.v1+json", body=b"{}", kind=DocumentKind.IMAGE
)


async def every_write(client: RegistryClient, repository: Repository) -> None:
    session = UploadSession(repository=repository, location=URL("http://127.0.0.1:1/v2/upload"))
    for write in (
        client.mount(BAR, repository, D),
        client.start_upload(repository),
        client.upload(session, D, Pieces(b"x")),
        client.cancel_upload(session),
        client.put_document(repository, DOCUMENT),
        client.put_tag(repository, DOCUMENT, V1),
        client.put_tags(repository, DOCUMENT, (V1,)),
    ):
        with pytest.raises(WriteRefused):
            await write


def answer(seen: Seen) -> Reply:
    if seen.path == "/v2/prod/foo/tags/list" and seen.authorization is None:
        return Reply(401, {"WWW-Authenticate": 'Bearer realm="/token"'})
    if seen.path == "/token":
        return Reply(body=b'{"token":"t"}')
    return Reply(body=b'{"tags":["v1"]}')


async def test_a_dry_run_sends_reads_and_token_requests_alone(serve: Serve, reach: Open) -> None:
    server = await serve(answer)
    reached = await reach(server, guard=Guard(writable=False))
    await every_write(reached.client, FOO)
    assert server.seen == []
    await reached.client.tags_page(FOO, n=9)
    assert {seen.method for seen in server.seen} == {"GET"}


async def test_a_source_gets_no_write_under_any_name_of_its_host(serve: Serve, reach: Open) -> None:
    server = await serve(answer)
    endpoints = {"registry.example": server.url, "alias.example": server.url}
    guard = Guard(writable=True, place=Endpoints(endpoints).place)
    reached = await reach(endpoints=endpoints, guard=guard)
    guard.protect([FOO])
    await every_write(reached.client, FOO)
    await every_write(reached.client, Repository(Host("alias.example"), FOO.path))
    assert server.seen == []


async def test_a_source_may_still_be_read(serve: Serve, reach: Open) -> None:
    server = await serve(answer)
    guard = Guard(writable=True)
    reached = await reach(server, guard=guard)
    guard.protect([FOO])
    assert (await reached.client.tags_page(FOO, n=9)).tags == ("v1",)
