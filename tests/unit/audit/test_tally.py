"""Everything that is told is counted, and shown as Prometheus reads it."""

import re

import pytest

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
from cip_async.audit.messages import Delivery, Malformed
from cip_async.audit.metrics import metrics
from cip_async.audit.tally import Tally
from cip_async.reference import parse_repository

SOURCE = parse_repository("gcr.io/staging/app")


def audited(finding: Finding) -> Audited:
    return Audited(
        delivery=Delivery(content=Malformed(reason="")),
        verdict=Verdict(finding=finding, reason=""),
        revision="",
        trace="",
    )


def values(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"^(cip_audit_\S+) (\S+)$", text, re.MULTILINE)}


def test_verdicts_are_counted_by_kind() -> None:
    tally = Tally()
    for finding in (*Finding, Finding.DELETION):
        tally(audited(finding))
    assert (tally.verified, tally.rejected) == (2, 5)
    told = values(metrics(tally, manifests_age_s=None, is_failing=False))
    assert {name: value for name, value in told.items() if "events_total" in name} == {
        f'cip_audit_events_total{{verdict="{finding.value}"}}': 1 + (finding is Finding.DELETION) for finding in Finding
    }


@pytest.mark.parametrize(
    ("happening", "changed"),
    [
        (Deferred(message_id="", reason="", trace=""), {"deferred_total": 1}),
        (Duplicated(message_id=""), {"duplicates_total": 1}),
        (PushRefused(reason=""), {"refused_total": 1}),
        (
            ManifestsRead(revision="", destinations=3, digests=4),
            {'manifest_refreshes_total{result="good"}': 1, "destinations": 3, "wanted_digests": 4},
        ),
        (ManifestsChecked(revision=""), {'manifest_refreshes_total{result="good"}': 1}),
        (ManifestsFailed(reason=""), {'manifest_refreshes_total{result="failed"}': 1}),
        (SourceRead(source=SOURCE, documents=5, children=6), {"source_documents_read_total": 5}),
        (SourceFailed(source=SOURCE, reason=""), {"source_failures_total": 1}),
        (Heartbeat(verified=1, rejected=1, deferred=1, revision="", manifests_age_s=1.0), {}),
    ],
)
def test_each_happening_changes_its_metrics_and_no_other(happening: Happening, changed: dict[str, float]) -> None:
    tally = Tally()
    tally(happening)
    told = values(metrics(tally, manifests_age_s=None, is_failing=False))
    assert {name: value for name, value in told.items() if value} == {
        f"cip_audit_{name}": value for name, value in changed.items()
    }


def test_the_state_of_the_manifests_is_a_metric() -> None:
    good = values(metrics(Tally(), manifests_age_s=1.5, is_failing=False))
    assert (good["cip_audit_manifests_age_seconds"], good["cip_audit_manifests_failing"]) == (1.5, 0)
    bad = values(metrics(Tally(), manifests_age_s=None, is_failing=True))
    assert "cip_audit_manifests_age_seconds" not in bad
    assert bad["cip_audit_manifests_failing"] == 1


def test_every_metric_is_in_the_form_that_prometheus_reads() -> None:
    text = metrics(Tally(), manifests_age_s=0.0, is_failing=False)
    for block in text.split("# HELP ")[1:]:
        name = block.split()[0]
        kind = "counter" if name.endswith("_total") else "gauge"
        pattern = rf"{name} [^\n]+\n# TYPE {name} {kind}\n(?:{name}(?:{{\w+=\"[\w-]+\"}})? [\d.]+\n)+"
        assert re.fullmatch(pattern, block), block
