"""What a verification found, as JSON: it keeps to its published schema."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import attrs
import jsonschema
import pytest

from cip_async.model.damage import Flaw
from cip_async.model.report import Ending, RequestClass
from cip_async.model.verification import Verification
from cip_async.reporting.verification_json import verification_document
from tests.unit.reporting.samples import ASIA, MALFORMED, MISPLACED, digest, ledger_line, overlap, plan
from tests.unit.reporting.verifications import DRIFTED, damage, verification

SCHEMA = json.loads(files("cip_async.reporting").joinpath("verification.schema.json").read_text())

EVERYTHING = verification(
    attrs.evolve(
        DRIFTED,
        invalid=(MALFORMED,),
        warnings=(MISPLACED,),
        overlaps=(overlap("e", ASIA.repository(DRIFTED.pairs[0].pair.destination.path)),),  # type: ignore[arg-type]
    ),
    damage(),
    damage(Flaw.CONTENT_WRONG, origin=None, hopeless="nobody has it"),
    damage(Flaw.UNKNOWN, origin=None),
    ledger=(ledger_line("asia.gcr.io", RequestClass.BLOB_HEAD, 404, 3),),
)


def document(found: Verification) -> Any:
    return json.loads("".join(verification_document(found, exit_code=1, version="1.2.3")))


@pytest.mark.parametrize(
    "found", [EVERYTHING, verification(plan()), attrs.evolve(EVERYTHING, ending=Ending.INTERRUPTED)]
)
def test_it_keeps_to_the_schema(found: Verification) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(document(found))


def objects(schema: Any) -> Iterator[Any]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for value in schema.values():
            yield from objects(value)
    if isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_the_schema_tells_of_every_field_and_demands_it() -> None:
    assert SCHEMA["properties"].keys() == document(EVERYTHING).keys()
    assert SCHEMA["$defs"]["damage"]["properties"].keys() == document(EVERYTHING)["damages"][0].keys()
    assert SCHEMA["$defs"]["drift"]["properties"].keys() == document(EVERYTHING)["drift"][0].keys()
    assert all(set(each["required"]) == each["properties"].keys() for each in objects(SCHEMA))


def test_it_tells_where_each_damage_is_and_who_needs_it() -> None:
    told = document(EVERYTHING)["damages"][0]
    assert told["repository"] == "asia.gcr.io/prod/foo"
    assert (told["kind"], told["digest"], told["flaw"]) == ("blob", digest("b"), "content-missing")
    assert told["paths"] == [[digest("1"), digest("c"), digest("b")], [digest("3"), digest("b")]]
    assert told["origin"] == "gcr.io/staging/foo"


def test_it_comes_in_pieces() -> None:
    pieces = verification_document(verification(damages=(damage(),) * 100), exit_code=1, version="1")
    assert max(map(len, pieces)) < 3000
