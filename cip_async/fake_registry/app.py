"""The HTTP side of one host: takes requests, notes them, lets the rules answer, and sends what they say.

Requests are told apart by hand instead of by aiohttp's router, which keeps the path of each one short.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import anyio
from aiohttp import ClientPayloadError, web

from cip_async.fake_registry import blobs, listings, manifests, uploading
from cip_async.fake_registry.calls import Call, CallClass, parse_call
from cip_async.fake_registry.host import FakeHost
from cip_async.fake_registry.ledger import Entry
from cip_async.fake_registry.refusal import Refusal, refusal
from cip_async.fake_registry.sending import send
from cip_async.fake_registry.store import Store
from cip_async.fake_registry.visit import Reply, Visit, json_reply, refusal_reply

_WITHOUT_BODY: Final[dict[CallClass, Callable[[Visit], Reply]]] = {
    CallClass.PING: lambda _: json_reply(b"{}"),
    CallClass.CATALOG: listings.list_catalog,
    CallClass.TAGS: listings.list_tags,
    CallClass.REFERRERS: listings.list_referrers,
    CallClass.MANIFEST_GET: manifests.get_manifest,
    CallClass.MANIFEST_HEAD: manifests.get_manifest,
    CallClass.MANIFEST_DELETE: manifests.delete_manifest,
    CallClass.BLOB_GET: blobs.get_blob,
    CallClass.BLOB_HEAD: blobs.get_blob,
    CallClass.BLOB_DELETE: blobs.delete_blob,
    CallClass.MOUNT: blobs.mount_blob,
    CallClass.UPLOAD_START: uploading.start_upload,
    CallClass.UPLOAD_STATUS: uploading.upload_status,
    CallClass.UPLOAD_CANCEL: uploading.cancel_upload,
    CallClass.STORAGE: blobs.get_from_storage,
}
_LARGEST_SMALL_BODY: Final = 64 * 1024 * 1024
"""Bytes read of a body before it is refused; the rules may refuse earlier."""


class HostApp:
    """Serves one host."""

    def __init__(self, host: FakeHost, peers: Mapping[str, Store]) -> None:
        self._host = host
        self._peers = peers

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        call = parse_call(request.method, request.path_qs)
        scheme = request.headers.get("Authorization", "").partition(" ")[0].lower()
        entry = self._host.ledger.open(call, scheme)
        try:
            try:
                reply = await self._reply(request, call, entry)
            except Refusal as refused:
                reply = refusal_reply(refused)
            return await send(request, reply, entry)
        except (ConnectionError, ClientPayloadError):
            raise  # the client went away
        except Exception as error:
            self._host.failures.append(error)
            raise
        finally:
            self._host.ledger.close(entry)

    async def _reply(self, request: web.BaseRequest, call: Call, entry: Entry) -> Reply:
        host = self._host
        visit = Visit(
            call=call,
            headers=request.headers,
            host=host.name,
            origin=f"{request.scheme}://{request.host}",
            rules=host.rules,
            store=host.store,
            peers=self._peers,
        )
        operation = _WITHOUT_BODY.get(call.call_class)
        if operation is not None:
            with self._writing(call, call.subject if call.call_class is CallClass.MOUNT else ""):
                await self._pass_time(call)
                return operation(visit)
        match call.call_class:
            case CallClass.MANIFEST_PUT | CallClass.TAG_PUT:
                body = await self._read(request, entry)
                with self._writing(call, manifests.digest_of_body(body)):
                    await self._pass_time(call)
                    return manifests.put_manifest(visit, body)
            case CallClass.UPLOAD | CallClass.UPLOAD_CHUNK | CallClass.UPLOAD_POST:
                with self._writing(call, call.asked("digest") or ""):
                    await self._pass_time(call)
                    return await self._upload(request, visit, entry)
        raise refusal(404, "UNSUPPORTED", "there is nothing here", {"method": call.method})

    async def _upload(self, request: web.BaseRequest, visit: Visit, entry: Entry) -> Reply:
        if visit.call.call_class is CallClass.UPLOAD_POST and not visit.rules.single_post:
            return uploading.start_upload(visit)
        if visit.call.call_class is CallClass.UPLOAD_CHUNK:
            upload = uploading.begin_chunk(visit)
            await _receive(request, upload.write, entry)
            return uploading.end_chunk(visit, upload)
        if visit.call.call_class is CallClass.UPLOAD_POST:
            upload, digest = uploading.begin_post(visit)
        else:
            upload, digest = uploading.begin_close(visit)
        await _receive(request, upload.write, entry)
        return uploading.end_close(visit, upload, digest)

    async def _read(self, request: web.BaseRequest, entry: Entry) -> bytes:
        pieces: list[bytes] = []

        def keep(piece: bytes) -> None:
            if entry.bytes_in > _LARGEST_SMALL_BODY:
                raise refusal(413, "SIZE_INVALID", "the body is too large")
            pieces.append(piece)

        await _receive(request, keep, entry)
        return b"".join(pieces)

    async def _pass_time(self, call: Call) -> None:
        seconds = self._host.latency.seconds(call.call_class)
        if seconds:
            await anyio.sleep(seconds)

    @contextmanager
    def _writing(self, call: Call, digest: str) -> Iterator[None]:
        if not digest:
            yield
            return
        self._host.ledger.begin_write(call.repository, digest)
        try:
            yield
        finally:
            self._host.ledger.end_write(call.repository, digest)


async def _receive(request: web.BaseRequest, take: Callable[[bytes], None], entry: Entry) -> None:
    """Hand each piece of the body to `take`, as it arrives."""
    if "Expect" in request.headers and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    async for piece in request.content.iter_any():
        entry.bytes_in += len(piece)
        take(piece)
