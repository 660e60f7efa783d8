"""The listener that logs a run: what changed and what failed, not what stayed as it was."""

import logging

from cip_async.events import (
    BlobPlaced,
    DamageFound,
    Event,
    HostFailing,
    HostPaused,
    ImageFailed,
    ImageLost,
    ImagePlaced,
    ImageRepaired,
    ImagesVerified,
    ListingFailed,
    ListingTrusted,
    PairPlanned,
    RepositoryListed,
    RequestDone,
)

log = logging.getLogger(__name__)


def log_event(event: Event, /) -> None:
    """Write a line about `event`, if it is worth one."""
    match event:
        case RequestDone() | BlobPlaced():
            return  # by far the most
        case ImagePlaced():
            log.info("promoted %s@%s%s", event.destination, event.digest, _with(event.tags))
        case ImageFailed():
            log.error("failed %s@%s%s: %s", event.destination, event.digest, _with(event.tags), event.reason)
        case ImageLost():
            log.warning("lost %s@%s: the source does not hold it", event.source, event.digest)
        case ListingFailed():
            log.error("cannot list %s: %s", event.repository, event.reason)
        case ImageRepaired():
            log.info("repaired %s@%s", event.destination, event.digest)
        case HostPaused():
            log.info("%s asks for a pause of %.1f s", event.host, event.pause_s)
        case HostFailing():
            log.warning("%s fails, and is tried again: %s", event.host, event.reason)
        case _:
            _log_detail(event)


def _log_detail(event: Event) -> None:
    """Write a line about an event that says what was asked, and of nothing that has changed."""
    match event:
        case RepositoryListed():
            log.debug("listed %s: %d digests, %d tags", event.repository, event.digests, event.tags)
        case DamageFound():
            log.debug("damaged %s: %s: %s", event.repository, event.piece, event.reason)
        case ImagesVerified():
            log.debug("verified %s: %d images", event.repository, event.images)
        case ListingTrusted():
            log.debug("not listed %s: the inventory of %.0f s ago is trusted", event.repository, event.age_s)
        case PairPlanned() if event.promote or event.setbacks:
            log.debug(
                "planned %s: %d edges to promote, %d promoted already, %d set aside",
                event.destination,
                event.promote,
                event.already_promoted,
                event.setbacks,
            )
        case _:
            return


def _with(tags: tuple[str, ...]) -> str:
    return f" as {', '.join(tags)}" if tags else ""
