"""Put an answer on the wire."""

from typing import Final

from aiohttp import web

from cip_async.fake_registry.ledger import Entry
from cip_async.fake_registry.visit import Reply, Slice

_AT_ONCE: Final = 256 * 1024
"""Bytes of a blob that are sent with the headers, in one write."""


async def send(request: web.BaseRequest, reply: Reply, entry: Entry) -> web.StreamResponse:
    """Send `reply`, and note its status and bytes."""
    entry.status = reply.status
    body = reply.body
    if isinstance(body, Slice) and body.stop - body.start <= _AT_ONCE and request.method != "HEAD":
        body = b"".join(body.content.pieces(body.start, body.stop))
    reply.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
    if request.method == "HEAD":
        reply.headers["Content-Length"] = str(reply.announced_bytes)
        return web.Response(status=reply.status, headers=reply.headers)
    if isinstance(body, bytes):
        entry.bytes_out = len(body)
        return web.Response(status=reply.status, headers=reply.headers, body=body)
    return await _stream(request, reply, body, entry)


async def _stream(request: web.BaseRequest, reply: Reply, body: Slice, entry: Entry) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_length = reply.announced_bytes
    await response.prepare(request)
    for piece in body.content.pieces(body.start, body.stop):
        await response.write(piece)
        entry.bytes_out += len(piece)
    await response.write_eof()
    return response
