"""Put an answer on the wire, or break it off."""

import socket
import struct
from typing import Final

import anyio
from aiohttp import web

from cip_async.fake_registry.faults import BROKEN_BODIES, Fault, FaultKind
from cip_async.fake_registry.ledger import Entry
from cip_async.fake_registry.spoiling import first_half, parts
from cip_async.fake_registry.visit import Reply, Slice

_AT_ONCE: Final = 256 * 1024
"""Bytes of a blob that are sent with the headers, in one write."""
_DRIPS: Final = 8
"""Pieces that a dripping body comes in."""
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


async def send(request: web.BaseRequest, reply: Reply, entry: Entry, fault: Fault | None) -> web.StreamResponse:
    """Send `reply`, and note its status and bytes."""
    entry.status = reply.status
    body = reply.body
    reply.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
    if request.method == "HEAD":
        reply.headers["Content-Length"] = str(reply.announced_bytes)
        return web.Response(status=reply.status, headers=reply.headers)
    if fault is not None and fault.kind in BROKEN_BODIES:
        return await _break_off(request, reply, entry, fault)
    if fault is not None and fault.kind is FaultKind.DRIPPING:
        return await _drip(request, reply, entry, fault.seconds)
    if isinstance(body, Slice) and body.stop - body.start <= _AT_ONCE:
        body = b"".join(body.content.pieces(body.start, body.stop))
    if isinstance(body, bytes):
        entry.bytes_out = len(body)
        return web.Response(status=reply.status, headers=reply.headers, body=body)
    response = await _begin(request, reply)
    await _write(response, body, entry)
    await response.write_eof()
    return response


def drop(request: web.BaseRequest) -> web.StreamResponse:
    """End the connection with a reset. What is returned is for aiohttp, and never sent."""
    transport = request.transport
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    return web.Response()


async def _break_off(request: web.BaseRequest, reply: Reply, entry: Entry, fault: Fault) -> web.StreamResponse:
    response = await _begin(request, reply)
    await _write(response, first_half(reply.body), entry)
    if fault.kind is FaultKind.STALLED:
        await anyio.sleep_forever()  # until the client has had enough
    if fault.kind is FaultKind.RESET_BODY:
        return drop(request)
    if request.transport is not None:
        request.transport.close()
    return response


async def _drip(request: web.BaseRequest, reply: Reply, entry: Entry, seconds: float) -> web.StreamResponse:
    response = await _begin(request, reply)
    for part in parts(reply.body, _DRIPS):
        await anyio.sleep(seconds / _DRIPS)
        await _write(response, part, entry)
    await response.write_eof()
    return response


async def _begin(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_length = reply.announced_bytes
    await response.prepare(request)
    return response


async def _write(response: web.StreamResponse, body: bytes | Slice, entry: Entry) -> None:
    for piece in [body] if isinstance(body, bytes) else body.content.pieces(body.start, body.stop):
        await response.write(piece)
        entry.bytes_out += len(piece)
