"""A run between real registries that is killed at any request leaves nothing wrong, and the next one finishes it."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import DEVNULL
from typing import Final

import anyio
import attrs
import pytest
from anyio import to_thread

from cip_async.fake_registry import images
from cip_async.model.outcome import Fate
from tests.kill_points import Killer, every_kill, kill_point
from tests.real.conftest import RealRegistry, StartRegistry
from tests.real.pushing import push
from tests.real.reading import held, lacks
from tests.real.test_promotion import content, edges, fates, fill, promote, written

pytestmark = pytest.mark.anyio

UNWANTED: Final = images.single(seed="held before")
WANTED: Final = {name: of_name for name, of_name in content().items() if name != "tools/deep/er"}

_whole_run: list[int] = []


@attrs.frozen
class Scene:
    """A staging registry, filled, and two mirrors: one in the same registry, and one elsewhere that holds something."""

    staging: RealRegistry
    mirror: RealRegistry
    killer: Killer

    @property
    def mirrors(self) -> Sequence[RealRegistry]:
        return (self.staging, self.mirror)

    async def run(self, folder: Path, after: int) -> int:
        """Let `cip` promote in a process, kill it after so many requests, and return its exit code."""
        hosts = tuple(mirror.host for mirror in self.mirrors)
        manifest = await to_thread.run_sync(written, folder, WANTED, self.staging.host, hosts, None)
        command = [sys.executable, "-m", "cip_async", "run", f"--manifest={manifest}", "--confirm", "--progress=never"]
        environment = {**os.environ, "DOCKER_CONFIG": str(folder), "PYTHONWARNINGS": "error"}
        with anyio.fail_after(200):
            process = await anyio.open_process(command, env=environment, stdout=DEVNULL, stderr=DEVNULL)
            async with process:
                self.killer.watch(process, after)
                return await process.wait()

    async def broken_promises(self) -> list[str]:
        """Tags before their content, or that lead elsewhere, and what is gone; whatever was done to the source."""
        broken = []
        for name, of_name in WANTED.items():
            tags = {tag: str(image.digest) for image, tags in of_name for tag in tags}
            firsts = {image_tags[0]: str(image.digest) for image, image_tags in of_name if image_tags}
            source = await held(self.staging.host, f"staging/{name}")
            if (source.tags, source.broken) != (firsts, ()):
                broken.append(f"{name} of the source has changed: {source}")
            for mirror in self.mirrors:
                found = await held(mirror.host, f"prod/{name}")
                broken += [f"{mirror.host} {name}: {each}" for each in found.broken]
                kept = self.kept(mirror, name)
                if not kept.items() <= found.tags.items() <= (tags | kept).items():
                    broken.append(f"{mirror.host} {name} has {found.tags}")
        for mirror in self.mirrors:
            deletions = [target for method, target, _ in await mirror.requests() if method == "DELETE"]
            broken += [f"DELETE {target}" for target in deletions if "/blobs/uploads/" not in target]
        return broken

    async def lacking(self) -> list[str]:
        """What is wanted and not there."""
        lacking = []
        for name, of_name in WANTED.items():
            for mirror in self.mirrors:
                found = await held(mirror.host, f"prod/{name}")
                for image, tags in of_name:
                    lacking += [f"{name}:{tag}" for tag in tags if found.tags.get(tag) != str(image.digest)]
                    lacking += [] if tags else await lacks(mirror.host, f"prod/{name}", image)
        return lacking

    def kept(self, mirror: RealRegistry, name: str) -> dict[str, str]:
        """The tags that were there before."""
        return {"unwanted": str(UNWANTED.digest)} if (mirror, name) == (self.mirror, "app") else {}


async def scene(start_registry: StartRegistry) -> Scene:
    """A promotion that is to be made."""
    killer = Killer()
    staging = await start_registry(on_request=killer.count)
    mirror = await start_registry(on_request=killer.count)
    await fill(staging, WANTED)
    await push(mirror.host, "prod/app", UNWANTED, "unwanted")
    return Scene(staging, mirror, killer)


async def requests_of_a_whole_run(start_registry: StartRegistry, folder: Path) -> int:
    """How many requests a run makes that nobody kills; it is made once."""
    if not _whole_run:
        made = await scene(start_registry)
        assert await made.run(folder, after=0) == 0
        _whole_run.append(made.killer.requests)
    return _whole_run[0]


@every_kill
async def test_a_run_that_is_killed_loses_nothing(
    number: int, start_registry: StartRegistry, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    after = kill_point(number, await requests_of_a_whole_run(start_registry, tmp_path))
    made = await scene(start_registry)
    while (code := await made.run(tmp_path, after)) == 0:  # the number of requests varies a little
        assert made.killer.requests < after
        after = made.killer.requests - 1
        made = await scene(start_registry)
    assert code == -signal.SIGKILL
    wrong = await made.broken_promises()
    lost: list[str] = []

    hosts = [mirror.host for mirror in made.mirrors]
    reports, writes = [], []
    for _ in range(2):
        reports.append(await promote(tmp_path, WANTED, made.staging.host, hosts))
        writes.append([await mirror.writes() for mirror in made.mirrors])
        wrong += await made.broken_promises()
        lost += await made.lacking()

    record_property("faults", 1)
    record_property("edges", 2 * edges(WANTED))
    record_property("lost", len(lost))
    record_property("wrong", len(wrong))
    assert (lost, wrong) == ([], [])
    assert fates(reports[0]).keys() <= {Fate.PROMOTED, Fate.ALREADY_PROMOTED}
    assert fates(reports[1]) == {Fate.ALREADY_PROMOTED: 2 * edges(WANTED)}
    assert writes[0] == writes[1]
