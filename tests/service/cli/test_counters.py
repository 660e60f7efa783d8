"""The counters of a real run end where they said they would."""

import pytest

from cip_async.cli.counters import Counters
from cip_async.fake_registry import images
from cip_async.promoter import Promoter
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("quarantine", [False, True], ids=["abort", "quarantine"])
async def test_everything_that_was_expected_was_done(quarantine: bool, staging: Staging) -> None:
    for number in range(5):
        staging.push("app", images.single(seed=f"app {number}"), f"v{number}")
        staging.push(f"tool{number}", images.single(seed=f"tool {number}"))
    config = staging.folder / "config.json"
    config.write_text("{}")
    counters = Counters()
    async with Promoter(
        confirm=True, endpoints=staging.servers.endpoints, docker_config=config, listener=counters
    ) as promoter:
        await promoter.run(await staging.manifests(), quarantine=quarantine)
    sources, destinations = 6, 12
    assert counters.repositories == counters.listed == sources + destinations
    assert counters.images == counters.placed == 20
    assert counters.requests == sum(len(host.ledger.entries) for host in staging.servers.registries.values())
