"""The Artifact Registry API, as far as it lists images: all of one of its repositories, page by page; pure.

https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.dockerImages/list

What the API calls a repository is the first part of the paths of many of ours: `us-docker.pkg.dev/PROJECT/REPO/…`. It
tells of those on the hosts that are beside it in one process.
"""

import base64
import binascii
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import msgspec

from cip_async.fake_registry.refusal import Refusal, refusal
from cip_async.fake_registry.shelf import Shelf
from cip_async.fake_registry.store import Store
from cip_async.fake_registry.visit import Reply, Visit, json_reply
from cip_async.reference import Digest, Tag

API_HOST: Final = "artifactregistry.googleapis.com"
"""A host of this name is the API."""

_Position = tuple[str, str]
_BEFORE_ALL: Final[_Position] = ("", "")


def list_docker_images(visit: Visit) -> Reply:
    """One page of the images of a repository, sorted by name and digest."""
    call = visit.call
    host = f"{call.reference}-docker.pkg.dev"
    store = visit.peers.get(host)
    if visit.host != API_HOST or store is None or not _exists(store, call.repository):
        raise refusal(404, "NOT_FOUND", "Requested entity was not found.")
    n = _page_size(visit)
    found = list(islice(_positions(store, call.repository, _after(visit)), n + 1))
    page = found[:n]
    answer: dict[str, Any] = {}
    if page:
        answer["dockerImages"] = _Page(store, host, call.target.partition("?")[0]).entries(page)
    if len(found) > n:
        answer["nextPageToken"] = base64.urlsafe_b64encode("@".join(page[-1]).encode()).decode()
    return json_reply(msgspec.json.encode(answer))


def api_error(refused: Refusal) -> bytes:
    """The body of a refusal, as Google's APIs have it: https://cloud.google.com/apis/design/errors."""
    first = refused.complaints[0]
    return msgspec.json.encode({"error": {"code": refused.status, "message": first.message, "status": first.code}})


class _Page:
    """Writes the entries of one page; what it says of tags is put together once for each image name."""

    def __init__(self, store: Store, host: str, resource: str) -> None:
        self._store = store
        self._host = host
        self._resource = resource.removeprefix("/v1/")
        self._tags: dict[Digest, list[Tag]] = {}
        self._shelf = Shelf("")

    def entries(self, page: list[_Position]) -> list[dict[str, Any]]:
        return [self._entry(path, Digest(digest)) for path, digest in page]

    def _entry(self, path: str, digest: Digest) -> dict[str, Any]:
        if path != self._shelf.path:
            self._shelf = self._store.shelf(path)
            self._tags = {}
            for tag, target in sorted(self._shelf.tags.items()):
                self._tags.setdefault(target, []).append(tag)
        document = self._shelf.documents[digest]
        uploaded = datetime.fromtimestamp(self._shelf.arrivals[digest] / 1000, UTC).isoformat(timespec="milliseconds")
        entry: dict[str, Any] = {
            "name": f"{self._resource}/{_image_id(self._resource, path, digest)}",
            "uri": f"{self._host}/{path}@{digest}",
            "imageSizeBytes": str(document.content_bytes),
            "uploadTime": uploaded.replace("+00:00", "Z"),
            "mediaType": document.media_type,
            "updateTime": uploaded.replace("+00:00", "Z"),
        }
        if digest in self._tags:
            entry["tags"] = self._tags[digest]
        return entry


def _image_id(resource: str, path: str, digest: Digest) -> str:
    project = resource.split("/")[1]
    name = path.split("/", 3 if ":" in project else 2)[-1]
    return f"{name.replace('/', '%2F')}@{digest}"


def _exists(store: Store, repository: str) -> bool:
    return bool(store.names_below(repository))


def _positions(store: Store, repository: str, after: _Position) -> Iterator[_Position]:
    for path in store.repositories():
        if path.startswith(f"{repository}/") and path >= after[0]:
            for digest in sorted(store.shelf(path).documents):
                if (path, digest) > after:
                    yield path, digest


def _page_size(visit: Visit) -> int:
    text = visit.call.asked("pageSize") or "0"
    if not (text.isascii() and text.isdigit()):
        raise refusal(400, "INVALID_ARGUMENT", "Invalid value at 'page_size'")
    return min(int(text) or visit.rules.page_size, visit.rules.page_size)


def _after(visit: Visit) -> _Position:
    token = visit.call.asked("pageToken")
    if not token:
        return _BEFORE_ALL
    try:
        path, _, digest = base64.b64decode(token, altchars=b"-_", validate=True).decode().partition("@")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise refusal(400, "INVALID_ARGUMENT", "Invalid page token") from error
    return path, digest
