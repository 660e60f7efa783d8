"""Reads a real registry with the simplest requests there are, none of them made by the package's client."""

import hashlib
import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import attrs
from anyio import to_thread

from cip_async.fake_registry.images import Image

_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json,"
    " application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
)


@attrs.frozen
class Held:
    """What a repository holds: the digest of each tag's bytes, and what is wrong with the content below tags."""

    tags: dict[str, str]
    broken: tuple[str, ...]


async def held(host: str, path: str) -> Held:
    """Read all tags of a repository, and whether all that they lead to is there, byte for byte where it is JSON."""

    def read() -> Held:
        with closing(http.client.HTTPConnection(host)) as connection:
            return _Reader(connection, path).held()

    return await to_thread.run_sync(read)


async def lacks(host: str, path: str, image: Image) -> tuple[str, ...]:
    """What of an image, tagged or not, is not in a repository as it should be."""

    def read() -> tuple[str, ...]:
        with closing(http.client.HTTPConnection(host)) as connection:
            return tuple(_Reader(connection, path).broken_below(image.digest))

    return await to_thread.run_sync(read)


@attrs.frozen
class _Reader:
    _connection: http.client.HTTPConnection
    _path: str

    def held(self) -> Held:
        status, body = self._get("tags/list")
        if status == 404:
            return Held({}, ())
        tags = {}
        broken: list[str] = []
        for tag in sorted(json.loads(body)["tags"] or ()):
            status, body = self._get(f"manifests/{tag}")
            digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
            tags[tag] = digest
            broken += self.broken_below(digest) if status == 200 else [f"{tag}: {status}"]
        return Held(tags, tuple(broken))

    def broken_below(self, digest: str) -> Iterator[str]:
        status, body = self._get(f"manifests/{digest}")
        if status != 200 or f"sha256:{hashlib.sha256(body).hexdigest()}" != digest:
            yield f"manifest {digest}: {status}, {len(body)} bytes"
            return
        document: dict[str, Any] = json.loads(body)
        for child in document.get("manifests", ()):
            yield from self.broken_below(child["digest"])
        blobs = [*document.get("layers", ()), *([document["config"]] if "config" in document else [])]
        for blob in blobs:
            status, body = self._get(f"blobs/{blob['digest']}")
            if status != 200 or f"sha256:{hashlib.sha256(body).hexdigest()}" != blob["digest"]:
                yield f"blob {blob['digest']}: {status}, {len(body)} bytes"

    def _get(self, what: str) -> tuple[int, bytes]:
        self._connection.request("GET", f"/v2/{self._path}/{what}", headers={"Accept": _TYPES})
        answer = self._connection.getresponse()
        return answer.status, answer.read()
