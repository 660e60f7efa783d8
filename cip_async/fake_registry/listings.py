"""What is there: tags, repositories, referrers; pure.

OCI distribution specification v1.1, "Listing Tags" and "Listing Referrers"; the catalog as
github.com/distribution/distribution has it.
"""

from typing import Any

import msgspec

from cip_async.fake_registry.calls import checked_digest
from cip_async.fake_registry.documents import OCI_INDEX, Document
from cip_async.fake_registry.google_listing import google_tags
from cip_async.fake_registry.pages import page
from cip_async.fake_registry.refusal import refusal
from cip_async.fake_registry.visit import Reply, Visit, json_reply, reply
from cip_async.reference import Digest


def list_tags(visit: Visit) -> Reply:
    """The tags of a repository, plain or as Google tells them."""
    if visit.rules.listing == "google":
        return google_tags(visit)
    path = visit.path
    names: list[str] = list(visit.store.shelf(path).tags)
    if not names and visit.rules.untagged == "unknown":
        raise refusal(404, "NAME_UNKNOWN", "repository name not known to registry", {"name": path})
    if visit.rules.tag_order != "pushed":
        names.sort(reverse=visit.rules.tag_order == "reversed")
    cut, headers = page(visit, names) if visit.rules.paginated else (names, {})
    tags = None if not names and visit.rules.untagged == "null" else cut
    return json_reply(msgspec.json.encode({"name": path, "tags": tags}), headers)


def list_catalog(visit: Visit) -> Reply:
    """The repositories of the host; Google names none."""
    names = [] if visit.rules.listing == "google" else visit.store.repositories()
    cut, headers = page(visit, names)
    return json_reply(msgspec.json.encode({"repositories": cut}), headers)


def list_referrers(visit: Visit) -> Reply:
    """The documents whose subject is a digest, as an index; empty where there is none."""
    if not visit.rules.referrers:
        return reply(404, {"Content-Type": "text/plain; charset=utf-8"}, b"404 page not found\n")
    path, digest = visit.path, checked_digest(visit.call.reference)
    found = _referrers(visit, path, digest)
    headers = {}
    artifact_type = visit.call.asked("artifactType")
    if artifact_type is not None:
        found = {name: document for name, document in found.items() if document.artifact_type == artifact_type}
        headers["OCI-Filters-Applied"] = "artifactType"
    cut, links = page(visit, list(found))
    index = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [_descriptor(found[name]) for name in cut],
    }
    return json_reply(msgspec.json.encode(index), {"Content-Type": OCI_INDEX, **headers, **links})


def _referrers(visit: Visit, path: str, digest: Digest) -> dict[str, Document]:
    shelf = visit.store.shelf_or_empty(path)
    return {name: shelf.documents[name] for name in sorted(shelf.referrers.get(digest, ()))}


def _descriptor(document: Document) -> dict[str, Any]:
    described: dict[str, Any] = {
        "mediaType": document.media_type,
        "digest": document.digest,
        "size": len(document.body),
        "artifactType": document.artifact_type,
    }
    if document.annotations:
        described["annotations"] = document.annotations
    return described
