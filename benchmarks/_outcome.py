"""What a client spent, by the registries' account and by the system's."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import attrs

from benchmarks._release import Release
from benchmarks._served import Account
from benchmarks._usage import Usage
from cip_async.fake_registry.calls import CallClass
from cip_async.reference import Digest, Tag, parse_image_name


@attrs.frozen(kw_only=True)
class Outcome:
    """What one client spent, once; requests and bytes are those that the registries saw.

    `seconds` are the client's own, without its start, where it tells them.
    """

    client: str
    usage: Usage
    account: Account
    complete: bool
    """Whether every tag is where it is wanted."""
    at_once: int = 1
    """How many commands ran at the same time."""
    seconds: float | None = None

    @property
    def requests(self) -> Counter[CallClass]:
        """How many requests there were of each class."""
        return Counter(each.call_class for each in self.account.exchanges)

    @property
    def throttled(self) -> int:
        """How many of them were answered with 429."""
        return sum(each.status == 429 for each in self.account.exchanges)

    @property
    def blob_bytes(self) -> tuple[int, int]:
        """The bytes of blobs that were read, and that were sent."""
        read = sum(each.bytes_out for each in self.account.exchanges if each.call_class is CallClass.BLOB_GET)
        sent = sum(
            each.bytes_in
            for each in self.account.exchanges
            if each.call_class in (CallClass.UPLOAD, CallClass.UPLOAD_CHUNK, CallClass.UPLOAD_POST)
        )
        return read, sent


def is_complete(made: Release, account: Account) -> bool:
    """Whether every tag is where it is wanted."""
    for mirror in made.mirrors:
        for name, wanted in made.by_name.items():
            held: Mapping[Tag, Digest] = account.tags[mirror.host].get(
                mirror.repository(parse_image_name(name)).path, {}
            )
            if any(held.get(Tag(tag)) != each.image.digest for each in wanted for tag in each.tags):
                return False
    return True


def told(outcomes: list[Outcome]) -> dict[str, Any]:
    """What one client spent in one or more turns, as JSON: the least of the times, the most of the memory."""
    first, *_ = outcomes
    read, sent = first.blob_bytes
    usages = [outcome.usage for outcome in outcomes]
    result: dict[str, Any] = {
        "client": first.client,
        "at_once": first.at_once,
        "complete": all(outcome.complete for outcome in outcomes),
        "requests": dict(sorted(first.requests.items())),
        "requests_total": max(outcome.requests.total() for outcome in outcomes),
        "requests_throttled": first.throttled,
        "blob_bytes_read": read,
        "blob_bytes_sent": sent,
        "wall_seconds": round(min(usage.wall_seconds for usage in usages), 3),
        "cpu_seconds": round(min(usage.cpu_seconds for usage in usages), 3),
        "peak_bytes": max(usage.peak_bytes for usage in usages),
        "registry_cpu_seconds": round(min(outcome.account.cpu_seconds for outcome in outcomes), 3),
        "turns": [
            {"wall_seconds": round(usage.wall_seconds, 3), "cpu_seconds": round(usage.cpu_seconds, 3)}
            for usage in usages
        ],
    }
    seconds = [outcome.seconds for outcome in outcomes if outcome.seconds is not None]
    if seconds:
        result["requests_per_second"] = round(first.requests.total() / min(seconds), 1)
    failures = [failure for usage in usages for failure in usage.failures]
    if failures:
        result["failure"] = failures[0].partition(":")[0]  # what a tool says may hold paths of this machine
    return result
