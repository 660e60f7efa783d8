"""What the auditor can tell while it serves; the log and the metrics are made from it."""

from collections.abc import Callable

import attrs

from cip_async.audit.decide import Verdict
from cip_async.audit.messages import Delivery
from cip_async.reference import Repository


@attrs.frozen(kw_only=True)
class Audited:
    """An event has its verdict. `revision` is that of the manifests, `trace` the id of the request's trace."""

    delivery: Delivery
    verdict: Verdict
    revision: str
    trace: str


@attrs.frozen(kw_only=True)
class Deferred:
    """An event cannot be judged now, and will be delivered again."""

    message_id: str
    reason: str
    trace: str


@attrs.frozen(kw_only=True)
class Duplicated:
    """A message came again that has its verdict already."""

    message_id: str


@attrs.frozen(kw_only=True)
class PushRefused:
    """A request did not prove that it comes from the push subscription."""

    reason: str


@attrs.frozen(kw_only=True)
class ManifestsRead:
    """Promoter manifests were read: how many repositories are destinations, and how many digests are wanted."""

    revision: str
    destinations: int
    digests: int


@attrs.frozen(kw_only=True)
class ManifestsChecked:
    """Promoter manifests are still what they were."""

    revision: str


@attrs.frozen(kw_only=True)
class ManifestsFailed:
    """Promoter manifests could not be read, or are invalid; those read before are kept."""

    reason: str


@attrs.frozen(kw_only=True)
class SourceRead:
    """Indexes of a source were read: how many documents it took, and how many children they have."""

    source: Repository
    documents: int
    children: int


@attrs.frozen(kw_only=True)
class SourceFailed:
    """A document of a source could not be read."""

    source: Repository
    reason: str


@attrs.frozen(kw_only=True)
class Heartbeat:
    """The auditor is alive. `verified` and `rejected` count since it started; `manifests_age_s` is None without any."""

    verified: int
    rejected: int
    deferred: int
    revision: str
    manifests_age_s: float | None


Happening = (
    Audited
    | Deferred
    | Duplicated
    | PushRefused
    | ManifestsRead
    | ManifestsChecked
    | ManifestsFailed
    | SourceRead
    | SourceFailed
    | Heartbeat
)
Tell = Callable[[Happening], None]
"""Hears of each happening, in the event loop: it must not block."""
