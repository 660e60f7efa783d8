"""How many requests a host takes: reads and writes apart, as Google counts them; pure, on the caller's clock.

cloud.google.com/artifact-registry/quotas: every request counts, token requests included. Registries count in two ways:
most fill a bucket as time goes by; Google grants so many in each minute of the clock, and whoever has used them up
waits for the next (cloud.google.com/compute/api-quota tells how).
"""

import math
from email.utils import formatdate
from typing import Literal

import attrs

from cip_async.fake_registry.calls import Call
from cip_async.fake_registry.refusal import refusal


@attrs.define
class Bucket:
    """Holds up to `burst` requests and gains `per_second`; it begins full."""

    per_second: float = attrs.field(validator=attrs.validators.gt(0))
    burst: float = attrs.field(validator=attrs.validators.ge(1))
    _level: float = attrs.field(init=False, default=math.inf)
    _at_s: float = attrs.field(init=False, default=0.0)

    def take(self, now_s: float) -> float:
        """Take one request out: 0 if that went well, otherwise the seconds until it will."""
        gained = max(0.0, now_s - self._at_s) * self.per_second
        self._level = min(self.burst, self._level + gained)
        self._at_s = now_s
        if self._level < 1:
            return (1 - self._level) / self.per_second
        self._level -= 1
        return 0.0


@attrs.define
class Window:
    """Grants so many `requests` in each span of so many `seconds` of the clock, all at once if they come so."""

    requests: int = attrs.field(validator=attrs.validators.ge(1))
    seconds: float = attrs.field(default=60.0, validator=attrs.validators.gt(0))
    _span: float = attrs.field(init=False, default=-math.inf)
    _taken: int = attrs.field(init=False, default=0)

    def take(self, now_s: float) -> float:
        """Take one request out: 0 if that went well, otherwise the seconds until it will."""
        span = now_s // self.seconds
        if span > self._span:
            self._span, self._taken = span, 0
        if self._taken >= self.requests:
            return (self._span + 1) * self.seconds - now_s
        self._taken += 1
        return 0.0


@attrs.define(kw_only=True)
class Quotas:
    """What a host grants. None is without limit; `retry_after` says how a refusal names the time to wait."""

    reads: Bucket | Window | None = None
    writes: Bucket | Window | None = None
    retry_after: Literal["seconds", "date", "no"] = "seconds"

    def check(self, call: Call, now_s: float) -> None:
        """Count one request.

        Raises:
            Refusal: the quota is used up.
        """
        bucket, kind = (self.writes, "write") if call.is_write else (self.reads, "read")
        wait_s = bucket.take(now_s) if bucket is not None else 0.0
        if wait_s:
            message = f"Quota exceeded for quota metric '{kind} requests'"
            raise refusal(429, "TOOMANYREQUESTS", message, headers=self._headers(wait_s, now_s))

    def _headers(self, wait_s: float, now_s: float) -> dict[str, str]:
        match self.retry_after:
            case "seconds":
                return {"Retry-After": str(math.ceil(wait_s))}
            case "date":
                return {"Retry-After": formatdate(math.ceil(now_s + wait_s), usegmt=True)}
            case "no":
                return {}
