"""Uploads as requests drive them: open, continue, ask how far, close, cancel; pure.

OCI distribution specification v1.1, "Pushing blobs". Whoever receives the bytes calls `begin_*`, writes what
arrives into the upload, and then `end_*`.
"""

import re
from typing import Final

from cip_async.fake_registry.calls import checked_digest
from cip_async.fake_registry.refusal import refusal
from cip_async.fake_registry.uploads import Upload
from cip_async.fake_registry.visit import BYTES, Reply, Visit, reply
from cip_async.reference import Digest

_CHUNK_RANGE: Final = re.compile(r"(\d+)-(\d+)", re.ASCII)


def start_upload(visit: Visit) -> Reply:
    """Open an upload."""
    upload = visit.store.open_upload(visit.path, keeps=visit.rules.keeps_uploads)
    headers = _headers(visit, upload)
    if visit.rules.smallest_chunk_bytes:
        headers["OCI-Chunk-Min-Length"] = str(visit.rules.smallest_chunk_bytes)
    return reply(202, headers)


def begin_post(visit: Visit) -> tuple[Upload, Digest]:
    """The upload that a single POST opens, fills and closes, and the digest it claims."""
    digest = checked_digest(visit.call.asked("digest") or "")
    if visit.headers.get("Content-Type") != BYTES:
        raise refusal(415, "UNSUPPORTED", f"a blob is sent as {BYTES}")
    upload = visit.store.open_upload(visit.path, keeps=visit.rules.keeps_uploads)
    visit.store.expect(upload, digest)
    return upload, digest


def begin_chunk(visit: Visit) -> Upload:
    """The upload that a PATCH continues, if it continues where the last one ended."""
    upload = _current(visit)
    header = visit.headers.get("Content-Range")
    if header is None or not visit.rules.checked_chunks:
        return upload
    match = _CHUNK_RANGE.fullmatch(header)
    first, last = map(int, match.groups()) if match else (-1, -1)
    length = visit.headers.get("Content-Length")
    if first != upload.size_bytes or last < first or length != str(last - first + 1):
        message = f"the next chunk begins at {upload.size_bytes} and is as long as its Content-Length says"
        raise refusal(416, "RANGE_INVALID", message, headers=_headers(visit, upload))
    return upload


def end_chunk(visit: Visit, upload: Upload) -> Reply:
    """Answer a chunk that has arrived; from now on only the new Location will do."""
    upload.state += 1
    return reply(202, _headers(visit, upload))


def begin_close(visit: Visit) -> tuple[Upload, Digest]:
    """The upload that a PUT closes, and the digest it claims."""
    digest = checked_digest(visit.call.asked("digest") or "")
    upload = _current(visit)
    visit.store.expect(upload, digest)
    return upload, digest


def end_close(visit: Visit, upload: Upload, digest: Digest) -> Reply:
    """Make the upload a blob."""
    visit.store.close_upload(upload, digest)
    return created_blob(visit, digest)


def created_blob(visit: Visit, digest: Digest) -> Reply:
    """The answer to a blob that is in its repository now."""
    location = visit.located(f"/v2/{visit.path}/blobs/{digest}")
    return reply(201, {"Location": location, "Docker-Content-Digest": digest})


def upload_status(visit: Visit) -> Reply:
    """How far an upload has come."""
    return reply(204, _headers(visit, visit.store.upload(visit.path, visit.call.reference)))


def cancel_upload(visit: Visit) -> Reply:
    """Forget an upload."""
    visit.store.drop_upload(visit.store.upload(visit.path, visit.call.reference).name)
    return reply(204)


def _current(visit: Visit) -> Upload:
    """The upload that is named, if it is named as it was last."""
    upload = visit.store.upload(visit.path, visit.call.reference)
    if visit.rules.exact_locations:
        is_latest = f"_state={_quoted_state(upload)}" in visit.call.target.partition("?")[2].split("&")
    else:
        is_latest = visit.call.asked("_state") == _state(upload)
    if not is_latest:
        raise refusal(404, "BLOB_UPLOAD_INVALID", "this is not the latest Location of the upload")
    return upload


def _headers(visit: Visit, upload: Upload) -> dict[str, str]:
    location = f"/v2/{upload.path}/blobs/uploads/{upload.name}?_state={_quoted_state(upload)}"
    return {
        "Location": visit.located(location),
        "Docker-Upload-UUID": upload.name,
        "Range": f"0-{max(0, upload.size_bytes - 1)}",
    }


def _state(upload: Upload) -> str:
    """What only the latest Location carries; it can be quoted in more than one way."""
    return f"{upload.state},  ="


def _quoted_state(upload: Upload) -> str:
    return f"{upload.state}%2C+%20="
