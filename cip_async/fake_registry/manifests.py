"""Reading, writing and deleting image manifests, indexes and tags; pure.

OCI distribution specification v1.1, "Pulling manifests", "Pushing Manifests", with the several tags a PUT that
were added after v1.1.
"""

import functools
import hashlib

from cip_async.fake_registry.calls import checked_reference, checked_tag
from cip_async.fake_registry.documents import SUPPORTED, Document, parse_document
from cip_async.fake_registry.refusal import refusal
from cip_async.fake_registry.store import unknown_content
from cip_async.fake_registry.visit import Reply, Visit, reply
from cip_async.reference import Digest, Tag


def get_manifest(visit: Visit) -> Reply:
    """A document by tag or digest, if its type is accepted."""
    document = visit.store.document(visit.path, checked_reference(visit.call.reference))
    if visit.rules.strict_accept and document.media_type not in _accepted(",".join(visit.headers.getall("Accept", []))):
        raise refusal(404, "MANIFEST_UNKNOWN", f"its type, {document.media_type}, is not accepted")
    return reply(200, {"Content-Type": document.media_type, "Docker-Content-Digest": document.digest}, document.body)


def put_manifest(visit: Visit, body: bytes) -> Reply:
    """Store a document, by digest, by tag, or by digest with several tags."""
    path, reference = visit.path, checked_reference(visit.call.reference)
    tags = _tags(visit, reference)
    document = _parsed(visit, body)
    if ":" in reference and document.digest != reference:
        raise refusal(400, "DIGEST_INVALID", f"the body has the digest {document.digest}", {"digest": reference})
    if visit.forgetful:
        raise unknown_content((*document.children, *document.blobs), visit.rules)
    visit.store.put_document(path, document, tags, visit.rules)
    stored = reply(
        201,
        {
            "Location": visit.located(f"/v2/{path}/manifests/{document.digest}"),
            "Docker-Content-Digest": document.digest,
        },
    )
    if ":" in reference:
        for tag in tags:
            stored.headers.add("OCI-Tag", tag)
    if document.subject is not None and visit.rules.referrers:
        stored.headers["OCI-Subject"] = document.subject
    return stored


def delete_manifest(visit: Visit) -> Reply:
    """Delete a tag, or a document with all its tags."""
    reference = checked_reference(visit.call.reference)
    if not visit.rules.deletes:
        raise refusal(405, "UNSUPPORTED", "the operation is unsupported")
    if ":" in reference:
        visit.store.drop_document(visit.path, visit.store.document(visit.path, reference).digest, with_tags=True)
    else:
        visit.store.drop_tag(visit.path, Tag(reference))
    return reply(202)


def digest_of_body(body: bytes) -> Digest:
    """The digest that a document with this body has."""
    return Digest(f"sha256:{hashlib.sha256(body).hexdigest()}")


def _tags(visit: Visit, reference: str) -> tuple[Tag, ...]:
    """The tags a PUT writes."""
    asked = visit.call.asked_all("tag")
    if ":" not in reference:
        if asked and visit.rules.several_tags:
            raise refusal(400, "MANIFEST_INVALID", "further tags go with a digest, not with a tag")
        return (Tag(reference),)
    if not visit.rules.several_tags:
        return ()
    if len(asked) > visit.rules.most_tags:
        raise refusal(414, "SIZE_INVALID", f"a PUT may write {visit.rules.most_tags} tags")
    return tuple(dict.fromkeys(checked_tag(tag) for tag in asked))


def _parsed(visit: Visit, body: bytes) -> Document:
    """The document, parsed once however many hosts it is sent to."""
    media_type = visit.headers.get("Content-Type", "")
    known = visit.store.pool.documents.get(digest_of_body(body))
    if known is not None and known.media_type == media_type and media_type in SUPPORTED:
        return known
    return parse_document(media_type, body)


@functools.lru_cache(maxsize=256)
def _accepted(header: str) -> frozenset[str]:
    return frozenset(part.partition(";")[0].strip() for part in header.split(","))
