"""The report as JSON: it keeps to its published schema and is never held as a whole."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import attrs
import jsonschema
import pytest

from cip_async.model.cost import Cause, Cost, ExcessLine, FloorLine
from cip_async.model.damage import Repair, RepairFate
from cip_async.model.outcome import Fate, Outcome
from cip_async.model.plan import Promotion
from cip_async.model.report import Ending, Report, RequestClass, Traffic
from cip_async.reference import Host, ImageName
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.json_report import json_document, json_lines
from cip_async.settings import Rate
from tests.unit.reporting.samples import (
    ASIA,
    CAPABILITIES,
    EU,
    LOST_STAGING,
    MALFORMED,
    MISPLACED,
    failure,
    ledger_line,
    overlap,
    pair_plans,
    plan,
    promotion,
    report,
    setback,
    want,
)
from tests.unit.reporting.verifications import damage

SCHEMA = json.loads(files("cip_async.reporting").joinpath("report.schema.json").read_text())

EVERYTHING = report(
    plan(
        *pair_plans(
            "foo",
            [want("1", "a", "b"), want("2"), want("3", "c"), want("4", "d")],
            promotions=[promotion("1", "a"), promotion("2")],
            setbacks=[setback(str(3 + i), f"s{i}", outcome, f"why {i}") for i, outcome in enumerate(Outcome)],
            already=1,
        ),
        overlaps=(overlap("a", ASIA.repository(ImageName("foo")), EU.repository(ImageName("foo"))),),
        lost_sources=(LOST_STAGING,),
        invalid=(MALFORMED,),
        warnings=(MISPLACED,),
        quarantine=True,
    ),
    failure("foo", "1", "a", "asia.gcr.io: \x1b[31mteapot\u202e"),
    ledger=(
        ledger_line("us.gcr.io", RequestClass.TAG_PUT, 201, 3, 1),
        ledger_line("eu.gcr.io", RequestClass.PING, 0, 1),
    ),
    traffic=Traffic(blobs_mounted=1, bytes_mounted=2, blobs_relayed=3, bytes_relayed=4, blobs_read=5, bytes_read=6),
    capabilities=CAPABILITIES,
    trusted_listings=7,
    settled_rates={Host("us.gcr.io"): Rate(writes_per_minute=4831.25), Host("eu.gcr.io"): Rate(reads_per_minute=60.0)},
    cost=Cost(
        floor=(FloorLine(host=Host("us.gcr.io"), request_class="upload", requests=2, blob_bytes=20),),
        excess=(
            ExcessLine(host=Host("eu.gcr.io"), cause=Cause.PROBES, requests=1),
            ExcessLine(host=Host("us.gcr.io"), cause=Cause.RETRIES, requests=1),
        ),
        ahead=(FloorLine(host=Host("us.gcr.io"), request_class="tag-put", requests=4),),
    ),
    verified_listings=2,
    repairs=tuple(Repair(damage=damage(), fate=fate, reason="why") for fate in RepairFate),
)


def document(told: Report) -> Any:
    return json.loads("".join(json_document(told, exit_code=3, version="1.2.3")))


def lines(told: Report) -> list[Any]:
    return [json.loads(line) for line in "".join(json_lines(told, exit_code=3, version="1.2.3")).splitlines()]


@pytest.mark.parametrize(
    "told", [EVERYTHING, report(plan()), attrs.evolve(EVERYTHING, dry_run=True, ending=Ending.CONFLICT)]
)
def test_both_forms_keep_to_the_schema(told: Report) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(document(told))
    of_line = jsonschema.Draft202012Validator({"$ref": "#/$defs/line", "$defs": SCHEMA["$defs"]})
    for line in lines(told):
        of_line.validate(line)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (("edge", "properties", "outcome", "enum"), [outcome.value for outcome in Outcome]),
        (("edge", "properties", "fate", "enum"), [fate.value for fate in Fate]),
        (("run", "properties", "ending", "enum"), [ending.value for ending in Ending]),
        (
            ("run", "properties", "cost", "properties", "excess", "items", "properties", "cause", "enum"),
            [cause.value for cause in Cause],
        ),
        (("run", "properties", "exit_code", "enum"), [int(code) for code in ExitCode if code is not ExitCode.USAGE]),
    ],
)
def test_the_schema_names_all_values_there_are(path: tuple[str, ...], values: list[object]) -> None:
    found = SCHEMA["$defs"]
    for key in path:
        found = found[key]
    assert found == values


def test_the_schema_describes_every_request_class() -> None:
    ledger = SCHEMA["$defs"]["run"]["properties"]["ledger"]
    assert ", ".join(c.value for c in RequestClass) in ledger["items"]["properties"]["class"]["description"]


def test_the_schema_refuses_what_is_no_report() -> None:
    broken = document(EVERYTHING)
    broken["edges"][0]["fate"] = "vanished"
    with pytest.raises(jsonschema.ValidationError, match="'vanished' is not one of"):
        jsonschema.Draft202012Validator(SCHEMA).validate(broken)


def test_the_run_is_told_with_its_costs() -> None:
    told = document(EVERYTHING)
    assert told["schema_version"] == 1
    assert told["program"] == {"name": "cip-async", "version": "1.2.3"}
    assert told["started_at"] == "2023-11-14T22:13:20.000+00:00"
    assert told["exit_code"] == 3
    assert told["wanted"] == {"manifests": 1, "images": 2, "digests": 3, "edges": 4}
    assert told["ledger"] == [
        {
            "host": "eu.gcr.io",
            "class": "ping",
            "method": "GET",
            "status": 0,
            "requests": 1,
            "retries": 0,
            "sent_bytes": 0,
            "received_bytes": 100,
        },
        {
            "host": "us.gcr.io",
            "class": "tag-put",
            "method": "GET",
            "status": 201,
            "requests": 3,
            "retries": 1,
            "sent_bytes": 0,
            "received_bytes": 300,
        },
    ]
    assert told["trusted_listings"] == 7
    assert told["cost"] == {
        "requests": {"spent": 4, "floor": 2},
        "bytes_read": {"spent": 0, "floor": 0},
        "bytes_sent": {"spent": 0, "floor": 20},
        "floor": [{"host": "us.gcr.io", "class": "upload", "requests": 2, "blob_bytes": 20}],
        "excess": [
            {"host": "eu.gcr.io", "cause": "probes", "requests": 1},
            {"host": "us.gcr.io", "cause": "retries", "requests": 1},
        ],
        "ahead": [{"host": "us.gcr.io", "class": "tag-put", "requests": 4, "blob_bytes": 0}],
    }
    assert told["traffic"]["bytes_relayed"] == 4
    assert told["capabilities"] == {"asia.gcr.io": {"mounts": True, "several tags": False}}
    assert list(told["settled_rates"].items()) == [
        ("eu.gcr.io", {"reads_per_minute": 60.0, "writes_per_minute": None}),
        ("us.gcr.io", {"reads_per_minute": None, "writes_per_minute": 4831.2}),
    ]


def test_problems_carry_their_places() -> None:
    told = document(EVERYTHING)
    assert told["invalid"] == [
        {
            "place": {"path": "images/bar/images.yaml", "line": 3, "column": 9},
            "message": "digest 'sha256:12' is malformed",
        }
    ]
    assert told["overlaps"][0]["destinations"] == ["asia.gcr.io/prod/foo", "eu.gcr.io/prod/foo"]
    assert told["lost_sources"] == [
        {
            "registry": "gcr.io/staging",
            "edges": 3,
            "place": {"path": "images/foo/images.yaml", "line": 7, "column": 5},
        }
    ]


def test_promoted_already_is_counted_for_each_pair_and_told_only_in_lines() -> None:
    made = report(
        plan(*pair_plans("foo", [want("1", "a", "b")], promotions=[promotion("1", "b")], already=1, to=[ASIA]))
    )
    told = document(made)
    assert told["pairs"] == [
        {
            "source": "gcr.io/staging/foo",
            "destination": "asia.gcr.io/prod/foo",
            "fates": {"already-promoted": 1, "promoted": 1},
        }
    ]
    assert [edge["tag"] for edge in told["edges"]] == ["b"]
    first, *rest = lines(made)
    assert (first["type"], first["counts"]["fates"]) == ("run", {"already-promoted": 1, "promoted": 1})
    assert [(edge["type"], edge["tag"], edge["fate"]) for edge in rest] == [
        ("edge", "a", "already-promoted"),
        ("edge", "b", "promoted"),
    ]


def test_no_byte_of_a_report_can_drive_a_terminal() -> None:
    text = "".join(json_document(EVERYTHING, exit_code=3, version="1"))
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert any(edge["reason"].startswith("asia.gcr.io: \x1b[31mteapot") for edge in document(EVERYTHING)["edges"])


def test_edges_have_a_line_each() -> None:
    text = "".join(json_document(EVERYTHING, exit_code=3, version="1"))
    assert sum('"outcome":' in line for line in text.splitlines()) == len(document(EVERYTHING)["edges"])


def test_the_report_is_written_in_pieces() -> None:
    class Untouched(tuple[Promotion, ...]):
        def __iter__(self) -> Iterator[Promotion]:
            if spelling_out:
                raise AssertionError("asked for the second pair")
            return super().__iter__()

    spelling_out = False
    first = pair_plans("foo", [], promotions=[promotion("1", "a")], to=[ASIA])
    second = attrs.evolve(first[0], pair=pair_plans("foo", [], to=[EU])[0].pair, promotions=Untouched())
    pieces = json_document(report(plan(*first, second)), exit_code=0, version="1")
    for piece in pieces:
        if piece.endswith('"edges": ['):
            break
    spelling_out = True
    assert '"tag": "a"' in next(pieces)
