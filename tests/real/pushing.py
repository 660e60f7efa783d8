"""Puts images into a real registry with the simplest requests there are, none of them made by the package's client."""

import http.client
from collections.abc import Sequence
from urllib.parse import urlsplit

from anyio import to_thread

from cip_async.fake_registry.images import Image
from cip_async.reference import Digest


async def push(host: str, path: str, image: Image, *tags: str) -> Digest:
    """Put an image with everything below it into a repository, untagged or under `tags`."""
    await to_thread.run_sync(_push, host, path, image, tags)
    return image.digest


def _push(host: str, path: str, image: Image, tags: Sequence[str]) -> None:
    connection = http.client.HTTPConnection(host)
    try:
        for digest, content in image.all_blobs.items():
            location = _request(connection, "POST", f"/v2/{path}/blobs/uploads/", 202)
            url = urlsplit(location)
            query = f"{url.query}&digest={digest}" if url.query else f"digest={digest}"
            _request(connection, "PUT", f"{url.path}?{query}", 201, b"".join(content.pieces(0, content.size_bytes)))
        for member in image.family():
            references = tags if member is image and tags else (member.digest,)
            for reference in references:
                target = f"/v2/{path}/manifests/{reference}"
                _request(connection, "PUT", target, 201, member.body, member.media_type)
    finally:
        connection.close()


def _request(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    expected: int,
    body: bytes = b"",
    content_type: str = "application/octet-stream",
) -> str:
    connection.request(method, target, body=body, headers={"Content-Type": content_type})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == expected, f"{method} {target}: {answer.status} {text!r}"
    return answer.headers.get("Location", "")
