"""Verifications and repairs that are cancelled: what was found is told, and nothing is held."""

from collections.abc import Callable

import anyio
import pytest

from cip_async.events import DamageFound, Event, RequestDone
from cip_async.fake_registry.calls import CallClass
from cip_async.model.damage import RepairFate
from cip_async.model.report import Ending
from cip_async.promoter import Promoter
from cip_async.reporting.exit_code import ExitCode, exit_code
from cip_async.reporting.verification import verification_exit_code
from tests.service.staging import Staging
from tests.service.verification.mirrors import LAYERED, blobs, fill

pytestmark = pytest.mark.anyio

MakePromoter = Callable[..., Promoter]
FOREVER_MS = 3_600_000.0


class Until:
    """A listener that cancels a scope when an event comes that is waited for."""

    def __init__(self, is_it: Callable[[Event], bool]) -> None:
        self.scope = anyio.CancelScope()
        self._is_it = is_it

    def __call__(self, event: Event, /) -> None:
        if self._is_it(event):
            self.scope.cancel()


@pytest.fixture
def damaged(staging: Staging) -> Staging:
    """A layer is missing in one mirror, and the other takes for ever to say anything of blobs."""
    fill(staging)
    staging.servers["eu.gcr.io"].store.drop_blob("prod/app", blobs(LAYERED)[1])
    staging.servers["us.gcr.io"].latency.by_class[CallClass.BLOB_HEAD] = FOREVER_MS
    return staging


async def test_a_cancelled_verification_tells_what_it_found(damaged: Staging, promoter_for: MakePromoter) -> None:
    until = Until(lambda event: isinstance(event, DamageFound))
    async with promoter_for(damaged, listener=until) as promoter:
        with until.scope:
            await promoter.verify(await damaged.manifests(), deep=True)
        found = promoter.verification()
    assert until.scope.cancelled_caught
    assert found.ending is Ending.INTERRUPTED
    assert found.images == 9
    assert [damage.piece.digest for damage in found.damages] == [blobs(LAYERED)[1]]
    assert verification_exit_code(found) is ExitCode.INTERRUPTED


@pytest.mark.parametrize("after", [1, 10, 30, 60])
async def test_a_verification_may_be_cancelled_after_any_request(
    after: int, damaged: Staging, promoter_for: MakePromoter
) -> None:
    left = iter(range(after))
    until = Until(lambda event: isinstance(event, RequestDone) and next(left, None) is None)
    manifests = await damaged.manifests()
    damaged.servers["us.gcr.io"].latency.by_class.clear()
    async with promoter_for(damaged, listener=until) as promoter:
        with until.scope:
            await promoter.verify(manifests, deep=True)
        promoter.verification()
        assert len((await promoter.verify(manifests, deep=True)).damages) == 1


async def test_of_a_cancelled_repair_the_next_run_finishes_the_work(
    damaged: Staging, promoter_for: MakePromoter
) -> None:
    damaged.servers["us.gcr.io"].latency.by_class.clear()
    mirror = damaged.servers["eu.gcr.io"]
    mirror.latency.by_class[CallClass.MANIFEST_PUT] = FOREVER_MS
    until = Until(lambda event: isinstance(event, RequestDone) and mirror.ledger.count(call_class="upload") == 1)
    manifests = await damaged.manifests()
    async with promoter_for(damaged, confirm=True, listener=until) as promoter:
        with until.scope:
            await promoter.run(manifests, repair=True)
        report = promoter.report()
    assert [repair.fate for repair in report.repairs] == [RepairFate.NOT_STARTED]
    assert exit_code(report) is ExitCode.INTERRUPTED

    mirror.latency.by_class.clear()
    async with promoter_for(damaged, confirm=True) as promoter:
        await promoter.run(manifests, repair=True)
        assert (await promoter.verify(manifests, deep=True)).damages == ()


async def test_a_report_of_a_run_is_no_verification(damaged: Staging, promoter_for: MakePromoter) -> None:
    async with promoter_for(damaged) as promoter:
        await promoter.run(await damaged.manifests())
        with pytest.raises(RuntimeError, match="no verification"):
            promoter.verification()
