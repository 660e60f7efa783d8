"""Two runs of the same promotion at the same time, between real registries (distribution 2.8.2)."""

from pathlib import Path

import anyio
import pytest

from cip_async.model.outcome import Fate
from cip_async.model.report import Report
from cip_async.reporting.edges import all_edges
from tests.real.conftest import StartRegistry
from tests.real.reading import held
from tests.real.test_promotion import assert_holds, content, fill, promote

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("within_one", [True, False])
async def test_two_runs_at_once_end_in_the_same_state_with_no_error(
    start_registry: StartRegistry, tmp_path: Path, within_one: bool
) -> None:
    staging = await start_registry()
    mirror = staging if within_one else await start_registry()
    wanted = content()
    await fill(staging, wanted)
    reports: list[Report] = []

    async def run() -> None:
        reports.append(await promote(tmp_path, wanted, staging.host, [mirror.host]))

    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(run)

    done = (Fate.PROMOTED, Fate.ALREADY_PROMOTED)
    assert [edge for report in reports for edge in all_edges(report) if edge.fate not in done] == []
    await assert_holds(mirror, wanted)
    assert {name: (await held(mirror.host, f"prod/{name}")).broken for name in wanted} == dict.fromkeys(wanted, ())
