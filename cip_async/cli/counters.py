"""What a progress display shows of a run: counts, kept by listening."""

import attrs

from cip_async.events import (
    BlobPlaced,
    CopyExpected,
    DamageFound,
    Event,
    HostPaused,
    ImageFailed,
    ImagePlaced,
    ImageRepaired,
    ImagesVerified,
    ListingExpected,
    ListingFailed,
    ListingTrusted,
    RepositoryListed,
    RequestDone,
    Stage,
    StageStarted,
)
from cip_async.reporting.amounts import count, size


@attrs.define
class Counters:
    """How far a run is. Bytes are those of all requests; `images` counts (digest, repository) combinations."""

    repositories: int = 0
    listed: int = 0
    images: int = 0
    placed: int = 0
    failed: int = 0
    to_verify: int = 0
    verified: int = 0
    damaged: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    requests: int = 0
    throttled: int = 0
    unanswered: int = 0
    pauses: int = 0

    def __call__(self, event: Event, /) -> None:
        """Take one event."""
        match event:
            case RequestDone():
                self.requests += 1
                self.throttled += event.status == 429
                self.unanswered += event.status == 0
                self.sent_bytes += event.sent_bytes
                self.received_bytes += event.received_bytes
            case BlobPlaced():
                return
            case RepositoryListed() | ListingTrusted():
                self.listed += 1
            case ListingFailed():
                self.listed += 1
                self.failed += 1
            case ImagePlaced() | ImageRepaired():
                self.placed += 1
            case ImageFailed():
                self.placed += 1
                self.failed += 1
            case ImagesVerified():
                self.verified += event.images
            case DamageFound():
                self.damaged += 1
            case HostPaused():
                self.pauses += 1
            case _:
                self._expect(event)

    def _expect(self, event: Event) -> None:
        """Take an event that tells of work to come."""
        match event:
            case StageStarted(stage=Stage.LIST):
                self.repositories += event.total
            case StageStarted(stage=Stage.COPY):
                self.images += event.total
            case StageStarted(stage=Stage.VERIFY):
                self.to_verify += event.total
            case ListingExpected():
                self.repositories += event.listings
            case CopyExpected():
                self.images += event.images
            case _:
                return

    def line(self, requests_per_s: float) -> str:
        """All of it in one line, at a rate that the caller measured; images only once there are any to place."""
        images = max(self.images, self.placed)
        parts = [
            f"listed {self.listed:,} of {count(max(self.repositories, self.listed), 'repository')}",
            *([f"placed {self.placed:,} of {count(images, 'image')}"] if images else []),
            *([f"verified {self.verified:,} of {count(self.to_verify, 'image')}"] if self.to_verify else []),
            *([f"{self.damaged:,} damaged"] if self.damaged else []),
            *([f"{self.failed:,} failed"] if self.failed else []),
            self.traffic(requests_per_s),
        ]
        return ", ".join(parts)

    def traffic(self, requests_per_s: float) -> str:
        """What goes over the network, in one line."""
        parts = [
            f"sent {size(self.sent_bytes)}",
            f"received {size(self.received_bytes)}",
            f"{requests_per_s:,.0f} requests/s",
            *([f"throttled {count(self.throttled, 'time')}"] if self.throttled else []),
            *([f"no answer {count(self.unanswered, 'time')}"] if self.unanswered else []),
        ]
        return ", ".join(parts)
