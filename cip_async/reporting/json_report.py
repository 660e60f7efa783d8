"""The report as JSON, in pieces: it is never held as a whole, however many edges there are.

`report.schema.json`, beside this file, is its JSON Schema. `SCHEMA_VERSION` rises when a reader of the former version
would misunderstand the new one; fields may be added without that.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from cip_async.model.cost import FloorLine
from cip_async.model.outcome import Fate, Outcome
from cip_async.model.plan import LostSource
from cip_async.model.report import EdgeReport, Report
from cip_async.reporting.costs import bytes_read, bytes_sent, requests
from cip_async.reporting.edges import all_edges, edges
from cip_async.reporting.findings import finding_object
from cip_async.reporting.json_objects import (
    Json,
    array,
    ledger_object,
    overlap_object,
    place_object,
    problem_object,
    program_object,
    repair_object,
    time_text,
)
from cip_async.reporting.totals import PairTally, Tally, pair_tallies, total
from cip_async.settings import Rate

SCHEMA_VERSION: Final = 1


def json_document(report: Report, *, exit_code: int, version: str) -> Iterator[str]:
    """The report as one JSON document, with every edge that was not already promoted.

    Edges and pairs have a line each, so that the document can be compared, searched and cut. `version` is that of
    the program.
    """
    head = json.dumps(_run(report, exit_code=exit_code, version=version), indent=2)
    yield head.removesuffix("\n}")
    yield from array("pairs", (_pair(pair) for pair in pair_tallies(report)))
    yield from array("edges", (_edge(edge) for edge in edges(report)))
    yield "\n}\n"


def json_lines(report: Report, *, exit_code: int, version: str) -> Iterator[str]:
    """The report as JSON Lines: one of type `run`, then one of type `edge` for every edge, promoted already or not."""
    yield _line({"type": "run", **_run(report, exit_code=exit_code, version=version)})
    for edge in all_edges(report):
        yield _line({"type": "edge", **_edge(edge)})


def _line(item: Json) -> str:
    return json.dumps(item) + "\n"


def _run(report: Report, *, exit_code: int, version: str) -> Json:
    plan = report.plan
    return {
        "schema_version": SCHEMA_VERSION,
        "program": program_object(version),
        "started_at": time_text(report.started_at),
        "seconds": round(report.seconds, 3),
        "dry_run": report.dry_run,
        "quarantine": plan.quarantine,
        "ending": report.ending.value,
        "exit_code": int(exit_code),
        "wanted": attrs.asdict(plan.totals),
        "counts": _counts(total(report)),
        "invalid": [problem_object(problem) for problem in plan.invalid],
        "warnings": [problem_object(problem) for problem in plan.warnings],
        "overlaps": [overlap_object(overlap) for overlap in plan.overlaps],
        "lost_sources": [_lost_source(lost) for lost in plan.lost_sources],
        "findings": [finding_object(finding) for finding in report.findings],
        "trusted_listings": report.trusted_listings,
        "verified_listings": report.verified_listings,
        "repairs": [repair_object(repair) for repair in report.repairs],
        "traffic": attrs.asdict(report.traffic),
        "cost": _cost(report),
        "ledger": [ledger_object(line) for line in sorted(report.ledger)],
        "capabilities": {host: dict(sorted(known.items())) for host, known in sorted(report.capabilities.items())},
        "settled_rates": {host: _rate(rate) for host, rate in sorted(report.settled_rates.items())},
    }


def _counts(tally: Tally) -> Json:
    return {
        "outcomes": _by_name(tally.outcomes),
        "fates": _by_name(tally.fates),
        "images": tally.images,
        "images_done": tally.images_done,
    }


def _by_name(counts: Mapping[Outcome, int] | Mapping[Fate, int]) -> dict[str, int]:
    return {kind.value: number for kind, number in sorted(counts.items(), key=lambda item: item[0].value)}


def _pair(pair: PairTally) -> Json:
    return {
        "source": str(pair.source),
        "destination": str(pair.destination),
        "fates": _by_name(pair.tally.fates),
    }


def _edge(edge: EdgeReport) -> Json:
    told: Json = {
        "source": str(edge.source),
        "destination": str(edge.destination),
        "digest": edge.digest,
        "tag": edge.tag,
        "outcome": edge.outcome.value,
        "fate": edge.fate.value,
        "reason": edge.reason,
    }
    return told if edge.place is None else {**told, "place": place_object(edge.place)}


def _lost_source(lost: LostSource) -> Json:
    return {"registry": str(lost.entry), "edges": lost.edges, "place": place_object(lost.place)}


def _rate(rate: Rate) -> Json:
    return {
        name: None if per_minute is None else round(per_minute, 1)
        for name, per_minute in (
            ("reads_per_minute", rate.reads_per_minute),
            ("writes_per_minute", rate.writes_per_minute),
        )
    }


def _cost(report: Report) -> Json:
    return {
        "requests": attrs.asdict(requests(report)),
        "bytes_read": attrs.asdict(bytes_read(report)),
        "bytes_sent": attrs.asdict(bytes_sent(report)),
        "floor": [_floor_line(line) for line in report.cost.floor],
        "excess": [
            {"host": line.host, "cause": line.cause.value, "requests": line.requests} for line in report.cost.excess
        ],
        "ahead": [_floor_line(line) for line in report.cost.ahead],
    }


def _floor_line(line: FloorLine) -> Json:
    return {
        "host": line.host,
        "class": line.request_class,
        "requests": line.requests,
        "blob_bytes": line.blob_bytes,
    }
