"""What `cip snapshot` does, once its options are understood: list all of it, then stream the text."""

import logging
from contextlib import AsyncExitStack
from functools import partial

from anyio import to_thread

from cip_async.cli.counters import Counters
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.interrupt import interruptible
from cip_async.cli.progress import shown
from cip_async.cli.screen import Screen
from cip_async.cli.snapshot import SnapshotOptions
from cip_async.inventory.snapshot import Snapshot
from cip_async.inventory.text import Output
from cip_async.promoter import Promoter
from cip_async.reporting.amounts import count
from cip_async.reporting.exit_code import ExitCode
from cip_async.settings import Settings

log = logging.getLogger(__name__)


def snapshot(options: SnapshotOptions) -> ExitCode:
    """List, and write what was found to stdout; return what to exit with.

    Raises:
        CipError: something could not be listed, and nothing was written to stdout.
    """
    screen = options.telling.screen()
    return run_in_event_loop(partial(_snapshot, options, screen))


async def _snapshot(options: SnapshotOptions, screen: Screen) -> ExitCode:
    counters = Counters()
    connection = options.connection
    promoter = Promoter(
        settings=Settings(threads=connection.threads),
        endpoints=connection.endpoints,
        strategies=connection.strategies,
        ca_cert=connection.ca_cert,
        docker_config=connection.docker_config,
        listener=counters,
    )
    async with promoter, AsyncExitStack() as stack, interruptible(screen) as interruption:
        async with shown(counters, options.telling.progress, screen):
            taken = await stack.enter_async_context(promoter.snapshot(options.registry))
        await _write(taken, options.output, screen)
        _tell(taken, options.registry)
    return ExitCode.DONE if interruption.received is None else ExitCode(128 + interruption.received)


async def _write(taken: Snapshot, output: Output, screen: Screen) -> None:
    async for piece in taken.text(output):
        if not await to_thread.run_sync(screen.stream, piece):
            return


def _tell(taken: Snapshot, registry: str) -> None:
    counts = taken.counts
    if counts.images:
        told = (count(counts.names, "repository"), count(counts.images, "image"), count(counts.tags, "tag"))
        log.info("%s holds %s", registry, ", ".join(told))
    else:
        log.warning("%s holds no images", registry)
