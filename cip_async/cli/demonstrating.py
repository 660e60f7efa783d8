"""What `cip demo` does: serve, dry run, promotion, the same again; then compare what it did with what is promised."""

import logging
import shlex
import tempfile
import textwrap
from pathlib import Path
from typing import Final

import attrs

from cip_async.cli.demo_content import MANIFEST_NAME, MIRRORS, SOURCE, Wish, fill, manifest, staged_bytes, wishes
from cip_async.cli.demo_cost import cost_table, costs, is_within_reach
from cip_async.cli.demo_promises import faults, written_hosts
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.logs import LogFormat
from cip_async.cli.options import Connection, Telling
from cip_async.cli.progress_mode import ProgressMode
from cip_async.cli.run import RunOptions
from cip_async.cli.running import Ended, promote, show
from cip_async.cli.screen import Screen, result_width
from cip_async.fake_registry.host import FakeRegistries
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.server import serve
from cip_async.manifests.render import thin_files
from cip_async.manifests.tree import load_manifests
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.reporting.amounts import count, size
from cip_async.reporting.exit_code import ExitCode
from cip_async.settings import Settings

_WIDEST: Final = 80


def demonstrate(*, latency_ms: float, progress: ProgressMode) -> ExitCode:
    """Show it, and return what to exit with: `WRONG` if anything was not as promised."""
    telling = Telling(log_format=LogFormat.TEXT, progress=progress, verbosity=0)
    screen = telling.screen()
    logging.getLogger("cip_async").setLevel(logging.WARNING)  # that each image was promoted is told by the summary
    wanted = wishes()
    with tempfile.TemporaryDirectory(prefix="cip-") as name:
        folder = Path(name)
        demo = Demo(
            wanted=wanted,
            manifests=demo_manifests(folder, wanted),
            folder=folder,
            registries=demo_registries(wanted, latency_ms),
            telling=telling,
            screen=screen,
        )
        return run_in_event_loop(demo.perform)


@attrs.frozen(kw_only=True)
class Demo:
    """The demo, act by act. What did not hold is kept in `broken`."""

    wanted: tuple[Wish, ...]
    manifests: PromoterManifests
    folder: Path
    registries: FakeRegistries
    telling: Telling
    screen: Screen
    broken: list[str] = attrs.field(factory=list)

    async def perform(self) -> ExitCode:
        """Play all acts, unless one is interrupted."""
        self._introduce()
        async with serve(self.registries) as servers:
            for act in (self._dry_run, self._promotion, self._same_again):
                ended = await act(servers.endpoints)
                if ended.code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
                    return ended.code
        return self._conclude()

    async def _dry_run(self, endpoints: dict[str, str]) -> Ended:
        self._heading("1. A dry run shows what would be promoted", "")
        ended = await self._run(endpoints, confirm=False)
        self._expect(not written_hosts(self.registries), "no registry got a request that could change anything")
        return ended

    async def _promotion(self, endpoints: dict[str, str]) -> Ended:
        self._heading("2. With --confirm, the images are promoted", " --confirm")
        ended = await self._run(endpoints, confirm=True)
        self._expect(SOURCE.host not in written_hosts(self.registries), "staging was only read")
        found = list(faults(self.registries, self.wanted))
        self._expect(not found, "every mirror holds what the manifests want, and no tag came before its content", found)
        rows = costs(ended.report)
        self._heading("   What that cost, and the least that is possible", None)
        self.screen.results(cost_table(rows))
        self._expect(all(map(is_within_reach, rows)), "hardly a request and not a byte more than needed")
        return ended

    async def _same_again(self, endpoints: dict[str, str]) -> Ended:
        self._heading("3. The same again finds nothing left to do", " --confirm")
        ended = await self._run(endpoints, confirm=True)
        self._expect(not written_hosts(self.registries), "no registry got a request that could change anything")
        return ended

    async def _run(self, endpoints: dict[str, str], *, confirm: bool) -> Ended:
        """Do what `cip run` does, and expect that it succeeds."""
        for host in self.registries.values():
            host.ledger.clear()
        options = RunOptions(
            manifest=None,
            thin_manifest_dir=self.folder,
            confirm=confirm,
            parse_only=False,
            only=None,
            to=None,
            quarantine=False,
            strict=True,
            server_side_only=False,
            inventory=None,
            report=None,
            report_all_edges=False,
            connection=Connection(
                threads=Settings().threads,
                endpoints=endpoints,
                strategies={},
                ca_cert=None,
                docker_config=self.folder / "config.json",
            ),
            telling=self.telling,
        )
        ended = await promote(options, self.manifests, self.screen)
        show(ended, self.screen)
        self._expect(ended.code is ExitCode.DONE, f"the exit code is {ended.code}")
        return ended

    def _introduce(self) -> None:
        tags = sum(len(wish.tags) for wish in self.wanted)
        held = f"{count(len(self.wanted), 'image')} with {size(staged_bytes(self.wanted))} of layers"
        mirrors = ", ".join(str(mirror) for mirror in MIRRORS)
        self._say(
            f"This is a promotion on registries inside this process: staging, {SOURCE}, and the mirrors {mirrors}."
            f" Staging holds {held}; promoter manifests want them in every mirror, under {count(tags, 'tag')}."
        )

    def _conclude(self) -> ExitCode:
        self.screen.result("")
        if self.broken:
            self.screen.notes(f"The demo failed: it does not hold that {promise}" for promise in self.broken)
            return ExitCode.WRONG
        self._say("Everything held. `cip run --help` tells how to promote your own images.")
        return ExitCode.DONE

    def _heading(self, text: str, arguments: str | None) -> None:
        self.screen.result("")
        self.screen.heading(text)
        if arguments is not None:
            self.screen.results(["", f"$ cip run --thin-manifest-dir {shlex.quote(str(self.folder))}{arguments}"])

    def _expect(self, holds: bool, promise: str, details: list[str] | None = None) -> None:
        if holds:
            self._say(f"ok: {promise}")
        else:
            self.screen.notes([f"NOT SO: {promise}", *(details or ())])
            self.broken.append(promise)

    def _say(self, text: str) -> None:
        self.screen.results(textwrap.wrap(text, min(result_width() or _WIDEST, _WIDEST), break_on_hyphens=False))


def demo_manifests(folder: Path, wanted: tuple[Wish, ...]) -> PromoterManifests:
    """Write the promoter manifests of the demo, and read them back."""
    for path, text in thin_files(MANIFEST_NAME, manifest(wanted)):
        file = folder / path
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
    (folder / "config.json").write_text("{}", encoding="utf-8")
    return load_manifests(thin_manifest_dir=folder)


def demo_registries(wanted: tuple[Wish, ...], latency_ms: float) -> FakeRegistries:
    """Staging, filled, and empty mirrors, between which nothing can be mounted: bytes have to move."""
    registries = FakeRegistries(*(path.host for path in (SOURCE, *MIRRORS)), rules=Rules.google)
    for host in registries.values():
        host.latency.ms = latency_ms
    fill(registries[SOURCE.host].store, wanted)
    return registries
