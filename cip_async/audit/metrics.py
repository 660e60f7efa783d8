"""The metrics of the auditor as Prometheus reads them; pure.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from collections.abc import Mapping
from typing import Final

from cip_async.audit.decide import Finding
from cip_async.audit.tally import Tally

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def metrics(tally: Tally, *, manifests_age_s: float | None, is_failing: bool) -> str:
    """All metrics; `manifests_age_s` is None while there are no manifests, `is_failing` if the last refresh did."""
    return "".join(
        (
            _metric(
                "events_total",
                "counter",
                "Registry events by verdict.",
                {f'{{verdict="{finding.value}"}}': tally.findings[finding] for finding in Finding},
            ),
            _metric("deferred_total", "counter", "Deliveries that could not be judged yet.", {"": tally.deferred}),
            _metric("duplicates_total", "counter", "Deliveries of messages judged before.", {"": tally.duplicates}),
            _metric("refused_total", "counter", "Requests without a valid push token.", {"": tally.refused}),
            _metric(
                "manifest_refreshes_total",
                "counter",
                "Looks at the promoter manifests by result.",
                {'{result="good"}': tally.refreshes, '{result="failed"}': tally.refreshes_failed},
            ),
            _metric("manifests_failing", "gauge", "Whether the last look failed.", {"": int(is_failing)}),
            _metric(
                "manifests_age_seconds",
                "gauge",
                "Time since the last good look at the promoter manifests.",
                {} if manifests_age_s is None else {"": round(manifests_age_s, 3)},
            ),
            _metric("wanted_digests", "gauge", "Digests that promoter manifests want.", {"": tally.digests}),
            _metric("destinations", "gauge", "Repositories that are destinations.", {"": tally.destinations}),
            _metric(
                "source_documents_read_total", "counter", "Documents read from sources.", {"": tally.documents_read}
            ),
            _metric("source_failures_total", "counter", "Failures to read a source.", {"": tally.sources_failed}),
        )
    )


def _metric(name: str, kind: str, meaning: str, values: Mapping[str, float]) -> str:
    full = f"cip_audit_{name}"
    lines = (f"{full}{labels} {value}\n" for labels, value in values.items())
    return f"# HELP {full} {meaning}\n# TYPE {full} {kind}\n{''.join(lines)}"
