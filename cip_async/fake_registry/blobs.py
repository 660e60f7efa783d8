"""Reading, mounting and deleting blobs; pure.

OCI distribution specification v1.1, "Pulling blobs", "Mounting a blob from another repository".
"""

import re
from typing import Final

from cip_async.fake_registry.calls import STORAGE_PREFIX, checked_digest
from cip_async.fake_registry.content import Content
from cip_async.fake_registry.refusal import refusal
from cip_async.fake_registry.store import Store
from cip_async.fake_registry.uploading import created_blob, start_upload
from cip_async.fake_registry.visit import BYTES, Reply, Slice, Visit, reply
from cip_async.reference import Digest

_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_SIGNATURE: Final = "X-Signature=a%2Fb%2Cc%20d"
"""The query of a signed URL: a client that writes it any differently is refused, as buckets do."""


def get_blob(visit: Visit) -> Reply:
    """The bytes of a blob, or a part of them, or where they are."""
    digest = checked_digest(visit.call.reference)
    content = visit.store.blob(visit.path, digest)
    if visit.rules.blobs_redirect_to is not None and visit.call.method == "GET":
        target = f"{visit.rules.blobs_redirect_to}{STORAGE_PREFIX}{digest}?{_SIGNATURE}"
        return reply(307, {"Location": target, "Docker-Content-Digest": digest})
    return _part(visit, digest, content)


def get_from_storage(visit: Visit) -> Reply:
    """The bytes of a blob of any host, by a signed URL; buckets refuse a request that also has other credentials."""
    digest = checked_digest(visit.call.reference)
    if visit.call.target.partition("?")[2] != _SIGNATURE:
        raise refusal(403, "DENIED", "the signature does not match")
    if "Authorization" in visit.headers:
        raise refusal(400, "DENIED", "only one way to authenticate is allowed")
    for store in visit.peers.values():
        content = store.find_blob(digest)
        if content is not None:
            return _part(visit, digest, content)
    raise refusal(404, "BLOB_UNKNOWN", "no such object")


def mount_blob(visit: Visit) -> Reply:
    """Mount a blob (201), or open an upload for it (202)."""
    digest = checked_digest(visit.call.asked("mount") or "")
    content = _mountable(visit, digest) if visit.rules.mounts else None
    if content is None:
        return start_upload(visit)
    visit.store.mount(visit.path, digest, content)
    return created_blob(visit, digest)


def delete_blob(visit: Visit) -> Reply:
    """Take a blob out of a repository."""
    if not visit.rules.deletes:
        raise refusal(405, "UNSUPPORTED", "the operation is unsupported")
    visit.store.drop_blob(visit.path, checked_digest(visit.call.reference))
    return reply(202)


def _mountable(visit: Visit, digest: Digest) -> Content | None:
    source_path = visit.call.asked("from")
    store = _origin(visit)
    if store is None:
        return None
    if source_path is not None and store.has_blob(source_path, digest):
        return store.blob(source_path, digest)
    return store.find_blob(digest) if visit.rules.mounts_from_anywhere else None


def _origin(visit: Visit) -> Store | None:
    """Where a mount looks for the blob: on this host, or on the one that it names, if mounts from there are made."""
    origin = visit.call.asked("origin")
    if origin in (None, visit.host):
        return visit.store
    match visit.rules.origin_mounts:
        case "unknown":
            return visit.store
        case "opened":
            return None
        case "denied":
            raise refusal(403, "DENIED", f"blobs of {origin} are not mounted here")
        case "honoured":
            return visit.peers.get(str(origin))


def _part(visit: Visit, digest: Digest, content: Content) -> Reply:
    if not content.readable and visit.call.method != "HEAD":
        raise refusal(410, "BLOB_UNKNOWN", "this blob was uploaded while bytes were not kept", {"digest": digest})
    headers = {"Content-Type": BYTES, "Docker-Content-Digest": digest, "Accept-Ranges": "bytes"}
    asked = _range(visit.headers.get("Range"), content.size_bytes)
    if asked is None:
        return reply(200, headers, Slice(content, 0, content.size_bytes))
    start, stop = asked
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{content.size_bytes}"
    return reply(206, headers, Slice(content, start, stop))


def _range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """Start and stop of the one range asked for; None means the whole (RFC 9110, section 14.2)."""
    match = _RANGE.fullmatch(header or "")
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, size_bytes - int(last))
    stop = min(size_bytes, int(last) + 1) if first and last else size_bytes
    if first and last and int(last) < start:
        return None
    if start >= size_bytes:
        headers = {"Content-Range": f"bytes */{size_bytes}"}
        raise refusal(416, "RANGE_INVALID", "the range begins beyond the end", headers=headers)
    return start, stop
