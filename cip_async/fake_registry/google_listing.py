"""Google's extension of `tags/list`: every digest with its tags, and the repositories one level below; pure.

Its shape is known from what reads it: github.com/google/go-containerregistry, `pkg/v1/google/list.go`. Artifact
Registry cuts it off without saying so: exactly as many entries as were asked for may mean that there are more.
"""

from typing import Any

import msgspec

from cip_async.fake_registry.documents import Document
from cip_async.fake_registry.pages import asked_entries
from cip_async.fake_registry.shelf import Shelf
from cip_async.fake_registry.visit import Reply, Visit, json_reply
from cip_async.reference import Digest, Tag


def google_tags(visit: Visit) -> Reply:
    """The extended listing of a repository, cut off at the number of digests that was asked for."""
    path = visit.path
    asked = asked_entries(visit)
    most = visit.rules.page_size if asked is None else asked
    children = visit.store.names_below(path)
    if children or visit.rules.google_unknown == "empty":
        shelf = visit.store.shelf_or_empty(path)
    else:
        shelf = visit.store.shelf(path)
    return json_reply(msgspec.json.encode(listing(shelf, children, most)))


def listing(shelf: Shelf, children: list[str], most: int) -> dict[str, Any]:
    """What Google says of one repository, with at most `most` digests."""
    tags: dict[Digest, list[Tag]] = {}
    for tag, digest in shelf.tags.items():
        tags.setdefault(digest, []).append(tag)
    shown = sorted(shelf.documents)[:most]
    return {
        "child": children,
        "manifest": {digest: _entry(shelf, shelf.documents[digest], sorted(tags.get(digest, ()))) for digest in shown},
        "name": shelf.path,
        "tags": sorted(tag for digest in shown for tag in tags.get(digest, ())),
    }


def _entry(shelf: Shelf, document: Document, tags: list[Tag]) -> dict[str, Any]:
    arrival = str(shelf.arrivals[document.digest])
    return {
        "imageSizeBytes": str(document.content_bytes),
        "layerId": "",
        "mediaType": document.media_type,
        "tag": tags,
        "timeCreatedMs": "0" if document.is_index else arrival,
        "timeUploadedMs": arrival,
    }
