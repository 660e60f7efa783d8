"""What is asked about image manifests and indexes, and what the answers say of them; pure.

OCI distribution specification v1.1, "Pulling manifests", "Pushing Manifests".
"""

import hashlib
from typing import Final

import attrs

from cip_async.errors import DigestMismatch, InvalidReference, UntrustedAnswer
from cip_async.model.image import ImageDocument
from cip_async.model.report import RequestClass
from cip_async.reference import Digest, Repository, Tag, parse_digest
from cip_async.registry.credentials.scopes import pull, push
from cip_async.registry.documents import named_media_type, parse_document, refuse_schema_1
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.exchange import Answer, Request
from cip_async.registry.wire import MANIFEST_ACCEPT, accepted_tags
from cip_async.settings import GARBLED_TRIES

_OK_OR_ABSENT: Final = frozenset({200, 404})
_STORED: Final = frozenset({200, 201, 202})


@attrs.frozen(kw_only=True)
class ManifestHead:
    """What a registry says of a manifest without its body; `size_bytes` is None where it did not say."""

    digest: Digest
    media_type: str
    size_bytes: int | None


def head_request(repository: Repository, reference: Tag | Digest, endpoints: Endpoints, most_bytes: int) -> Request:
    """Ask what `reference` is; its 404 is an answer too."""
    return _read_request("HEAD", RequestClass.MANIFEST_HEAD, repository, reference, endpoints, most_bytes)


def get_request(repository: Repository, reference: Tag | Digest, endpoints: Endpoints, most_bytes: int) -> Request:
    """Ask for all of `reference`; its 404 is an answer too."""
    return _read_request("GET", RequestClass.MANIFEST_GET, repository, reference, endpoints, most_bytes)


def put_request(
    repository: Repository,
    document: ImageDocument,
    reference: Tag | Digest,
    endpoints: Endpoints,
    most_bytes: int,
    *,
    tags: tuple[Tag, ...] = (),
) -> Request:
    """Ask to store `document` as `reference`, and with `tags` where the registry takes several in one PUT."""
    path = endpoints.path(repository)
    query = "?" + "&".join(f"tag={tag}" for tag in tags) if tags else ""
    is_digest = ":" in reference
    return Request(
        host=repository.host,
        method="PUT",
        target=f"/v2/{path}/manifests/{reference}{query}",
        request_class=RequestClass.MANIFEST_PUT if is_digest and not tags else RequestClass.TAG_PUT,
        repository=repository,
        scopes=push(path),
        expected=_STORED,
        most_bytes=most_bytes,
        content_type=document.media_type,
        body=document.body,
    )


def head_in(repository: Repository, reference: Tag | Digest, answer: Answer) -> ManifestHead | None:
    """What the headers of an answer say; None where they leave out the digest.

    They may name a digest of another algorithm than was asked by; both are digests of the same bytes.

    Raises:
        DigestMismatch: the registry holds something else under a digest.
        UntrustedAnswer: the digest is malformed.
    """
    announced = answer.headers.get("Docker-Content-Digest")
    if announced is None:
        return None
    digest = _parsed_digest(repository, reference, announced)
    if ":" in reference:
        if _same_algorithm(reference, digest) and digest != reference:
            raise DigestMismatch(repository.host, f"HEAD {reference}", f"the registry says its digest is {digest}")
        digest = Digest(reference)
    return ManifestHead(
        digest=digest,
        media_type=named_media_type(answer.headers.get("Content-Type", "")),
        size_bytes=answer.stated_bytes,
    )


def head_of_whole(
    repository: Repository, reference: Tag | Digest, answer: Answer, *, most_children: int
) -> ManifestHead:
    """The same, told from the body of an answer.

    Raises:
        DigestMismatch, InvalidContent, UnsupportedContent: as `document_in`.
    """
    digest = Digest(reference) if ":" in reference else _digest_of(answer.body)
    document = document_in(repository, digest, answer, most_children=most_children)
    return ManifestHead(digest=digest, media_type=document.media_type, size_bytes=len(answer.body))


def document_in(repository: Repository, digest: Digest, answer: Answer, *, most_children: int) -> ImageDocument:
    """The document in the body of an answer, verified and parsed.

    Raises:
        DigestMismatch: the bytes are not those of `digest`.
        InvalidContent, UnsupportedContent: as `parse_document`.
    """
    content_type = answer.headers.get("Content-Type", "")
    refuse_schema_1(repository, digest, content_type)
    verify(repository, digest, answer.body)
    return parse_document(repository, digest, content_type, answer.body, most_children=most_children)


def verify(repository: Repository, digest: Digest, body: bytes) -> None:
    """Check that `body` has the digest it was asked by.

    Raises:
        DigestMismatch: it has another.
    """
    found = _digest_of(body, digest.partition(":")[0])
    if found != digest:
        where, reason = f"{repository.path}@{digest}", f"the bytes have the digest {found}"
        raise DigestMismatch(repository.host, where, reason, retryable=True, most_tries=GARBLED_TRIES)


def check_stored(
    repository: Repository, document: ImageDocument, reference: Tag | Digest, answer: Answer, endpoints: Endpoints
) -> None:
    """Check that the answer to a PUT tells of the document that was sent, where it tells of any.

    Raises:
        DigestMismatch: the registry stored something else.
        UntrustedAnswer: the digest that it tells of is malformed.
    """
    announced = answer.headers.get("Docker-Content-Digest")
    if announced is None:
        return
    stored = _parsed_digest(repository, reference, announced)
    if _same_algorithm(stored, document.digest) and stored != document.digest:
        where = f"PUT {endpoints.path(repository)}/manifests/{reference}"
        reason = f"the registry stored {stored}, not {document.digest}; it is not trusted with another try"
        raise DigestMismatch(repository.host, where, reason)


def tags_stored(answer: Answer) -> frozenset[str]:
    """The tags that the answer to a PUT says were written; none where the registry takes one in a PUT alone."""
    return accepted_tags(answer.headers.getall("OCI-Tag", []))


def _read_request(
    method: str,
    request_class: RequestClass,
    repository: Repository,
    reference: Tag | Digest,
    endpoints: Endpoints,
    most_bytes: int,
) -> Request:
    path = endpoints.path(repository)
    return Request(
        host=repository.host,
        method=method,
        target=f"/v2/{path}/manifests/{reference}",
        request_class=request_class,
        repository=repository,
        scopes=pull(path),
        expected=_OK_OR_ABSENT,
        most_bytes=most_bytes,
        accept=MANIFEST_ACCEPT,
    )


def _parsed_digest(repository: Repository, reference: str, announced: str) -> Digest:
    try:
        return parse_digest(announced)
    except InvalidReference as error:
        where = f"{repository.path}/manifests/{reference}"
        raise UntrustedAnswer(repository.host, where, f"Docker-Content-Digest: {error}") from error


def _digest_of(body: bytes, algorithm: str = "sha256") -> Digest:
    return Digest(f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}")


def _same_algorithm(one: str, other: str) -> bool:
    return one.partition(":")[0] == other.partition(":")[0]
