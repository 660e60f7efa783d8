"""What `cip manifest add` does, once its options are understood: read the staging registry, then change one file."""

import logging
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from difflib import unified_diff
from functools import partial
from pathlib import Path

from anyio import to_thread

from cip_async.cli.counters import Counters
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.interrupt import interruptible
from cip_async.cli.manifest import AddOptions
from cip_async.cli.manifest_files import content_of, rewrite
from cip_async.cli.progress import shown
from cip_async.cli.reach import reader
from cip_async.cli.screen import Screen
from cip_async.events import Listener
from cip_async.inventory.releases import Filter, releases
from cip_async.manifests.edit import Additions, with_images
from cip_async.manifests.staged import images_file_of
from cip_async.reference import Digest, ImageName, Tag
from cip_async.reporting.amounts import count
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.printable import printable

log = logging.getLogger(__name__)


def add(options: AddOptions) -> ExitCode:
    """Add what is asked for, and show what changed; return what to exit with.

    Raises:
        CipError: the registry or the promoter manifests cannot be read or are wrong; no file was changed.
    """
    screen = options.telling.screen()
    return run_in_event_loop(partial(_add, options, screen))


async def _add(options: AddOptions, screen: Screen) -> ExitCode:
    await to_thread.run_sync(images_file_of, options.base_dir, options.staging)
    counters = Counters()
    found: Additions = {}
    async with interruptible(screen) as interruption, shown(counters, options.telling.progress, screen):
        found = await _found(options, counters)
    if interruption.received is not None:
        return ExitCode(128 + interruption.received)
    if not found:
        screen.note(f"nothing was added: {options.staging} holds no image that matches")
        return ExitCode.WRONG
    return await to_thread.run_sync(_change, options, found, screen)


async def _found(options: AddOptions, listener: Listener) -> Additions:
    wish = Filter(image=options.image, digest=options.digest, tag=options.tag, children=options.children)
    additions: dict[ImageName, Mapping[Digest, AbstractSet[Tag]]] = {}
    children = 0
    accounts = {str(options.staging): options.service_account} if options.service_account else {}
    async with (
        reader(options.connection, listener, accounts) as promoter,
        promoter.snapshot(str(options.staging)) as taken,
    ):
        async for each in releases(taken, options.staging, wish, promoter.document):
            children += each.children
            if each.digests:
                additions[each.name] = each.digests
    if children:
        log.info("left out %s that an index refers to (--children adds them too)", count(children, "tagged image"))
    return additions


def _change(options: AddOptions, found: Additions, screen: Screen) -> ExitCode:
    path = images_file_of(options.base_dir, options.staging)
    before = content_of(path)
    after = with_images(before, str(path), found)
    screen.results(_diff(path, before, after))
    if after == before:
        log.info("%s has all of it already: %s", path, count(sum(map(len, found.values())), "image"))
    elif options.dry_run:
        log.info("%s was not changed: this is a dry run", path)
    else:
        rewrite(path, after)
        log.info("%s was changed", path)
    return ExitCode.DONE


def _diff(path: Path, before: bytes, after: bytes) -> Iterator[str]:
    old, new = (content.decode().removeprefix("\ufeff").splitlines() for content in (before, after))
    for line in unified_diff(old, new, fromfile=str(path), tofile=str(path), lineterm=""):
        yield printable(line)
