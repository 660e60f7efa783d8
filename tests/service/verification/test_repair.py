"""Repairs of mirrors that are served over loopback: what can be mended is, and the rest is told."""

from collections.abc import Callable

import pytest

from cip_async.fake_registry.content import digest_of
from cip_async.model.damage import RepairFate
from cip_async.model.outcome import Fate
from cip_async.model.report import Report
from cip_async.model.verification import Verification
from cip_async.promoter import Promoter
from cip_async.reporting.edges import edges
from cip_async.reporting.exit_code import ExitCode, exit_code
from cip_async.reporting.totals import total
from tests.service.staging import Staging
from tests.service.verification.mirrors import HARMS, LAYERED, MULTI, SHARED, TWINS, Harm, blobs, fill, findings

pytestmark = pytest.mark.anyio

MakePromoter = Callable[..., Promoter]

kinds = pytest.mark.parametrize("kind", ["staging", "plain"])


@pytest.fixture
def mirrors(kind: str, request: pytest.FixtureRequest, staging: Staging, plain: Staging) -> Staging:
    """Google-like and plain registries, whose mirrors hold all that is wanted."""
    chosen = {"staging": staging, "plain": plain}[kind]
    fill(chosen)
    return chosen


async def repaired(make: MakePromoter, mirrors: Staging, *, confirm: bool = True, **options: object) -> Report:
    async with make(mirrors, confirm=confirm, **options) as promoter:
        return await promoter.run(await mirrors.manifests(), quarantine=True, repair=True)


async def verified(make: MakePromoter, mirrors: Staging) -> Verification:
    async with make(mirrors) as promoter:
        return await promoter.verify(await mirrors.manifests(), deep=True)


@kinds
@pytest.mark.parametrize("harm", HARMS, ids=[harm.name for harm in HARMS])
async def test_what_can_be_mended_is_and_of_the_rest_it_is_said_why_not(
    harm: Harm, mirrors: Staging, promoter_for: MakePromoter
) -> None:
    mirror = mirrors.mirrors[0]
    harm.do(mirrors.servers[mirror].store)
    before = len(mirrors.servers[mirror].store.journal)

    report = await repaired(promoter_for, mirrors)

    left = findings(await verified(promoter_for, mirrors))
    if harm.healed:
        assert left == set()
        assert exit_code(report) is ExitCode.DONE
        assert {repair.fate for repair in report.repairs} <= {RepairFate.REPAIRED}
    else:
        assert left == {(f"{mirror}/prod/app", *harm.finding)}
        assert exit_code(report) is ExitCode.PARTLY
        assert all(edge.reason for edge in edges(report))
    assert not any(write.moved for write in mirrors.servers[mirror].store.journal[before:])


@kinds
async def test_all_harms_at_once_are_mended_but_those_that_cannot_be(
    mirrors: Staging, promoter_for: MakePromoter
) -> None:
    mirror = mirrors.mirrors[1]
    for harm in HARMS:
        harm.do(mirrors.servers[mirror].store)

    await repaired(promoter_for, mirrors)

    left = findings(await verified(promoter_for, mirrors))
    assert left == {(f"{mirror}/prod/app", *harm.finding) for harm in HARMS if not harm.healed}


@kinds
async def test_only_what_is_missing_is_placed_and_no_tag_is_written(
    mirrors: Staging, promoter_for: MakePromoter
) -> None:
    mirror = mirrors.servers[mirrors.mirrors[0]]
    missing = [blobs(MULTI.children[0])[0], digest_of(SHARED)]
    for digest in missing:
        mirror.store.drop_blob("prod/app", digest)

    report = await repaired(promoter_for, mirrors)

    assert {repair.fate for repair in report.repairs} == {RepairFate.REPAIRED}
    assert report.traffic.blobs_relayed + report.traffic.blobs_mounted == len(missing)
    assert mirror.ledger.count(call_class="tag-put") == 0
    puts = {entry.target.rpartition("/")[2] for entry in mirror.ledger.writes() if "/manifests/" in entry.target}
    assert puts == {MULTI.children[0].digest, min(TWINS[0].digest, TWINS[1].digest)}
    assert [host for host in mirrors.servers.registries.values() if host.ledger.writes()] == [mirror]


