"""Verifications of mirrors that are served over loopback: each kind of harm is named exactly, and nothing else."""

from collections.abc import Callable

import pytest

from cip_async.events import Event, Stage, StageStarted
from cip_async.fake_registry.auth import BearerAuth
from cip_async.fake_registry.faults import FaultKind
from cip_async.model.damage import Flaw
from cip_async.promoter import Promoter
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.verification import verification_exit_code, verification_tally
from tests.service.staging import Staging
from tests.service.verification.mirrors import HARMS, LAYERED, MULTI, Harm, blobs, fill, findings, of_damage

pytestmark = pytest.mark.anyio

MakePromoter = Callable[..., Promoter]

kinds = pytest.mark.parametrize("kind", ["staging", "plain"])


@pytest.fixture
def mirrors(kind: str, request: pytest.FixtureRequest, staging: Staging, plain: Staging) -> Staging:
    """Google-like and plain registries, whose mirrors hold all that is wanted."""
    chosen = {"staging": staging, "plain": plain}[kind]
    fill(chosen)
    return chosen


@kinds
@pytest.mark.parametrize("deep", [False, True])
async def test_nothing_is_found_where_all_is_well(deep: bool, mirrors: Staging, promoter_for: MakePromoter) -> None:
    async with promoter_for(mirrors) as promoter:
        found = await promoter.verify(await mirrors.manifests(), deep=deep)
    assert findings(found) == set()
    assert verification_exit_code(found) is ExitCode.DONE
    assert verification_tally(found).as_wanted == 20
    assert found.images == (18 if deep else 0)
    assert mirrors.writes() == []
    assert mirrors.servers[mirrors.source].ledger.entries == []


@kinds
@pytest.mark.parametrize("harm", HARMS, ids=[harm.name for harm in HARMS])
async def test_each_harm_is_named_exactly(harm: Harm, mirrors: Staging, promoter_for: MakePromoter) -> None:
    mirror = mirrors.mirrors[0]
    harm.do(mirrors.servers[mirror].store)
    async with promoter_for(mirrors) as promoter:
        found = await promoter.verify(await mirrors.manifests(), deep=True)
    assert findings(found) == {(f"{mirror}/prod/app", *harm.finding)}
    assert verification_exit_code(found) is ExitCode.WRONG


@kinds
async def test_all_harms_at_once_are_named_each_for_itself(mirrors: Staging, promoter_for: MakePromoter) -> None:
    mirror = mirrors.mirrors[1]
    for harm in HARMS:
        harm.do(mirrors.servers[mirror].store)
    async with promoter_for(mirrors) as promoter:
        found = await promoter.verify(await mirrors.manifests(), deep=True)
    assert findings(found) == {(f"{mirror}/prod/app", *harm.finding) for harm in HARMS}
    assert verification_tally(found).as_wanted == 17


@pytest.mark.parametrize("kind", ["plain"])
async def test_each_piece_is_looked_at_once_in_each_repository(mirrors: Staging, promoter_for: MakePromoter) -> None:
    async with promoter_for(mirrors) as promoter:
        await promoter.verify(await mirrors.manifests(), deep=True)
    for mirror in mirrors.mirrors:
        host = mirrors.servers[mirror]
        holdings = host.store.repository("prod/app")
        assert host.ledger.count(call_class="manifest-get") == len(holdings.manifests)
        assert host.ledger.count(call_class="blob-head") == len(holdings.blobs)
        assert host.ledger.count(call_class="blob-get") == 0


