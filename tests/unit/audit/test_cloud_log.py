"""Entries have the shape that Cloud Logging and Error Reporting read."""

import json

import pytest

from cip_async.audit.cloud_log import CloudLog
from cip_async.audit.decide import Finding, Verdict
from cip_async.audit.happenings import (
    Audited,
    Deferred,
    Duplicated,
    Happening,
    Heartbeat,
    ManifestsChecked,
    ManifestsFailed,
    ManifestsRead,
    PushRefused,
    SourceFailed,
    SourceRead,
)
from cip_async.audit.messages import Delivery, Malformed, delivery
from cip_async.reference import parse_repository
from tests.unit.audit.pushes import push

SHA = "sha256:" + "ab" * 32
APP = "us.gcr.io/prod/app"
LOG = CloudLog(service="auditor", version="1.2.3", project="my-project")
SOURCE = parse_repository("gcr.io/staging/app")
REPORTED = "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent"


def audited(finding: Finding, *, content: Delivery | None = None, trace: str = "") -> Audited:
    event = {"action": "INSERT", "digest": f"{APP}@{SHA}", "tag": f"{APP}:v1"}
    return Audited(
        delivery=content or delivery(push(event, message_id="7")),
        verdict=Verdict(finding=finding, reason="so it is"),
        revision="c0ffee",
        trace=trace,
    )


def test_a_rejection_is_an_error_that_error_reporting_takes() -> None:
    assert LOG.entry(audited(Finding.NOT_WANTED, trace="ab" * 16)) == {
        "severity": "ERROR",
        "message": f"rejected INSERT {APP}:v1@{SHA}: so it is",
        "verdict": "not-wanted",
        "message_id": "7",
        "revision": "c0ffee",
        "logging.googleapis.com/trace": f"projects/my-project/traces/{'ab' * 16}",
        "action": "INSERT",
        "repository": APP,
        "digest": SHA,
        "tag": "v1",
        "@type": REPORTED,
        "serviceContext": {"service": "auditor", "version": "1.2.3"},
        "context": {"reportLocation": {"filePath": "cip-auditor", "lineNumber": 1, "functionName": "not-wanted"}},
    }


def test_what_is_verified_is_no_error() -> None:
    entry = LOG.entry(audited(Finding.VERIFIED))
    assert entry["severity"] == "INFO"
    assert entry["message"] == f"verified INSERT {APP}:v1@{SHA}: so it is"
    assert not entry.keys() & {"@type", "context", "serviceContext", "logging.googleapis.com/trace"}


def test_a_malformed_message_is_told_without_the_parts_it_does_not_have() -> None:
    entry = LOG.entry(audited(Finding.MALFORMED, content=Delivery(content=Malformed(reason="odd"))))
    assert entry["message"] == "rejected a message: so it is"
    assert "repository" not in entry


def test_there_is_no_trace_without_a_project() -> None:
    log = CloudLog(service="auditor", version="1")
    assert "logging.googleapis.com/trace" not in log.entry(audited(Finding.VERIFIED, trace="ab" * 16))


@pytest.mark.parametrize(
    ("happening", "severity", "message"),
    [
        (Deferred(message_id="7", reason="it is down", trace=""), "WARNING", "put off: it is down"),
        (Duplicated(message_id="7"), "DEBUG", "judged before"),
        (PushRefused(reason="no token"), "WARNING", "refused a request: no token"),
        (
            ManifestsRead(revision="c0ffee", destinations=2, digests=3),
            "INFO",
            "read promoter manifests: 3 digests for 2 repositories",
        ),
        (ManifestsChecked(revision="c0ffee"), "DEBUG", "promoter manifests have not changed"),
        (ManifestsFailed(reason="no\nbranch"), "ERROR", r"promoter manifests cannot be refreshed: no\nbranch"),
        (
            SourceRead(source=SOURCE, documents=2, children=4),
            "INFO",
            "read 2 documents of gcr.io/staging/app, which name 4 others",
        ),
        (SourceFailed(source=SOURCE, reason="\x1b[31m"), "WARNING", r"cannot read gcr.io/staging/app: \x1b[31m"),
        (Heartbeat(verified=1, rejected=2, deferred=3, revision="", manifests_age_s=None), "INFO", "alive"),
    ],
)
def test_everything_else_is_told_on_one_line(happening: Happening, severity: str, message: str) -> None:
    entry = LOG.entry(happening)
    assert (entry["severity"], entry["message"]) == (severity, message)
    assert "\n" not in json.dumps(entry)


def test_a_heartbeat_tells_how_it_goes() -> None:
    beat = Heartbeat(verified=1, rejected=2, deferred=3, revision="c0ffee", manifests_age_s=4.5)
    assert (
        LOG.entry(beat).items() >= {"verified": 1, "rejected": 2, "revision": "c0ffee", "manifests_age_s": 4.5}.items()
    )


def test_manifests_that_cannot_be_refreshed_are_reported_as_an_error_of_their_own_kind() -> None:
    entry = LOG.entry(ManifestsFailed(reason="gone"))
    assert entry["@type"] == REPORTED
    assert entry["context"]["reportLocation"]["functionName"] == "manifests-failed"
