"""What `cip diff` does, once its options are understood: read both sides whole, then stream what differs."""

import enum
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final, assert_never

import msgspec
from anyio import to_thread

from cip_async.cli.counters import Counters
from cip_async.cli.diff import DiffOptions
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.interrupt import interruptible
from cip_async.cli.progress import shown
from cip_async.cli.reach import reader
from cip_async.cli.screen import Screen
from cip_async.errors import FileProblem, InvalidReference, InvalidSettings
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
from cip_async.reporting.problems import input_warning_lines

log = logging.getLogger(__name__)

Opener = Callable[[Promoter], AbstractAsyncContextManager[Snapshot]]
"""Opens one side; the promoter is for asking registries."""

_FILES: Final = (".csv", ".json", ".yaml", ".yml")
"""How the names of files end; no registry is called so."""

_SIDES: Final = {Side.HERE: "a", Side.THERE: "b", Side.BOTH: "both"}


class _Kind(enum.Enum):
    """What a side can be."""

    REGISTRY = enum.auto()
    SNAPSHOT = enum.auto()
    PLAIN = enum.auto()
    THIN = enum.auto()


_MANIFESTS: Final = (_Kind.PLAIN, _Kind.THIN)


def compare(options: DiffOptions) -> ExitCode:
    """Read both sides, and write what they differ in; return what to exit with.

    Raises:
        CipError: one of them cannot be read, and nothing was written to stdout.
    """
    kinds = {name: _kind(name) for name in (options.here, options.there)}
    if options.of is not None and not any(kind in _MANIFESTS for kind in kinds.values()):
        raise InvalidSettings("--of", options.of, "promoter manifests to compare with something")
    registries = [name for name, kind in kinds.items() if kind is _Kind.REGISTRY]
    if options.service_account is not None and not registries:
        raise InvalidSettings("--service-account", options.service_account, "a registry to compare with something")
    screen = options.telling.screen()
    of = options.of or next(iter(registries), None)
    here, there = (_side(name, kinds[name], of, screen) for name in (options.here, options.there))
    accounts = {name: options.service_account for name in registries if options.service_account is not None}
    return run_in_event_loop(partial(_compare, here, there, options, accounts, screen))


async def _compare(
    here: Opener, there: Opener, options: DiffOptions, accounts: Mapping[str, str], screen: Screen
) -> ExitCode:
    counters = Counters()
    differ = False
    async with AsyncExitStack() as stack, interruptible(screen) as interruption:
        promoter = await stack.enter_async_context(reader(options.connection, counters, accounts))
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


def _kind(name: str) -> _Kind:
    """What is called `name`.

    Raises:
        FileProblem: it is the name of a file, and there is none.
        InvalidSettings: it is nothing at all.
    """
    path = Path(name)
    if path.is_dir():
        return _Kind.THIN
    if path.is_file():
        return _Kind.PLAIN if is_promoter_manifest(path) else _Kind.SNAPSHOT
    if path.suffix in _FILES:
        raise FileProblem(name, "does not exist")
    try:
        parse_registry_path(name)
    except InvalidReference as error:
        expected = "a registry, such as us.gcr.io/my-project, or a file or folder that exists"
        raise InvalidSettings("what is compared", name, expected) from error
    return _Kind.REGISTRY


def _side(name: str, kind: _Kind, of: str | None, screen: Screen) -> Opener:
    """How to open what is called `name`; promoter manifests are looked at in the registry `of`."""
    path = Path(name)
    match kind:
        case _Kind.REGISTRY:
            return lambda promoter: promoter.snapshot(name)
        case _Kind.SNAPSHOT:
            return lambda _: file_snapshot(path)
        case _Kind.PLAIN:
            return partial(_wanted, partial(load_manifests, manifest=path), _of(name, of), screen)
        case _Kind.THIN:
            return partial(_wanted, partial(load_manifests, thin_manifest_dir=path), _of(name, of), screen)
        case _:
            assert_never(kind)


def _of(name: str, registry: str | None) -> RegistryPath:
    if registry is None:
        raise InvalidSettings("--of", None, f"a registry in which what {name} wants is looked at")
    return parse_registry_path(registry)


@asynccontextmanager
async def _wanted(
    load: Callable[[], PromoterManifests], path: RegistryPath, screen: Screen, _: Promoter
) -> AsyncIterator[Snapshot]:
    manifests = await to_thread.run_sync(load)
    screen.notes(input_warning_lines(manifests.warnings))
    async with wanted_snapshot(manifests, path) as snapshot:
        yield snapshot


def _json(difference: Difference) -> str:
    told = {
        "side": _SIDES[difference.side],
        "name": difference.name,
        "tag": difference.tag,
        "digest": difference.digest,
    }
    return msgspec.json.encode(told | ({"other": difference.other} if difference.other else {})).decode()
