"""The report of a run that never came to a plan."""

import json

from cip_async.model.report import Ending
from cip_async.reference import ImageName
from cip_async.reporting.exit_code import ExitCode, exit_code
from cip_async.reporting.json_report import json_document
from cip_async.reporting.refused import refused
from cip_async.reporting.text import summary
from tests.unit.reporting.samples import MALFORMED, US, overlap


def test_it_tells_what_is_wrong_and_that_nothing_was_written() -> None:
    twice = overlap("v1", US.repository(ImageName("foo")))
    report = refused((MALFORMED, twice), dry_run=False, quarantine=True, started_at=1_700_000_000.0, seconds=0.5)
    assert report.ending is Ending.CONFLICT
    assert exit_code(report) is ExitCode.WRONG
    told = json.loads("".join(json_document(report, exit_code=1, version="1")))
    assert [problem["message"] for problem in told["invalid"]] == [MALFORMED.message]
    assert [each["tag"] for each in told["overlaps"]] == ["v1"]
    assert (told["edges"], told["pairs"], told["ledger"]) == ([], [], [])
    assert next(iter(summary(report, ExitCode.WRONG))).startswith("Nothing was written")
