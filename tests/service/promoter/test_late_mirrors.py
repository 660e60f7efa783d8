"""A mirror that tells nothing while others are copied to: they do not wait for it, and nothing is read twice for it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import anyio
import pytest

from cip_async.events import Event, ImagePlaced
from cip_async.fake_registry import images
from cip_async.fake_registry.rules import Rules
from cip_async.model.outcome import Fate
from cip_async.promoter import Promoter
from cip_async.reporting.totals import total
from cip_async.settings import Settings
from tests.service.conftest import ServeHosts
from tests.service.faults.dying import Death, dead
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

MIRRORS: Final = ("asia.gcr.io", "eu.gcr.io", "us.gcr.io", "zz.gcr.io")
LATE: Final = "zz.gcr.io"
IMAGES: Final = 6
SOON: Final = Settings(listing_late_s=0.2)


@pytest.fixture
async def four(serve_hosts: ServeHosts, tmp_path: Path) -> Staging:
    staging = Staging(await serve_hosts("gcr.io", *MIRRORS, rules=Rules.google), tmp_path, mirrors=MIRRORS)
    for number in range(IMAGES):
        staging.push(f"app{number % 2}", images.single(seed=f"image {number}"), f"v{number}")
    return staging


@pytest.fixture
def silent() -> Iterator[str]:
    with dead(Death.SILENT) as address:
        yield address


async def test_the_others_are_complete_while_nobody_knows_yet_that_a_mirror_is_dead(
    four: Staging, silent: str, promoter_for: Callable[..., Promoter]
) -> None:
    four.servers.endpoints[LATE] = silent
    placed = 0
    others_are_complete = anyio.Event()

    def listener(event: Event, /) -> None:
        nonlocal placed
        placed += isinstance(event, ImagePlaced)
        if placed == IMAGES * 3:
            others_are_complete.set()

    manifests = await four.manifests(quarantine=True)
    async with (
        promoter_for(four, confirm=True, settings=SOON, listener=listener) as promoter,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(lambda: promoter.run(manifests, quarantine=True))
        with anyio.fail_after(30):
            await others_are_complete.wait()
        tasks.cancel_scope.cancel()

    for mirror in MIRRORS[:-1]:
        assert four.in_mirror(mirror) == four.wanted_tags()


async def test_what_was_read_for_the_others_is_not_read_again_for_mirrors_that_come_late(
    four: Staging, promoter_for: Callable[..., Promoter]
) -> None:
    four.servers["eu.gcr.io"].faults.add("slow", on=["tag-put"], seconds=2.0)
    four.servers["us.gcr.io"].faults.add("slow", on=["tags"], seconds=0.5)
    four.servers[LATE].faults.add("slow", on=["tags"], seconds=1.0)

    async with promoter_for(four, confirm=True, settings=SOON) as promoter:
        report = await promoter.run(await four.manifests(), quarantine=True)

    assert total(report).fates == {Fate.PROMOTED: IMAGES * len(MIRRORS)}
    assert four.servers["gcr.io"].ledger.count(call_class="manifest-get") == IMAGES
