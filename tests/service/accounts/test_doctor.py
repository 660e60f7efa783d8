"""`cip doctor` finds out what a run would run into, and leaves nothing behind."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from cip_async.fake_registry.accounts import Accounts
from cip_async.fake_registry.auth import BasicAuth, BearerAuth
from cip_async.fake_registry.calls import CallClass
from cip_async.model.examination import Examination, Verdict
from cip_async.promoter import Promoter
from cip_async.reporting.examinations import examination_table
from tests.service.accounts.conftest import PROMOTER, READER, KeyFile
from tests.service.accounts.google import FakeGoogle
from tests.service.accounts.test_promotion import AMERICA, EUROPE, NAMED, STAGING, fill, guard, manifests_of
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio
MakePromoter = Callable[..., Promoter]


@pytest.fixture(autouse=True)
def _nobody_here(monkeypatch: pytest.MonkeyPatch, programs: Path) -> None:
    monkeypatch.setenv("PATH", str(programs))


async def examined(
    make: MakePromoter, staging: Staging, named: dict[str, str] | None = None, **options: Any
) -> dict[str, Examination]:
    options.setdefault("confirm", True)
    async with make(staging, **options) as promoter:
        found = await promoter.examine(await manifests_of(staging, named or {}))
    assert list(found) == sorted(found, key=lambda each: (not each.is_source, each.registry))
    return {str(each.registry): each for each in found}


async def test_what_can_be_used_passes_and_nothing_is_left_behind(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter
) -> None:
    fill(staging)
    guard(staging, google)
    keys = (await key_file(READER), await key_file(PROMOTER))
    found = await examined(promoter_for, staging, NAMED, key_files=keys)
    assert [(name, each.account, each.read, each.write, each.reason) for name, each in found.items()] == [
        (STAGING, READER, Verdict.YES, Verdict.NOT_NEEDED, ""),
        (EUROPE, PROMOTER, Verdict.YES, Verdict.YES, ""),
        (AMERICA, PROMOTER, Verdict.YES, Verdict.YES, ""),
    ]
    for host in ("eu.gcr.io", "us.gcr.io"):
        assert list(staging.servers[host].store.repositories()) == []
        assert [entry.call_class for entry in staging.servers[host].ledger.writes()] == [
            CallClass.UPLOAD_START,
            CallClass.UPLOAD_CANCEL,
        ]
    assert staging.servers["gcr.io"].ledger.writes() == []


async def test_an_upload_that_was_begun_is_gone(staging: Staging, promoter_for: MakePromoter) -> None:
    fill(staging, 1)
    await examined(promoter_for, staging)
    begun, cancelled = staging.servers["eu.gcr.io"].ledger.writes()
    assert (begun.status, cancelled.status) == (202, 204)


async def test_what_an_account_may_not_do_fails_with_the_reason(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter
) -> None:
    fill(staging)
    guard(staging, google)
    for host, actions in (("eu.gcr.io", ("pull",)), ("us.gcr.io", ())):
        auth = staging.servers[host].auth
        assert isinstance(auth, BearerAuth)
        auth.accounts.permissions.clear()
        auth.accounts.permit(PROMOTER, "prod/*", *actions)
    keys = (await key_file(READER), await key_file(PROMOTER))
    found = await examined(promoter_for, staging, NAMED, key_files=keys)
    assert [(each.read, each.write) for each in found.values()] == [
        (Verdict.YES, Verdict.NOT_NEEDED),
        (Verdict.YES, Verdict.NO),
        (Verdict.NO, Verdict.NO),
    ]
    assert f"{PROMOTER} may not write {EUROPE}" in found[EUROPE].reason
    assert f"{PROMOTER} may not read {AMERICA}" in found[AMERICA].reason


async def test_an_account_without_credentials_fails_for_its_registries_alone(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter
) -> None:
    fill(staging)
    guard(staging, google)
    found = await examined(promoter_for, staging, NAMED, key_files=(await key_file(PROMOTER),))
    assert [each.passed for each in found.values()] == [False, True, True]
    assert found[STAGING].account == READER
    assert f"no token of service account {READER}" in found[STAGING].reason


async def test_a_registry_that_is_down_fails_and_the_others_are_examined(
    staging: Staging, promoter_for: MakePromoter, nobody: str
) -> None:
    fill(staging)
    staging.servers.endpoints["us.gcr.io"] = f"http://{nobody}"
    found = await examined(promoter_for, staging)
    assert [each.passed for each in found.values()] == [True, True, False]
    assert found[AMERICA].reason.count("did not answer") == 1


async def test_a_password_is_shown_by_its_user_alone(
    plain: Staging, google: FakeGoogle, promoter_for: MakePromoter, tmp_path: Path
) -> None:
    fill(plain)
    plain.servers["eu.example"].auth = BasicAuth(Accounts(passwords={"me": "Marker"}))
    config = {"auths": {"eu.example": {"username": "me", "password": "Marker"}}}
    async with promoter_for(plain, confirm=True) as promoter:
        manifests = await plain.manifests()
        await anyio.Path(tmp_path / "config.json").write_text(json.dumps(config))
        found = await promoter.examine(manifests)
    table = "\n".join(examination_table(found))
    assert [each.account for each in found] == ["anonymous", "me", "anonymous"]
    assert all(each.passed for each in found)
    assert "Marker" not in table


async def test_a_source_is_not_written_even_where_it_is_a_destination_by_another_name(
    staging: Staging, promoter_for: MakePromoter
) -> None:
    staging.mirrors, staging.prefix = ("eu.gcr.io",), "staging"
    staging.servers.endpoints["eu.gcr.io"] = staging.servers.endpoints["gcr.io"]
    fill(staging, 1)
    async with promoter_for(staging, confirm=True) as promoter:
        source, destination = await promoter.examine(await staging.manifests())
    assert source.passed
    assert "sources are read-only" in destination.reason
    assert staging.writes() == []


async def test_a_dry_promoter_begins_no_upload(staging: Staging, promoter_for: MakePromoter) -> None:
    fill(staging, 1)
    found = await examined(promoter_for, staging, confirm=False)
    assert [each.passed for each in found.values()] == [True, False, False]
    assert staging.writes() == []
