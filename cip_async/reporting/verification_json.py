"""What a verification found, as JSON, in pieces: it is never held as a whole.

`verification.schema.json`, beside this file, is its JSON Schema. `SCHEMA_VERSION` rises when a reader of the former
version would misunderstand the new one; fields may be added without that.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from cip_async.model.damage import Flaw
from cip_async.model.verification import Drift, Verification
from cip_async.reporting.json_objects import (
    Json,
    array,
    damage_object,
    ledger_object,
    overlap_object,
    place_object,
    problem_object,
    program_object,
    time_text,
)
from cip_async.reporting.verification import drifted, verification_tally

SCHEMA_VERSION: Final = 1


def verification_document(verification: Verification, *, exit_code: int, version: str) -> Iterator[str]:
    """All of it as one JSON document, a line for each edge and each damage; `version` is that of the program."""
    head = json.dumps(_head(verification, exit_code=exit_code, version=version), indent=2)
    yield head.removesuffix("\n}")
    yield from array("drift", (_drift(each) for each in drifted(verification)))
    yield from array("damages", map(damage_object, verification.damages))
    yield "\n}\n"


def _head(verification: Verification, *, exit_code: int, version: str) -> Json:
    plan, tally = verification.plan, verification_tally(verification)
    return {
        "schema_version": SCHEMA_VERSION,
        "program": program_object(version),
        "started_at": time_text(verification.started_at),
        "seconds": round(verification.seconds, 3),
        "deep": verification.deep,
        "ending": verification.ending.value,
        "exit_code": int(exit_code),
        "wanted": attrs.asdict(plan.totals),
        "counts": {
            "edges": tally.edges,
            "looked_at": tally.looked_at,
            "as_wanted": tally.as_wanted,
            "drift": _by_name(tally.drift),
            "images": tally.images,
            "damaged_images": tally.damaged_images,
            "damages": _by_name(tally.damages),
        },
        "invalid": [problem_object(problem) for problem in plan.invalid],
        "warnings": [problem_object(problem) for problem in plan.warnings],
        "overlaps": [overlap_object(overlap) for overlap in plan.overlaps],
        "ledger": [ledger_object(line) for line in sorted(verification.ledger)],
    }


def _drift(each: Drift) -> Json:
    return {
        "source": str(each.source),
        "destination": str(each.destination),
        "digest": each.digest,
        "tag": each.tag,
        "flaw": each.flaw.value,
        "reason": each.reason,
        "place": place_object(each.place),
    }


def _by_name(counts: Mapping[Flaw, int]) -> dict[str, int]:
    return {flaw.value: number for flaw, number in sorted(counts.items(), key=lambda item: item[0].value)}