@kinds
async def test_a_dry_run_tells_what_would_be_mended_and_writes_nothing(
    mirrors: Staging, promoter_for: MakePromoter
) -> None:
    layer, lost = blobs(LAYERED)[1], blobs(TWINS[0])[0]
    mirrors.servers[mirrors.mirrors[0]].store.drop_blob("prod/app", layer)
    for mirror in mirrors.mirrors:
        mirrors.servers[mirror].store.drop_blob("prod/app", lost)
    mirrors.servers[mirrors.source].store.drop_blob("staging/app", lost)

    report = await repaired(promoter_for, mirrors, confirm=False)

    fates = {(repair.damage.repository.host, repair.damage.piece.digest): repair.fate for repair in report.repairs}
    first, second = mirrors.mirrors
    assert fates == {
        (first, layer): RepairFate.WOULD_REPAIR,
        (first, lost): RepairFate.FAILED,
        (second, lost): RepairFate.FAILED,
    }
    assert mirrors.writes() == []
    assert {edge.tag for edge in edges(report)} == {"twin-0"}
    assert exit_code(report) is ExitCode.PARTLY


@kinds
async def test_what_the_source_has_lost_comes_from_another_mirror(mirrors: Staging, promoter_for: MakePromoter) -> None:
    first = mirrors.servers[mirrors.mirrors[0]].store
    source = mirrors.servers[mirrors.source].store
    layer, child = blobs(LAYERED)[1], MULTI.children[0].digest
    first.drop_blob("prod/app", layer)
    first.drop_document("prod/app", child)
    source.drop_blob("staging/app", layer)
    source.drop_document("staging/app", child)

    report = await repaired(promoter_for, mirrors)

    assert [repair.fate for repair in report.repairs] == [RepairFate.REPAIRED] * 2
    assert {str(repair.damage.origin) for repair in report.repairs} == {f"{mirrors.mirrors[1]}/prod/app"}
    assert findings(await verified(promoter_for, mirrors)) == set()


@kinds
async def test_a_tag_is_not_written_for_an_image_that_stays_damaged(
    mirrors: Staging, promoter_for: MakePromoter
) -> None:
    mirror = mirrors.servers[mirrors.mirrors[0]]
    layer = blobs(LAYERED)[1]
    for server, path in (
        (mirrors.mirrors[0], "prod/app"),
        (mirrors.mirrors[1], "prod/app"),
        (mirrors.source, "staging/app"),
    ):
        mirrors.servers[server].store.drop_blob(path, layer)
    mirror.store.drop_tag("prod/app", "v6")  # type: ignore[arg-type]

    report = await repaired(promoter_for, mirrors)

    assert "v6" not in mirror.store.repository("prod/app").tags
    told = {(edge.destination.host, edge.tag): edge.reason for edge in edges(report)}
    assert told.keys() == {(mirror, "v6") for mirror in mirrors.mirrors}
    assert all(layer in reason for reason in told.values())
    assert total(report).fates == {Fate.FAILED: 2, Fate.ALREADY_PROMOTED: 18}


@kinds
async def test_a_second_run_finds_nothing_to_mend(mirrors: Staging, promoter_for: MakePromoter) -> None:
    mirrors.servers[mirrors.mirrors[0]].store.drop_document("prod/app", MULTI.children[0].digest)
    await repaired(promoter_for, mirrors)
    mirrors.forget_requests()

    report = await repaired(promoter_for, mirrors)

    assert report.repairs == ()
    assert mirrors.writes() == []


@kinds
async def test_what_is_looked_at_and_placed_again_is_in_the_floor(mirrors: Staging, promoter_for: MakePromoter) -> None:
    mirrors.servers[mirrors.mirrors[0]].store.drop_blob("prod/app", blobs(LAYERED)[1])
    report = await repaired(promoter_for, mirrors)
    assert {line.host for line in report.cost.floor if line.request_class == "blob-head"} == set(mirrors.mirrors)
    assert all(line.requests <= 2 for line in report.cost.excess)
