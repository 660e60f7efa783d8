"""What answers say of a quota: how much of it remains, and when it is renewed; pure.

Three forms are read: the fields of the IETF draft (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/),
`RateLimit: "default";r=50;t=30` and, in its version 07, `limit=100, remaining=50, reset=30`; those of its earlier
versions, `RateLimit-Remaining: 50` and `RateLimit-Reset: 30`, which GitLab sends with a time since the epoch
(https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers); and Docker Hub's
`RateLimit-Remaining: 50;w=21600`, which does not say when it is renewed and so means nothing here: its window is no
time to wait. Nor does `RateLimit-Policy`, which tells a limit and not what is left of it.
"""

import re
from collections.abc import Mapping
from typing import Final

import attrs

_LONGEST_HEADER: Final = 1_000
_EPOCH_S: Final = 1_000_000_000.0
"""A renewal further off than this, 31 years, is a time since 1970."""
_NUMBER: Final = re.compile(r"\s*([0-9]{1,12})(?:\.[0-9]{0,9})?\s*(?:[;,]|$)", re.ASCII)
_DRAFT_LEFT: Final = re.compile(r"(?:^|[;,\s])(?:r|remaining)=([0-9]{1,12})(?=[;,\s]|$)", re.ASCII)
_DRAFT_RENEWED: Final = re.compile(r"(?:^|[;,\s])(?:t|reset)=([0-9]{1,12})(?=[;,\s]|$)", re.ASCII)
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


@attrs.frozen
class Remaining:
    """So many requests are still granted before the quota is renewed, in so many seconds."""

    requests: int
    renewed_in_s: float


def remaining(headers: Mapping[str, str], now: float) -> Remaining | None:
    """What an answer says of the quota that ends first, or None where it does not say all of it.

    `now` is seconds since the epoch.
    """
    draft = headers.get("RateLimit")
    if draft is not None:
        return _tightest(draft[:_LONGEST_HEADER], now)
    if "RateLimit-Remaining" not in headers:
        return None
    requests = _NUMBER.match(headers["RateLimit-Remaining"][:_LONGEST_HEADER])
    renewed = _NUMBER.match(headers.get("RateLimit-Reset", "")[:_LONGEST_HEADER])
    return _made(requests[1], renewed[1], now) if requests and renewed else None


def _tightest(header: str, now: float) -> Remaining | None:
    text = _QUOTED.sub("", header)
    told: list[Remaining] = []
    for quota in [text] if "remaining=" in text else text.split(","):
        requests, renewed = _DRAFT_LEFT.search(quota), _DRAFT_RENEWED.search(quota)
        if requests and renewed:
            told.append(_made(requests[1], renewed[1], now))
    return min(told, key=lambda each: (each.requests, -each.renewed_in_s), default=None)


def _made(requests: str, renewed: str, now: float) -> Remaining:
    seconds = float(renewed)
    return Remaining(int(requests), max(0.0, seconds - now) if seconds >= _EPOCH_S else seconds)
