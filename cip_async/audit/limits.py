"""Limits and intervals of the auditor: each with its unit and its reason."""

import math
from typing import Any, Final

import attrs

from cip_async.errors import InvalidSettings
from cip_async.settings import KIB, Retries

RETRIES: Final = Retries(request_s=15.0, longest_delay_s=5.0, host_silence_s=math.inf)
"""Of reads from a source: an event waits for them, and a host is never given up for good by a service."""


def _not_negative(instance: object, attribute: "attrs.Attribute[Any]", value: float) -> None:
    del instance
    if not value >= 0:
        raise InvalidSettings(attribute.name, value, "at least 0")


def _positive(instance: object, attribute: "attrs.Attribute[Any]", value: float) -> None:
    del instance
    if not value > 0:
        raise InvalidSettings(attribute.name, value, "more than 0")


@attrs.frozen(kw_only=True)
class AuditLimits:
    """How long the auditor waits for what, and how much it keeps. Times are in seconds."""

    body_bytes: int = attrs.field(default=64 * KIB, validator=_positive)
    """Of one push request; those of registries have about 1 KiB."""
    request_s: float = attrs.field(default=50.0, validator=_positive)
    """For one push request with all it waits for. A subscription should wait a little longer (`--ack-deadline`)."""
    poll_s: float = attrs.field(default=300.0, validator=_positive)
    """Between two looks at the promoter manifests when nobody asks for newer ones."""
    refresh_pause_s: float = attrs.field(default=1.0, validator=_not_negative)
    """Between the beginnings of two refreshes, at least, however many events ask for newer manifests. An event that
    nobody wants waits for one, so this bounds how many of those are judged; where nothing changed, one call of git is
    all that a refresh takes."""
    git_s: float = attrs.field(default=120.0, validator=_positive)
    """For one call of git. A shallow clone of a large repository takes some 10 s."""
    patience_s: float = attrs.field(default=600.0, validator=_not_negative)
    """How long an event is put off while manifests as new as it cannot be read; then those at hand decide."""
    messages: int = attrs.field(default=100_000, validator=_positive)
    """Messages that are remembered, to drop duplicates; about 10 MB."""
    children: int = attrs.field(default=200_000, validator=_positive)
    """Digests of indexes and their children that are remembered; about 30 MB."""
    absent_s: float = attrs.field(default=300.0, validator=_not_negative)
    """How long it is remembered that a source does not hold a wanted digest, or holds what cannot be read."""
    failure_pause_s: float = attrs.field(default=5.0, validator=_not_negative)
    """How long a source that failed is left alone."""
    reads_at_once: int = attrs.field(default=16, validator=_positive)
    """Documents that are read from one source repository side by side."""
    heartbeat_s: float = attrs.field(default=60.0, validator=_positive)
    """Between two heartbeats in the log."""
    stop_s: float = attrs.field(default=8.0, validator=_not_negative)
    """For requests in flight when the service stops; Cloud Run grants 10 s."""
