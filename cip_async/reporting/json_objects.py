"""What the JSON documents of this package have in common."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cip_async.model.damage import Damage, Repair
from cip_async.model.plan import Overlap
from cip_async.model.promoter_manifest import Place, Problem
from cip_async.model.report import LedgerLine

Json = dict[str, Any]


def program_object(version: str) -> Json:
    """What wrote the document."""
    return {"name": "cip-async", "version": version}


def time_text(seconds: float) -> str:
    """A time, given in seconds since the epoch, as RFC 3339 writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def array(name: str, items: Iterator[Json]) -> Iterator[str]:
    """A member that is an array, a line for each item; it goes on where an object was left open."""
    yield f',\n  "{name}": ['
    separator = "\n    "
    for item in items:
        yield separator + json.dumps(item)
        separator = ",\n    "
    yield "\n  ]"


def place_object(place: Place) -> Json:
    """A position in a file."""
    return {"path": place.path, "line": place.line, "column": place.column}


def problem_object(problem: Problem) -> Json:
    """Something that is wrong with the input."""
    return {"place": place_object(problem.place), "message": problem.message}


def overlap_object(overlap: Overlap) -> Json:
    """A tag that is wanted with two digests."""
    return {
        "tag": overlap.tag,
        "claims": [
            {"digest": overlap.first, "place": place_object(overlap.first_place)},
            {"digest": overlap.second, "place": place_object(overlap.second_place)},
        ],
        "destinations": [str(destination) for destination in overlap.destinations],
    }


def ledger_object(line: LedgerLine) -> Json:
    """Some requests that were made."""
    return {
        "host": line.host,
        "class": line.request_class,
        "method": line.method,
        "status": line.status,
        "requests": line.requests,
        "retries": line.retries,
        "sent_bytes": line.sent_bytes,
        "received_bytes": line.received_bytes,
    }


def damage_object(damage: Damage) -> Json:
    """One piece of content that is missing, wrong or unknown."""
    return {
        "repository": str(damage.repository),
        "kind": damage.piece.kind.value,
        "digest": damage.piece.digest,
        "flaw": damage.flaw.value,
        "reason": damage.reason,
        "paths": [list(path) for path in damage.paths],
        "origin": None if damage.origin is None else str(damage.origin),
        "hopeless": damage.hopeless,
    }


def repair_object(repair: Repair) -> Json:
    """A damage, and what became of it."""
    return {**damage_object(repair.damage), "fate": repair.fate.value, "why": repair.reason}
