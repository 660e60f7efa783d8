"""Happenings as the JSON objects that Cloud Logging and Error Reporting read from a service's stdout; pure.

Cloud Logging: https://cloud.google.com/logging/docs/structured-logging. Error Reporting takes an entry whose `@type` is
that of a reported error: https://cloud.google.com/error-reporting/docs/formatting-error-messages
"""

from collections.abc import Mapping
from typing import Any, Final, assert_never

import attrs

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
from cip_async.audit.messages import RegistryEvent
from cip_async.reporting.printable import printable

_REPORTED_ERROR: Final = "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent"

Entry = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class CloudLog:
    """Makes entries for a service of this name and version; `project` is where its traces are, if anywhere."""

    service: str
    version: str
    project: str | None = None

    def entry(self, happening: Happening) -> Entry:
        """The entry of one happening, without its time."""
        match happening:
            case Audited():
                return self._audited(happening)
            case Deferred():
                message = f"put off: {happening.reason}"
                told = {"message_id": happening.message_id, **self._trace(happening.trace)}
                return _entry("WARNING", message, told)
            case Duplicated():
                return _entry("DEBUG", "judged before", {"message_id": happening.message_id})
            case PushRefused():
                return _entry("WARNING", f"refused a request: {happening.reason}")
            case ManifestsRead(revision=revision, destinations=destinations, digests=digests):
                message = f"read promoter manifests: {digests} digests for {destinations} repositories"
                return _entry("INFO", message, {"revision": revision})
            case ManifestsChecked(revision=revision):
                return _entry("DEBUG", "promoter manifests have not changed", {"revision": revision})
            case ManifestsFailed(reason=reason):
                message = f"promoter manifests cannot be refreshed: {reason}"
                return _entry("ERROR", message, self._reported("manifests-failed"))
            case SourceRead(source=source, documents=documents, children=children):
                message = f"read {documents} documents of {source}, which name {children} others"
                return _entry("INFO", message)
            case SourceFailed(source=source, reason=reason):
                return _entry("WARNING", f"cannot read {source}: {reason}")
            case Heartbeat():
                return _entry("INFO", "alive", attrs.asdict(happening))
            case _:
                assert_never(happening)

    def _audited(self, audited: Audited) -> Entry:
        verdict, content = audited.verdict, audited.delivery.content
        told: dict[str, Any] = {
            "verdict": verdict.finding.value,
            "message_id": audited.delivery.message_id,
            "revision": audited.revision,
            **self._trace(audited.trace),
        }
        subject = "a message"
        if isinstance(content, RegistryEvent):
            subject = str(content)
            told |= {
                "action": content.action.value,
                "repository": str(content.repository),
                "digest": content.digest,
                "tag": content.tag,
            }
        if not verdict.finding.is_rejection:
            return _entry("INFO", f"verified {subject}: {verdict.reason}", told)
        reported = self._reported(verdict.finding.value)
        return _entry("ERROR", f"rejected {subject}: {verdict.reason}", {**told, **reported})

    def _reported(self, kind: str) -> Entry:
        """What makes an entry an error that Error Reporting shows, with others of its kind."""
        return {
            "@type": _REPORTED_ERROR,
            "serviceContext": {"service": self.service, "version": self.version},
            "context": {"reportLocation": {"filePath": "cip-auditor", "lineNumber": 1, "functionName": kind}},
        }

    def _trace(self, trace: str) -> Entry:
        """What joins an entry to the log of its request."""
        if not trace or not self.project:
            return {}
        return {"logging.googleapis.com/trace": f"projects/{self.project}/traces/{trace}"}


def _entry(severity: str, message: str, told: Entry | None = None) -> Entry:
    return {"severity": severity, "message": printable(message), **(told or {})}
