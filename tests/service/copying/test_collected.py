"""What a registry collects between its placement and the manifest that refers to it is placed again."""

from collections.abc import Callable

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.rules import Rules
from tests.service.copying.conftest import Make, wanted
from tests.service.tripwire import once

pytestmark = pytest.mark.anyio

INDEX = images.multi_arch(seed="collected")


@pytest.mark.parametrize("rules", [Rules.google, Rules, Rules.distribution])
@pytest.mark.parametrize("mirror", ["gcr.io", "eu.gcr.io"], ids=["mounted", "relayed"])
@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
@pytest.mark.parametrize("before", [CallClass.MANIFEST_PUT, CallClass.TAG_PUT])
async def test_blobs_that_are_collected_before_their_manifest_is_put_are_placed_again(
    copying: Make, rules: Callable[[], Rules], mirror: str, named: bool, before: CallClass
) -> None:
    copy = await copying(rules=rules, hosts=("gcr.io", "eu.gcr.io"))
    image = INDEX if before is CallClass.MANIFEST_PUT else INDEX.children[0]
    copy.plan("app", wanted(image, "v1"), to=[f"{mirror}/prod"])
    host = copy.host(mirror)
    host.rules.unknown_named = named
    collected = next(iter(INDEX.children[0].all_blobs))

    def collect() -> None:
        for digest in host.store.repository("prod/app").blobs & image.all_blobs.keys():
            host.store.drop_blob("prod/app", digest)

    once(host, before, collect)
    await copy.run()

    copy.assert_promoted()
    assert copy.failures() == {}
    placed = [entry for kind in (CallClass.MOUNT, CallClass.UPLOAD) for entry in host.ledger.find(call_class=kind)]
    assert len([entry for entry in placed if entry.status == 201 and entry.reference == collected]) == 2
    assert host.ledger.count(call_class=before, status=400) > 0
