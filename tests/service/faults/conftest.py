"""A promotion between hosts that ask for tokens, of images that make it send a request of every class it knows."""

import base64
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import anyio
import attrs
import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.accounts import Accounts
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.docker_images import API_HOST
from cip_async.fake_registry.holdings import Holdings
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.tokens import TokenAuth
from cip_async.model.outcome import Fate
from cip_async.model.report import EdgeReport, Report
from cip_async.promoter import Promoter
from cip_async.reference import Tag
from cip_async.reporting.edges import all_edges
from cip_async.settings import Settings
from tests.service.conftest import ServeHosts
from tests.service.staging import Staging

SOURCE: Final = "staging.example"
MIRRORS: Final = ("one.example", "two.example")
REGIONS: Final = ("europe-west1-docker.pkg.dev", "us-west1-docker.pkg.dev")
ELSEWHERE: Final = "elsewhere.example"
"""A host that nothing is wanted of."""
NAMES: Final = ("app", "tools/cli")
PASSWORD: Final = "a password that stays at home"
DELETIONS: Final = frozenset({CallClass.MANIFEST_DELETE, CallClass.BLOB_DELETE})
HELD: Final = tuple(images.single(seed=f"held {number}") for number in range(3))
"""What the mirrors held before, which nobody asks to be promoted."""
BASE: Final = images.layer("a layer that all share")

State = Mapping[str, Mapping[str, Holdings]]
Record = Callable[[str, object], None]


@attrs.frozen
class Scene:
    """What is wanted, and all that was anywhere before."""

    staging: Staging
    before: State

    async def run(self, settings: Settings) -> Report:
        """Promote it."""
        config = self.staging.folder / "config.json"
        secret = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
        auths = {host: {"auth": secret} for host in self.staging.servers.registries if host != ELSEWHERE}
        await anyio.Path(config).write_text(json.dumps({"auths": auths}))
        async with Promoter(
            confirm=True, endpoints=self.staging.servers.endpoints, docker_config=config, settings=settings
        ) as promoter:
            return await promoter.run(await self.staging.manifests())

    def lacking(self) -> Iterator[str]:
        """What is wanted and not there."""
        for mirror in self.staging.mirrors:
            for name, digests in self.staging.wanted.items():
                held = self.staging.servers[mirror].store.repository(f"{self.staging.prefix}/{name}")
                for digest, tags in digests.items():
                    if digest not in held.manifests:
                        yield f"{mirror} {name} {digest}"
                    yield from (f"{mirror} {name}:{tag}" for tag in tags if held.tags.get(Tag(tag)) != digest)

    def broken_promises(self) -> Iterator[str]:
        """Whatever is there that must never be, whether or not the run met faults."""
        now = state(self.staging)
        yield from wrongs(self.staging)
        for name, host in self.staging.servers.registries.items():
            yield from (f"{each.method} {each.target}" for each in host.ledger.entries if each.call_class in DELETIONS)
            for path, was in self.before[name].items():
                if not (was.tags.items() <= now[name][path].tags.items() and was.blobs <= now[name][path].blobs):
                    yield f"{name}/{path} has lost something"
        source = self.staging.source
        if now[source] != self.before[source]:
            yield "the source has changed"
        yield from (f"{each.method} {each.target}" for each in self.staging.servers[source].ledger.writes())

    def leaks(self) -> Iterator[str]:
        """Credentials that were shown to a host that nothing is wanted of."""
        elsewhere = self.staging.servers[ELSEWHERE].ledger
        yield from (f"elsewhere was shown {each.authorization}" for each in elsewhere.entries if each.authorization)

    def open_uploads(self) -> int:
        """How many uploads were neither ended nor given up."""
        return sum(host.store.open_uploads for host in self.staging.servers.registries.values())

    def clear_faults(self) -> None:
        """Let everything go well from now on."""
        for host in self.staging.servers.registries.values():
            host.faults.clear()


def wrongs(staging: Staging) -> Iterator[str]:
    """Tags that came before their content or were moved, content that is missing, and what was sent twice at a time."""
    for name, host in staging.servers.registries.items():
        yield from (f"early tag on {name}: {write}" for write in host.store.early_tags())
        yield from (f"moved tag on {name}: {write}" for write in host.store.moved_tags())
        yield from (f"missing content on {name}: {missing}" for missing in host.store.missing_content())
        yield from (f"collision on {name}: {each}" for each in host.ledger.collisions)


def told(made: Scene, report: Report, record: Record) -> tuple[list[str], list[str], list[str]]:
    """What is lost, wrong and leaked once all runs have ended, told to the table of long runs before all asserts."""
    entries = (entry for host in made.staging.servers.registries.values() for entry in host.ledger.entries)
    lost, wrong, leaks = list(made.lacking()), list(made.broken_promises()), list(made.leaks())
    record("faults", sum(bool(entry.fault) for entry in entries))
    record("edges", sum(1 for _ in all_edges(report)))
    record("lost", len(lost))
    record("wrong", len(wrong))
    record("leaked", len(leaks))
    return lost, wrong, leaks


def undone(report: Report) -> list[EdgeReport]:
    """The edges that were not promoted."""
    return [edge for edge in all_edges(report) if edge.fate not in (Fate.PROMOTED, Fate.ALREADY_PROMOTED)]


def state(staging: Staging) -> State:
    """All that is anywhere."""
    return {
        name: {path: host.store.repository(path) for path in host.store.repositories()}
        for name, host in staging.servers.registries.items()
    }


MakeScene = Callable[..., Awaitable[Scene]]


@pytest.fixture
def scene(serve_hosts: ServeHosts, tmp_path: Path) -> MakeScene:
    """Call it for a scene between plain registries, or between `google` ones with Artifact Registry's API."""

    async def make(*, google: bool = False, **rules: Any) -> Scene:
        kept = {"page_size": 2, "several_tags": False} | rules
        mirrors = REGIONS if google else MIRRORS
        further = (API_HOST,) if google else ()
        servers = await serve_hosts(
            SOURCE, *mirrors, *further, ELSEWHERE, rules=Rules.google if google else lambda: Rules(**kept)
        )
        prefix = "prod/images" if google else "prod"
        staging = Staging(servers, tmp_path, source=SOURCE, mirrors=mirrors, prefix=prefix)
        for name in (*NAMES, *(f"more{number}" for number in range(6 if google else 0))):
            _want(staging, name)
        if not google:
            for host in (SOURCE, *mirrors):
                servers[host].auth = TokenAuth(Accounts({"me": PASSWORD}))
        return Scene(staging, state(staging))

    return make


def _want(staging: Staging, name: str) -> None:
    staging.push(name, images.multi_arch(seed=f"{name} multi", shared_layers=[BASE]), "v2", "latest")
    staging.push(name, images.single(seed=f"{name} single", layers=[BASE, images.layer(name)]), "v1")
    staging.push(name, images.single(seed=f"{name} untagged"))
    for mirror in staging.mirrors:
        for number, image in enumerate(HELD):
            images.push(staging.servers[mirror].store, f"{staging.prefix}/{name}", image, [f"held{number}"])
