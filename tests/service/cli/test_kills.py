"""A run that is killed at any request leaves nothing wrong behind, and the next one finishes its work."""

import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, Final

import anyio
import attrs
import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.holdings import Holdings
from cip_async.fake_registry.rules import Rules
from cip_async.model.outcome import Fate
from cip_async.model.report import Report
from cip_async.promoter import Promoter
from cip_async.reference import Digest, Tag
from cip_async.reporting.edges import all_edges
from cip_async.reporting.totals import total
from cip_async.settings import Settings
from tests.kill_points import Killer, every_kill, kill_point
from tests.service.cli.conftest import CIP, endpoints
from tests.service.conftest import ServeHosts
from tests.service.staging import Staging
from tests.service.tripwire import Tripwire

pytestmark = pytest.mark.anyio


@attrs.frozen
class Kind:
    """A kind of registry: how it behaves, and hosts of that kind, of which the first has the staging registry."""

    rules: Callable[[], Rules]
    hosts: tuple[str, ...]


KINDS: Final = (
    Kind(Rules.google, ("gcr.io", "eu.gcr.io", "us.gcr.io")),
    Kind(Rules, ("staging.example", "eu.example", "us.example")),
)
DELETIONS: Final = frozenset({CallClass.MANIFEST_DELETE, CallClass.BLOB_DELETE})
BASE: Final = images.layer("a layer that all share", 200_000)
HELD: Final = images.single(seed="held", layers=[BASE])

_whole_runs: dict[Kind, int] = {}

State = Mapping[str, Mapping[str, Holdings]]


@attrs.frozen
class Scene:
    """A staging registry whose images are wanted on its own host and on two others, and what was there before."""

    staging: Staging
    before: State
    wanted: dict[str, dict[Tag, Digest]]

    async def run(self, environment: dict[str, str], after: int, *options: str) -> tuple[int, int]:
        """Let `cip` promote in a process, kill it after so many requests; return its exit code and how many it made."""
        killer = Killer()
        for host in self.staging.servers.registries.values():
            host.ledger = Tripwire(on_request=killer.count)
        command = [*CIP, "run", f"--manifest={self.staging.written()}", "--confirm", "--progress=never", *options]
        with anyio.fail_after(200):
            process = await anyio.open_process(
                [*command, *endpoints(self.staging.servers)], env=environment, stdout=DEVNULL, stderr=DEVNULL
            )
            async with process:
                killer.watch(process, after)
                return await process.wait(), killer.requests

    def broken_promises(self) -> Iterator[str]:
        """Tags before their content, or moved, and what is gone; whatever was done to the source."""
        now = state(self.staging)
        for name, host in self.staging.servers.registries.items():
            yield from (f"early tag on {name}: {write}" for write in host.store.early_tags())
            yield from (f"moved tag on {name}: {write}" for write in host.store.moved_tags())
            yield from (f"missing content on {name}: {missing}" for missing in host.store.missing_content())
            yield from (f"{each.method} {each.target}" for each in host.ledger.entries if each.call_class in DELETIONS)
            for path, held in self.before[name].items():
                if not (
                    held.tags.items() <= now[name][path].tags.items()
                    and held.manifests.items() <= now[name][path].manifests.items()
                    and held.blobs <= now[name][path].blobs
                ):
                    yield f"{name}/{path} has lost something"
        source, was = now[self.staging.source], self.before[self.staging.source]
        for path in source.keys() - {f"prod/{name}" for name in self.wanted}:
            if source[path] != was.get(path):
                yield f"{path} of the source has changed"
        written = self.staging.servers[self.staging.source].ledger.writes()
        yield from (f"{each.method} {each.target}" for each in written if each.repository.startswith("staging/"))

    def lacking(self) -> Iterator[str]:
        """What is wanted and not there."""
        for mirror in self.staging.mirrors:
            for name, digests in self.staging.wanted.items():
                held = self.staging.servers[mirror].store.repository(f"prod/{name}")
                for digest, tags in digests.items():
                    if digest not in held.manifests:
                        yield f"{mirror} {name}@{digest}"
                    yield from (f"{mirror} {name}:{tag}" for tag in tags if held.tags.get(Tag(tag)) != digest)

    def open_uploads(self) -> int:
        """How many uploads were neither ended nor given up."""
        return sum(host.store.open_uploads for host in self.staging.servers.registries.values())


