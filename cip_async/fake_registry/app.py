"""The HTTP side of one host: takes requests, notes them, lets the rules answer, and sends what they say.

Requests are told apart by hand instead of by aiohttp's router, which keeps the path of each one short.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import anyio
from aiohttp import ClientPayloadError, web

from cip_async.fake_registry import blobs, docker_images, listings, manifests, uploading
from cip_async.fake_registry.calls import Call, CallClass, parse_call
from cip_async.fake_registry.faults import Fault, FaultKind
from cip_async.fake_registry.host import FakeHost
from cip_async.fake_registry.ledger import Entry
from cip_async.fake_registry.refusal import Refusal, refusal
from cip_async.fake_registry.sending import drop, send
from cip_async.fake_registry.spoiling import spoil_reply, spoil_request
from cip_async.fake_registry.store import Store
from cip_async.fake_registry.tokens import TokenAuth
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
    CallClass.DOCKER_IMAGES: docker_images.list_docker_images,
}
_LARGEST_FORM_BYTES: Final = 64 * 1024


class HostApp:
    """Serves one host."""

    def __init__(self, host: FakeHost, peers: Mapping[str, Store]) -> None:
        self._host = host
        self._peers = peers

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        host = self._host
        visit = self._visit(request)
        entry = host.ledger.open(visit.call, visit.credentials.partition(" ")[0].lower())
        entry.at_s = host.clock()
        try:
            fault = host.faults.strike(visit.call)
            if fault is None:
                return await send(request, await self._answer(request, visit, entry), entry, None)
            entry.fault = fault.kind
            return await self._fail(request, visit, entry, fault)
        except (ConnectionError, ClientPayloadError):
            raise  # the client went away
        except Exception as error:
            host.failures.append(error)
            raise
        finally:
            host.ledger.close(entry)

    async def _fail(self, request: web.BaseRequest, visit: Visit, entry: Entry, fault: Fault) -> web.StreamResponse:
        if fault.kind is FaultKind.RESET:
            return drop(request)
        if fault.kind is FaultKind.RESET_UPLOAD:
            await _receive_half(request, entry)
            visit.store.drop_upload(visit.call.reference)
            return drop(request)
        if fault.kind is FaultKind.SLOW:
            await anyio.sleep(fault.seconds)
        try:
            spoil_request(fault, visit, self._host.clock())
            reply = await self._answer(request, visit, entry)
        except Refusal as refused:
            reply = self._refusal(refused)
        if fault.kind is FaultKind.LOST_ANSWER:
            return drop(request)
        spoil_reply(fault, visit, reply)
        return await send(request, reply, entry, fault)

    def _visit(self, request: web.BaseRequest) -> Visit:
        host = self._host
        return Visit(
            call=parse_call(request.method, request.path_qs),
            headers=request.headers,
            host=host.name,
            origin=f"{request.scheme}://{request.host}",
            rules=host.rules,
            store=host.store,
            peers=self._peers,
        )

    async def _answer(self, request: web.BaseRequest, visit: Visit, entry: Entry) -> Reply:
        try:
            self._admit(visit, entry)
            return await self._carry_out(request, visit, entry)
        except Refusal as refused:
            return self._refusal(refused)

    def _refusal(self, refused: Refusal) -> Reply:
        reply = refusal_reply(refused)
        if self._host.name == docker_images.API_HOST:
            reply.body = docker_images.api_error(refused)
        return reply

    def _admit(self, visit: Visit, entry: Entry) -> None:
        """Refuse a request that is one too many, or that its sender may not make."""
        host, call = self._host, visit.call
        if call.call_class is CallClass.STORAGE:
            return
        now_s = host.clock()
        host.quotas.check(call, now_s)
        if host.auth is not None and call.call_class is not CallClass.TOKEN:
            entry.account = host.auth.admit(visit, now_s)

    async def _carry_out(self, request: web.BaseRequest, visit: Visit, entry: Entry) -> Reply:
        call = visit.call
        operation = _WITHOUT_BODY.get(call.call_class)
        if operation is not None:
            with self._writing(call, call.subject if call.call_class is CallClass.MOUNT else ""):
                await self._pass_time(call)
                return operation(visit)
        match call.call_class:
            case CallClass.TOKEN if isinstance(self._host.auth, TokenAuth):
                form = await _read(request, entry, _LARGEST_FORM_BYTES)
                await self._pass_time(call)
                return self._host.auth.give_token(visit, form, self._host.clock())
            case CallClass.MANIFEST_PUT | CallClass.TAG_PUT:
                body = await _read(request, entry, visit.rules.largest_manifest_bytes)
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


async def _read(request: web.BaseRequest, entry: Entry, most_bytes: int) -> bytes:
    pieces: list[bytes] = []

    def keep(piece: bytes) -> None:
        if entry.bytes_in > most_bytes:
            raise refusal(413, "SIZE_INVALID", f"the body may have {most_bytes} bytes")
        pieces.append(piece)

    await _receive(request, keep, entry)
    return b"".join(pieces)


async def _receive(request: web.BaseRequest, take: Callable[[bytes], None], entry: Entry) -> None:
    """Hand each piece of the body to `take`, as it arrives."""
    if "Expect" in request.headers and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    async for piece in request.content.iter_any():
        entry.bytes_in += len(piece)
        take(piece)


async def _receive_half(request: web.BaseRequest, entry: Entry) -> None:
    """Read about half of the body and forget it; of one that does not say its length, one piece."""
    half = (request.content_length or 0) // 2
    async for piece in request.content.iter_any():
        entry.bytes_in += len(piece)
        if entry.bytes_in >= half:
            return