@pytest.mark.parametrize("kind", ["staging"])
async def test_what_is_damaged_is_looked_for_in_the_source_and_then_in_other_mirrors(
    mirrors: Staging, promoter_for: MakePromoter
) -> None:
    first, second = mirrors.mirrors
    config, layer, lost = blobs(LAYERED)
    for digest in (config, layer, lost):
        mirrors.servers[first].store.drop_blob("prod/app", digest)
    for digest in (layer, lost):
        mirrors.servers[mirrors.source].store.drop_blob("staging/app", digest)
    mirrors.servers[second].store.drop_blob("prod/app", lost)
    async with promoter_for(mirrors) as promoter:
        found = await promoter.verify(await mirrors.manifests(), deep=True)
    origins = {
        damage.piece.digest: (str(damage.origin), damage.hopeless)
        for damage in found.damages
        if damage.repository.host == first
    }
    assert origins == {
        config: (f"{mirrors.source}/staging/app", ""),
        layer: (f"{second}/prod/app", ""),
        lost: ("None", "neither the source nor another mirror has it"),
    }


@kinds
async def test_the_walk_goes_on_below_a_document_that_can_be_read_elsewhere(
    mirrors: Staging, promoter_for: MakePromoter
) -> None:
    store = mirrors.servers[mirrors.mirrors[0]].store
    store.drop_document("prod/app", MULTI.children[0].digest)
    layer = blobs(MULTI.children[0])[-1]
    store.drop_blob("prod/app", layer)
    async with promoter_for(mirrors) as promoter:
        found = await promoter.verify(await mirrors.manifests(), deep=True)
    child = MULTI.children[0].digest
    assert {of_damage(damage) for damage in found.damages} == {
        (Flaw.CONTENT_MISSING, child, ((MULTI.digest, child),)),
        (Flaw.CONTENT_MISSING, layer, ((MULTI.digest, child, layer),)),
    }


@kinds
@pytest.mark.parametrize("fault", [FaultKind.ERROR_500, FaultKind.RESET])
async def test_what_a_registry_does_not_tell_is_unknown_and_never_missing(
    fault: FaultKind, mirrors: Staging, promoter_for: MakePromoter
) -> None:
    host = mirrors.servers[mirrors.mirrors[0]]
    host.faults.add(fault, on=["blob-head"])
    async with promoter_for(mirrors) as promoter:
        found = await promoter.verify(await mirrors.manifests(), deep=True)
    assert {damage.flaw for damage in found.damages} == {Flaw.UNKNOWN}
    assert verification_exit_code(found) is ExitCode.PARTLY


@pytest.mark.parametrize("kind", ["staging"])
async def test_content_that_may_not_be_read_is_unknown_until_somebody_is_let_in(
    mirrors: Staging, promoter_for: MakePromoter
) -> None:
    def refuse(event: Event) -> None:
        if event == StageStarted(stage=Stage.VERIFY, total=18):
            mirrors.servers[mirrors.mirrors[0]].auth = BearerAuth()

    async with promoter_for(mirrors, listener=refuse) as promoter:
        found = await promoter.verify(await mirrors.manifests(), deep=True)
    assert {(damage.flaw, damage.needs_access) for damage in found.damages} == {(Flaw.UNKNOWN, True)}


@kinds
async def test_a_mirror_that_is_down_is_unknown(mirrors: Staging, promoter_for: MakePromoter) -> None:
    host = mirrors.servers[mirrors.mirrors[0]]
    host.faults.add(FaultKind.ERROR_500)
    async with promoter_for(mirrors) as promoter:
        found = await promoter.verify(await mirrors.manifests())
    tally = verification_tally(found)
    assert (tally.drift, tally.as_wanted) == ({Flaw.UNKNOWN: 10}, 10)
    assert verification_exit_code(found) is ExitCode.PARTLY


@pytest.mark.parametrize("kind", ["staging"])
async def test_a_type_that_no_client_asked_for_is_wrong(mirrors: Staging, promoter_for: MakePromoter) -> None:
    mirrors.servers[mirrors.mirrors[0]].faults.add(FaultKind.WRONG_TYPE, on=["manifest-get"])
    async with promoter_for(mirrors) as promoter:
        found = await promoter.verify(await mirrors.manifests(), deep=True)
    assert {damage.flaw for damage in found.damages} == {Flaw.CONTENT_WRONG}
    assert found.damages[0].reason.startswith("is served as 'text/html', and is 'application/vnd.oci.image.")