def state(staging: Staging) -> State:
    """All that is anywhere."""
    return {
        name: {path: host.store.repository(path) for path in host.store.repositories()}
        for name, host in staging.servers.registries.items()
    }


async def scene(serve_hosts: ServeHosts, folder: Path, kind: Kind) -> Scene:
    """Images of all kinds, that share layers; one mirror holds some of it, and something that nobody wants."""
    servers = await serve_hosts(*kind.hosts, rules=kind.rules)
    staging = Staging(servers, folder, source=kind.hosts[0], mirrors=kind.hosts)
    for name in ("app", "tools/cli", "tools/deep/er"):
        multi = images.multi_arch(seed=f"{name} multi", shared_layers=[BASE])
        staging.push(name, multi, "v2.0", "v2", "latest")
        staging.push(name, images.single(seed=f"{name} single", layers=[BASE, images.layer(name, 70_000)]), "v1")
        staging.push(name, images.multi_arch(seed=f"{name} docker", image_format="docker"), "1.10")
        staging.push(name, images.artifact(seed=f"{name} artifact"), "sha256-signature.sig")
        staging.push(name, images.single(seed=f"{name} untagged"))
        staging.hold(kind.hosts[1], name, multi.children[0])
    staging.hold(kind.hosts[1], "app", HELD, "unwanted")
    return Scene(staging, state(staging), staging.wanted_tags())


async def requests_of_a_whole_run(
    serve_hosts: ServeHosts, folder: Path, environment: dict[str, str], kind: Kind
) -> int:
    """How many requests a run makes that nobody kills; it is made once."""
    if kind not in _whole_runs:
        code, _whole_runs[kind] = await (await scene(serve_hosts, folder, kind)).run(environment, after=0)
        assert code == 0
    return _whole_runs[kind]


async def killed(
    serve_hosts: ServeHosts, folder: Path, environment: dict[str, str], kind: Kind, after: int, *options: str
) -> Scene:
    """A promotion that was killed after so many requests, or one before its last: their number varies a little."""
    while True:
        made = await scene(serve_hosts, folder, kind)
        code, requests = await made.run(environment, after, *options)
        if code == -signal.SIGKILL:
            return made
        assert code == 0
        assert requests < after
        after = requests - 1


@every_kill
async def test_a_run_that_is_killed_loses_nothing(
    number: int,
    serve_hosts: ServeHosts,
    environment: dict[str, str],
    promoter_for: Callable[..., Promoter],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    kind = KINDS[number % len(KINDS)]
    requests = await requests_of_a_whole_run(serve_hosts, tmp_path, environment, kind)
    kept: dict[str, Any] = {"inventory": tmp_path / "inventory.sqlite"} if number // len(KINDS) % 2 else {}

    options = [f"--{name}={value}" for name, value in kept.items()]

    made = await killed(serve_hosts, tmp_path, environment, kind, kill_point(number, requests), *options)
    await anyio.wait_all_tasks_blocked()  # what the process sent last has been answered then
    staging, left_open = made.staging, made.open_uploads()
    wrong = [*made.broken_promises()]
    lost: list[str] = []
    reports: list[Report] = []
    for _ in range(2):
        staging.forget_requests()
        async with promoter_for(staging, confirm=True, settings=Settings(), **kept) as promoter:
            reports.append(await promoter.run(await staging.manifests()))
        wrong += made.broken_promises()
        lost += made.lacking()
    leaked = made.open_uploads() - left_open

    record_property("faults", 1)
    record_property("edges", sum(1 for _ in all_edges(reports[0])))
    record_property("lost", len(lost))
    record_property("wrong", len(wrong))
    record_property("leaked", leaked)
    assert (lost, wrong, leaked) == ([], [], 0)
    assert total(reports[0]).fates.keys() <= {Fate.PROMOTED, Fate.ALREADY_PROMOTED}
    assert total(reports[1]).fates.keys() == {Fate.ALREADY_PROMOTED}
    for mirror in staging.mirrors:
        extra = {Tag("unwanted"): HELD.digest} if mirror == kind.hosts[1] else {}
        assert staging.in_mirror(mirror) == made.wanted | {"app": made.wanted["app"] | extra}
    assert staging.writes() == []
