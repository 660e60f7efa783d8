"""Two runs of the same promotion at the same time end in the same state, with no error."""

from collections.abc import Callable

import anyio
import pytest

from cip_async.fake_registry import images
from cip_async.model.outcome import Fate
from cip_async.model.report import Report
from cip_async.promoter import Promoter
from cip_async.reporting.edges import all_edges
from cip_async.settings import Settings
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

BASE = images.layer("a layer that all share", 100_000)
DONE = (Fate.PROMOTED, Fate.ALREADY_PROMOTED)


@pytest.mark.parametrize("kind", ["staging", "plain"])
@pytest.mark.parametrize("immutable", ["no", "all"])
@pytest.mark.parametrize("recheck_tags", [False, True])
async def test_two_runs_at_once_end_in_the_same_state_with_no_error(
    kind: str,
    immutable: str,
    recheck_tags: bool,
    staging: Staging,
    plain: Staging,
    promoter_for: Callable[..., Promoter],
) -> None:
    scene = {"staging": staging, "plain": plain}[kind]
    for name in ("app", "tools/cli"):
        scene.push(name, images.multi_arch(seed=f"{name} multi", shared_layers=[BASE]), "v2.0", "v2", "latest")
        scene.push(name, images.single(seed=f"{name} single", layers=[BASE, images.layer(name)]), "v1", "v1.0")
        scene.push(name, images.single(seed=f"{name} untagged"))
    for host in scene.servers.registries.values():
        host.latency.ms = 3
        host.rules.immutable_tags = immutable  # type: ignore[assignment]  # one of the literals
    manifests = await scene.manifests()
    reports: list[Report] = []

    async def run() -> None:
        async with promoter_for(scene, confirm=True, settings=Settings(), recheck_tags=recheck_tags) as promoter:
            reports.append(await promoter.run(manifests))

    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(run)

    assert [edge for report in reports for edge in all_edges(report) if edge.fate not in DONE] == []
    for mirror in scene.mirrors:
        assert scene.in_mirror(mirror) == scene.wanted_tags()
        store = scene.servers[mirror].store
        assert (store.moved_tags(), store.early_tags(), store.missing_content()) == ([], [], [])
        writers = scene.servers[mirror].ledger.count(call_class="tag-put", repository="prod/app", reference="v1")
        assert writers == 2 or kind == "plain" or recheck_tags, "both runs found the tag absent"
