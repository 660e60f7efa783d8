"""What `cip diff` does, once its options are understood: read both sides whole, then stream what differs."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from anyio import to_thread

from cip_async.cli.counters import Counters
from cip_async.cli.diff import DiffOptions
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.interrupt import interruptible
from cip_async.cli.progress import shown
from cip_async.cli.reach import reader
from cip_async.cli.screen import Screen
from cip_async.errors import InvalidReference, InvalidSettings
from cip_async.inventory.difference import Difference, Side, differences
from cip_async.inventory.reading import file_snapshot, is_promoter_manifest
from cip_async.inventory.snapshot import Snapshot
from cip_async.inventory.wanted import wanted_snapshot
from cip_async.manifests.tree import load_manifests
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.promoter import Promoter
from cip_async.reference import RegistryPath, parse_registry_path
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.printable import printable

log = logging.getLogger(__name__)

Opener = Callable[[Promoter], AbstractAsyncContextManager[Snapshot]]
"""Opens one side; the promoter is for asking registries."""

_SIDES: Final = {Side.HERE: "a", Side.THERE: "b", Side.BOTH: "both"}


def compare(options: DiffOptions) -> ExitCode:
    """Read both sides, and write what they differ in; return what to exit with.

    Raises:
        CipError: one of them cannot be read, and nothing was written to stdout.
    """
    here = _side(options.here, options.of or options.there)
    there = _side(options.there, options.of or options.here)
    return run_in_event_loop(partial(_compare, here, there, options, options.telling.screen()))


async def _compare(here: Opener, there: Opener, options: DiffOptions, screen: Screen) -> ExitCode:
    counters = Counters()
    differ = False
    async with AsyncExitStack() as stack, interruptible(screen) as interruption:
        promoter = await stack.enter_async_context(reader(options.connection, counters))
        async with shown(counters, options.telling.progress, screen):
            first = await stack.enter_async_context(here(promoter))
            second = await stack.enter_async_context(there(promoter))
        for name, side in ((options.here, first), (options.there, second)):
            if not side.tells_untagged:
                log.warning("%s lists tags alone: images without a tag are not compared", name)
        async for difference in differences(first, second):
            differ = True
            line = _json(difference) if options.json else printable(str(difference))
            if not await to_thread.run_sync(screen.stream, f"{line}\n"):
                break
    if interruption.received is not None:
        return ExitCode(128 + interruption.received)
    return ExitCode.WRONG if differ else ExitCode.DONE


def _side(name: str, registry: str) -> Opener:
    """How to open what is called `name`; promoter manifests are looked at in `registry`."""
    path = Path(name)
    if path.is_dir():
        return partial(_wanted, partial(load_manifests, thin_manifest_dir=path), _of(name, registry))
    if path.is_file() and is_promoter_manifest(path):
        return partial(_wanted, partial(load_manifests, manifest=path), _of(name, registry))
    if path.is_file():
        return lambda _: file_snapshot(path)
    parse_registry_path(name)
    return lambda promoter: promoter.snapshot(name)


def _of(name: str, registry: str) -> RegistryPath:
    try:
        return parse_registry_path(registry)
    except InvalidReference as error:
        raise InvalidSettings("--of", None, f"a registry in which what {name} wants is looked at") from error


@asynccontextmanager
async def _wanted(load: Callable[[], PromoterManifests], path: RegistryPath, _: Promoter) -> AsyncIterator[Snapshot]:
    async with wanted_snapshot(await to_thread.run_sync(load), path) as snapshot:
        yield snapshot


def _json(difference: Difference) -> str:
    told = {
        "side": _SIDES[difference.side],
        "name": difference.name,
        "tag": difference.tag,
        "digest": difference.digest,
    }
    return msgspec.json.encode(told | ({"other": difference.other} if difference.other else {})).decode()
