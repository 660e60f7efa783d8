"""What `cip snapshot` does, once its options are understood: list all of it, then stream the text."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from anyio import to_thread

from cip_async.cli.counters import Counters
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.interrupt import interruptible
from cip_async.cli.progress import shown
from cip_async.cli.reach import reader
from cip_async.cli.screen import Screen
from cip_async.cli.snapshot import SnapshotOptions
from cip_async.events import Listener
from cip_async.inventory.counts import Counts
from cip_async.inventory.selection import Selection
from cip_async.inventory.snapshot import Snapshot
from cip_async.inventory.text import Output
from cip_async.inventory.wanted import wanted_snapshot
from cip_async.manifests.tree import load_manifests
from cip_async.reference import parse_registry_path
from cip_async.reporting.amounts import count
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.problems import input_warning_lines

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
    async with AsyncExitStack() as stack, interruptible(screen) as interruption:
        async with shown(counters, options.telling.progress, screen):
            taken = await stack.enter_async_context(_taken(options, counters, screen))
        if options.count:
            screen.result(_counted(taken.counts, options.output))
        else:
            await _write(taken, options.output, screen)
            _tell(taken, options)
    return ExitCode.DONE if interruption.received is None else ExitCode(128 + interruption.received)


@asynccontextmanager
async def _taken(options: SnapshotOptions, listener: Listener, screen: Screen) -> AsyncIterator[Snapshot]:
    if options.manifest or options.thin_manifest_dir:
        load = partial(load_manifests, manifest=options.manifest, thin_manifest_dir=options.thin_manifest_dir)
        manifests = await to_thread.run_sync(load)
        screen.notes(input_warning_lines(manifests.warnings))
        async with wanted_snapshot(manifests, parse_registry_path(options.registry)) as taken:
            yield taken
    else:
        selection = Selection(minimal=options.minimal, tag=options.tag)
        accounts = {options.registry: options.service_account} if options.service_account else {}
        async with (
            reader(options.connection, listener, accounts) as promoter,
            promoter.snapshot(options.registry, selection=selection) as taken,
        ):
            yield taken


async def _write(taken: Snapshot, output: Output, screen: Screen) -> None:
    async for piece in taken.text(output):
        if not await to_thread.run_sync(screen.stream, piece):
            return


def _tell(taken: Snapshot, options: SnapshotOptions) -> None:
    counts = taken.counts
    verb = "is to hold" if options.manifest or options.thin_manifest_dir else "holds"
    if counts.images:
        told = (count(counts.names, "repository"), count(counts.images, "image"), count(counts.tags, "tag"))
        log.info("%s %s %s", options.registry, verb, ", ".join(told))
    else:
        tagged = f" with the tag {options.tag}" if options.tag else ""
        log.warning("%s %s no images%s", options.registry, verb, tagged)
    if taken.base != parse_registry_path(options.registry):
        log.info("%s is an image itself: names are those below %s", options.registry, taken.base)


def _counted(counts: Counts, output: Output) -> str:
    numbers = {"name": counts.names, "digest": counts.digests, "tag": counts.tags, "row": counts.rows}
    if output is Output.JSON:
        return json.dumps({f"{noun}s": number for noun, number in numbers.items()})
    return ", ".join(count(number, noun) for noun, number in numbers.items())
