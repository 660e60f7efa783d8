"""What is asked about blobs that are there, and what the answers say of them; pure.

OCI distribution specification v1.1, "Pulling blobs".
"""

from typing import Final

import attrs

from cip_async.model.report import RequestClass
from cip_async.reference import Digest, Repository
from cip_async.registry.credentials.scopes import pull
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.exchange import Answer, Request

_OK_OR_ABSENT: Final = frozenset({200, 404})
_READ: Final = frozenset({200, 206})


@attrs.frozen(kw_only=True)
class BlobHead:
    """What a registry says of a blob without its bytes; `size_bytes` is None where it did not say."""

    size_bytes: int | None


def head_request(repository: Repository, digest: Digest, endpoints: Endpoints, most_bytes: int) -> Request:
    """Ask whether a blob is there; its 404 is an answer too."""
    path = endpoints.path(repository)
    return Request(
        host=repository.host,
        method="HEAD",
        target=f"/v2/{path}/blobs/{digest}",
        request_class=RequestClass.BLOB_HEAD,
        repository=repository,
        scopes=pull(path),
        expected=_OK_OR_ABSENT,
        most_bytes=most_bytes,
    )


def get_request(
    repository: Repository, digest: Digest, size_bytes: int, endpoints: Endpoints, *, offset: int = 0
) -> Request:
    """Ask for the bytes of a blob of this size, from `offset` if the registry can."""
    path = endpoints.path(repository)
    return Request(
        host=repository.host,
        method="GET",
        target=f"/v2/{path}/blobs/{digest}",
        request_class=RequestClass.BLOB_GET,
        repository=repository,
        scopes=pull(path),
        expected=_READ,
        most_bytes=max(size_bytes, 1),
        byte_range=f"bytes={offset}-" if offset else None,
    )


def head_in(answer: Answer) -> BlobHead:
    """What the headers of an answer say."""
    return BlobHead(size_bytes=answer.stated_bytes)
