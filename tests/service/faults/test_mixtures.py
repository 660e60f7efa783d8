"""Many images under a mixture of faults: no edge fails, and in the end the mirrors hold what was wanted.

`CIP_FAULT_IMAGES` says how many images (12), `CIP_FAULT_SEED` which requests are struck (0).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.faults import Dice
from cip_async.fake_registry.rules import Rules
from cip_async.promoter import Promoter
from cip_async.reporting.edges import all_edges
from cip_async.settings import Retries, Settings
from tests.service.conftest import ServeHosts
from tests.service.faults.conftest import Record, undone, wrongs
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

IMAGES: Final = int(os.environ.get("CIP_FAULT_IMAGES", "12"))
SEED: Final = int(os.environ.get("CIP_FAULT_SEED", "0"))
MIXTURE: Final = (("429", 0.10), ("500", 0.02), ("502", 0.01), ("503", 0.01), ("504", 0.01), ("reset", 0.02))
"""A tenth is throttled, 5 % fail on the server's side, 2 % are cut off."""
MIRRORS: Final = ("asia.gcr.io", "eu.gcr.io", "us.gcr.io")
PATIENT: Final = Settings(retries=Retries(first_delay_s=0.001, longest_delay_s=0.05))


def wanted_images(staging: Staging) -> None:
    """So many images in a tenth as many repositories; some are indexes, and all share a layer with others."""
    for number in range(IMAGES):
        base = images.layer(f"base {number % 7}")
        seed = f"mixture {number}"
        image = (
            images.multi_arch(seed=seed, layers=0, shared_layers=[base])
            if number % 4 == 0
            else images.single(seed=seed, layers=[base, images.layer(seed)])
        )
        staging.push(f"app{number % max(1, IMAGES // 10)}", image, f"v{number}")


@pytest.mark.timeout(300 + 10 * IMAGES)
async def test_under_a_mixture_of_faults_no_edge_fails(
    serve_hosts: ServeHosts,
    promoter_for: Callable[..., Promoter],
    tmp_path: Path,
    record_property: Record,
) -> None:
    servers = await serve_hosts("gcr.io", *MIRRORS, rules=Rules.google)
    staging = Staging(servers, tmp_path, mirrors=MIRRORS)
    wanted_images(staging)
    for host in servers.registries.values():
        host.faults.dice = Dice(SEED)
        for kind, probability in MIXTURE:
            host.faults.add(kind, probability=probability, seconds=0.0)

    async with promoter_for(staging, confirm=True, settings=PATIENT) as promoter:
        report = await promoter.run(await staging.manifests())

    struck = sum(bool(entry.fault) for host in servers.registries.values() for entry in host.ledger.entries)
    lacking = sum(staging.in_mirror(mirror) != staging.wanted_tags() for mirror in MIRRORS)
    wrong = list(wrongs(staging))
    record_property("faults", struck)
    record_property("edges", sum(1 for _ in all_edges(report)))
    record_property("lost", lacking)
    record_property("wrong", len(wrong))
    assert struck > IMAGES
    assert undone(report) == []
    assert lacking == 0
    assert wrong == []
    assert servers["gcr.io"].ledger.writes() == []
