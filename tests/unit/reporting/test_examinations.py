"""What `cip doctor` prints."""

import json

import attrs

from cip_async.model.examination import Examination, Verdict
from cip_async.reference import parse_registry_path
from cip_async.reporting.examinations import examination_json, examination_table, examination_verdict

SOURCE = Examination(
    registry=parse_registry_path("gcr.io/staging"),
    is_source=True,
    account="anonymous",
    read=Verdict.YES,
    write=Verdict.NOT_NEEDED,
    reason="",
)
MIRROR = Examination(
    registry=parse_registry_path("us.gcr.io/prod"),
    is_source=False,
    account="me@example.com",
    read=Verdict.YES,
    write=Verdict.NO,
    reason="it may not\x1b[2J",
)


def test_the_table_has_columns_and_the_reason_last() -> None:
    assert list(examination_table([SOURCE, MIRROR])) == [
        "ACCOUNT         REGISTRY        READ  WRITE  REASON",
        "anonymous       gcr.io/staging  yes   -",
        r"me@example.com  us.gcr.io/prod  yes   no     it may not\x1b[2J",
    ]


def test_the_verdict_counts_what_fails() -> None:
    assert examination_verdict([SOURCE, MIRROR]) == "1 registry of 2 cannot be used as a run would have to"
    assert examination_verdict([SOURCE]) == "1 registry can be used as a run would have to"


def test_json_tells_all_of_it() -> None:
    source, mirror = json.loads(examination_json([SOURCE, MIRROR]))["registries"]
    assert source == {
        "registry": "gcr.io/staging",
        "role": "source",
        "account": "anonymous",
        "read": "yes",
        "write": "-",
        "reason": "",
        "passed": True,
    }
    assert (mirror["role"], mirror["write"], mirror["passed"]) == ("destination", "no", False)


def test_what_cannot_be_read_fails_too() -> None:
    assert not attrs.evolve(SOURCE, read=Verdict.NO).passed
