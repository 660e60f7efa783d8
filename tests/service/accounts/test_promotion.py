"""Promotions as several accounts: who is shown to whom, tokens that die on the way, accounts that are refused."""

import logging
import ssl
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import attrs
import pytest
import trustme
from anyio import to_thread

from cip_async.errors import CipError, CredentialError, InvalidManifests, InvalidSettings
from cip_async.events import Event, ImagePlaced
from cip_async.fake_registry import images
from cip_async.fake_registry.accounts import Accounts
from cip_async.fake_registry.auth import BasicAuth, BearerAuth
from cip_async.fake_registry.docker_images import API_HOST
from cip_async.fake_registry.host import FakeRegistries
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.server import Servers, serve
from cip_async.manifests.tree import load_manifests
from cip_async.model.outcome import Fate
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.model.report import Report
from cip_async.promoter import Promoter
from cip_async.reporting.edges import edges
from cip_async.reporting.json_report import json_document
from cip_async.reporting.totals import total
from cip_async.settings import Settings
from tests.service.accounts.conftest import PROMOTER, READER, KeyFile
from tests.service.accounts.google import FakeGoogle
from tests.service.conftest import QUICK, ServeHosts
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio
MakePromoter = Callable[..., Promoter]

STAGING, EUROPE, AMERICA = "gcr.io/staging", "eu.gcr.io/prod", "us.gcr.io/prod"
NAMED = {STAGING: READER, EUROPE: PROMOTER, AMERICA: PROMOTER}


@pytest.fixture(autouse=True)
def _nobody_here(monkeypatch: pytest.MonkeyPatch, programs: Path) -> None:
    monkeypatch.setenv("PATH", str(programs))


async def manifests_of(staging: Staging, named: Mapping[str, str]) -> PromoterManifests:
    """What `staging` wants, with the service accounts of registry entries."""

    def load() -> PromoterManifests:
        path = staging.written()
        lines: list[str] = []
        for line in path.read_text().splitlines():
            lines.append(line)
            account = named.get(line.removeprefix("- name: "))
            if account is not None:
                lines.append(f"  service-account: {account}")
        path.write_text("\n".join(lines) + "\n")
        return load_manifests(manifest=path)

    return await to_thread.run_sync(load)


def guard(staging: Staging, google: FakeGoogle) -> None:
    """Let the reader read staging, and the promoter write the mirrors; each host knows its account alone."""
    for host, account, repositories, actions in (
        ("gcr.io", READER, "staging*", ("pull",)),
        ("eu.gcr.io", PROMOTER, "prod/*", ("pull", "push")),
        ("us.gcr.io", PROMOTER, "prod/*", ("pull", "push")),
    ):
        accounts = Accounts()
        for other in (READER, PROMOTER):
            accounts.permit(other, repositories, *(actions if other == account else ()))
        staging.servers[host].auth = BearerAuth(accounts, google.issued)


def fill(staging: Staging, number: int = 3) -> None:
    for each in range(number):
        staging.push(f"app{each}", images.single(seed=str(each)), "v1")


def accounts_at(staging: Staging, host: str) -> set[str]:
    return {entry.account for entry in staging.servers[host].ledger.entries}


def fates(report: Report) -> dict[Fate, int]:
    return dict(total(report).fates)


def requests_to(staging: Staging, host: str) -> int:
    return len(staging.servers[host].ledger.entries)


async def test_each_registry_is_used_as_its_own_account(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter
) -> None:
    fill(staging)
    guard(staging, google)
    keys = (await key_file(READER), await key_file(PROMOTER))
    async with promoter_for(staging, confirm=True, key_files=keys) as promoter:
        report = await promoter.run(await manifests_of(staging, NAMED))
    assert fates(report) == {Fate.PROMOTED: 6}
    assert staging.in_mirror("eu.gcr.io") == staging.in_mirror("us.gcr.io") == staging.wanted_tags()
    assert [accounts_at(staging, host) for host in staging.servers.registries] == [{READER}, {PROMOTER}, {PROMOTER}]
    assert google.asked == ["POST /token"] * 2, "a token of each account, and no exchange"
    assert set(google.scopes) == {"https://www.googleapis.com/auth/cloud-platform"}


@pytest.mark.parametrize("may_list", [True, False])
async def test_the_artifact_registry_api_is_asked_as_the_account_of_the_mirror(
    serve_hosts: ServeHosts,
    google: FakeGoogle,
    key_file: KeyFile,
    promoter_for: MakePromoter,
    tmp_path: Path,
    may_list: bool,
) -> None:
    mirror, prefix = "us-west1-docker.pkg.dev", "prod/images/deep"
    staging = Staging(
        await serve_hosts("gcr.io", mirror, API_HOST, rules=Rules.google), tmp_path, mirrors=(mirror,), prefix=prefix
    )
    fill(staging)
    for number in range(3):
        images.push(staging.servers[mirror].store, f"{prefix}/app{number}", images.single(seed=str(number)), ["v1"])
    for host, repositories in ((mirror, "prod/images/*"), (API_HOST, "prod/images" if may_list else "other")):
        accounts = Accounts()
        accounts.permit(PROMOTER, repositories, "pull")
        staging.servers[host].auth = BearerAuth(accounts, google.issued)
    keys = (await key_file(READER), await key_file(PROMOTER))
    async with promoter_for(staging, confirm=True, key_files=keys) as promoter:
        report = await promoter.run(await manifests_of(staging, {STAGING: READER, f"{mirror}/{prefix}": PROMOTER}))
    assert fates(report) == {Fate.ALREADY_PROMOTED: 3}
    shown = [(entry.account, entry.status) for entry in staging.servers[API_HOST].ledger.entries]
    assert shown == ([(PROMOTER, 200)] if may_list else [("", 403)])
    assert requests_to(staging, mirror) == (0 if may_list else 3)


async def test_a_dry_run_asks_for_tokens_that_can_only_read(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter
) -> None:
    fill(staging)
    guard(staging, google)
    keys = (await key_file(READER), await key_file(PROMOTER))
    async with promoter_for(staging, key_files=keys) as promoter:
        await promoter.run(await manifests_of(staging, NAMED))
    assert set(google.scopes) == {"https://www.googleapis.com/auth/cloud-platform.read-only"}


async def test_two_accounts_of_one_host_stay_apart_and_blobs_go_from_one_to_the_other(
    serve_hosts: ServeHosts, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter, tmp_path: Path
) -> None:
    staging = Staging(await serve_hosts("gcr.io", rules=Rules.google), tmp_path, mirrors=("gcr.io",))
    fill(staging, 1)
    accounts = Accounts()
    accounts.permit(READER, "staging*", "pull")
    accounts.permit(PROMOTER, "prod/*", "pull", "push")
    staging.servers["gcr.io"].auth = BearerAuth(accounts, google.issued)
    keys = (await key_file(READER), await key_file(PROMOTER))
    named = {STAGING: READER, "gcr.io/prod": PROMOTER}
    async with promoter_for(staging, confirm=True, key_files=keys) as promoter:
        report = await promoter.run(await manifests_of(staging, named))
    assert fates(report) == {Fate.PROMOTED: 1}
    assert staging.in_mirror("gcr.io") == staging.wanted_tags()
    shown = {(entry.repository.partition("/")[0], entry.account) for entry in staging.servers["gcr.io"].ledger.entries}
    assert shown == {("staging", READER), ("prod", PROMOTER), ("prod", "")}, "a mount that is refused has no account"
    assert report.traffic.blobs_mounted == 0
    assert report.traffic.blobs_relayed == 3


async def test_nested_entries_have_the_account_of_the_longest(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter
) -> None:
    fill(staging, 1)
    staging.servers["gcr.io"].auth = BearerAuth(tokens=google.issued)
    keys = (await key_file(READER), await key_file(PROMOTER))
    accounts = {"gcr.io": PROMOTER, "gcr.io/staging": READER, "gcr.io/stag": PROMOTER}
    async with promoter_for(staging, key_files=keys, service_accounts=accounts) as promoter:
        await promoter.run(await staging.manifests())
    assert accounts_at(staging, "gcr.io") == {READER}


async def test_tokens_that_expire_in_mid_run_are_replaced(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter
) -> None:
    fill(staging, 12)
    guard(staging, google)
    keys = (await key_file(READER), await key_file(PROMOTER))
    placed = 0

    def revoke(event: Event) -> None:
        nonlocal placed
        if isinstance(event, ImagePlaced):
            placed += 1
            if placed in (3, 18):
                google.issued.clear()

    one_by_one = attrs.evolve(QUICK, threads=1)
    async with promoter_for(staging, confirm=True, key_files=keys, listener=revoke, settings=one_by_one) as promoter:
        report = await promoter.run(await manifests_of(staging, NAMED))
    assert fates(report) == {Fate.PROMOTED: 24}
    assert staging.in_mirror("eu.gcr.io") == staging.in_mirror("us.gcr.io") == staging.wanted_tags()
    assert 4 <= len(google.asked) <= 6, "one token of each account, and one for each time that it was revoked and used"


@pytest.mark.parametrize("quarantine", [False, True])
async def test_an_account_that_may_not_read_is_told_once_and_the_others_go_on(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter, quarantine: bool
) -> None:
    fill(staging, 40)
    guard(staging, google)
    auth = staging.servers["us.gcr.io"].auth
    assert isinstance(auth, BearerAuth)
    auth.accounts.permissions.clear()
    auth.accounts.permit(PROMOTER, "other/*", "pull")
    keys = (await key_file(READER), await key_file(PROMOTER))
    async with promoter_for(staging, confirm=True, key_files=keys) as promoter:
        report = await promoter.run(await manifests_of(staging, NAMED), quarantine=quarantine)
    assert staging.in_mirror("eu.gcr.io") == staging.wanted_tags()
    assert fates(report)[Fate.PROMOTED] == 40
    (reason,) = {edge.reason for edge in edges(report) if edge.destination.host == "us.gcr.io"}
    assert f"{PROMOTER} may not read {AMERICA} (status 403 (DENIED: " in reason
    assert "it probably lacks artifactregistry.repositories.downloadArtifacts" in reason
    assert requests_to(staging, "us.gcr.io") <= 2


async def test_an_account_that_may_not_write_is_told_once_and_the_others_go_on(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter
) -> None:
    fill(staging, 40)
    guard(staging, google)
    auth = staging.servers["us.gcr.io"].auth
    assert isinstance(auth, BearerAuth)
    auth.accounts.permissions.clear()
    auth.accounts.permit(PROMOTER, "prod/*", "pull")
    keys = (await key_file(READER), await key_file(PROMOTER))
    async with promoter_for(staging, confirm=True, key_files=keys, settings=Settings(threads=4)) as promoter:
        report = await promoter.run(await manifests_of(staging, NAMED))
    assert staging.in_mirror("eu.gcr.io") == staging.wanted_tags()
    (reason,) = {edge.reason for edge in edges(report) if edge.destination.host == "us.gcr.io"}
    assert f"{PROMOTER} may not write {AMERICA}" in reason
    assert "it probably lacks artifactregistry.repositories.uploadArtifacts" in reason
    in_flight_when_it_was_told = 4
    assert len(staging.servers["us.gcr.io"].ledger.writes()) < 4 * in_flight_when_it_was_told


async def test_an_account_that_does_not_exist_any_more_is_told(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter
) -> None:
    fill(staging)
    guard(staging, google)
    staging.servers["us.gcr.io"].auth = BearerAuth(tokens={})
    keys = (await key_file(READER), await key_file(PROMOTER))
    async with promoter_for(staging, confirm=True, key_files=keys) as promoter:
        report = await promoter.run(await manifests_of(staging, NAMED))
    (reason,) = {edge.reason for edge in edges(report) if edge.destination.host == "us.gcr.io"}
    assert f"{AMERICA} does not accept {PROMOTER}" in reason
    assert "the account may be disabled or deleted" in reason


async def test_one_forbidden_repository_among_others_concerns_itself_alone(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter
) -> None:
    fill(staging, 4)
    guard(staging, google)
    auth = staging.servers["us.gcr.io"].auth
    assert isinstance(auth, BearerAuth)
    auth.accounts.permissions.clear()
    auth.accounts.permit(PROMOTER, "prod/app[0-2]", "pull", "push")
    keys = (await key_file(READER), await key_file(PROMOTER))
    async with promoter_for(staging, confirm=True, key_files=keys) as promoter:
        report = await promoter.run(await manifests_of(staging, NAMED))
    undone = [edge for edge in edges(report) if edge.fate is not Fate.PROMOTED]
    assert [str(edge.destination) for edge in undone] == [f"{AMERICA}/app3"]
    assert "403" in undone[0].reason


@pytest.mark.parametrize("quarantine", [False, True])
async def test_with_confirm_accounts_without_credentials_end_the_run_before_it_begins(
    staging: Staging, promoter_for: MakePromoter, quarantine: bool
) -> None:
    fill(staging)
    manifests = await manifests_of(staging, NAMED)
    staging.forget_requests()
    async with promoter_for(staging, confirm=True) as promoter:
        with pytest.raises(CredentialError) as caught:
            await promoter.run(manifests, quarantine=quarantine)
        assert fates(promoter.report()) == {Fate.FAILED: 6}
    said = str(caught.value)
    assert f"no token of service account {READER}, which {STAGING} is for: no key file of it was given" in said
    assert f"no token of service account {PROMOTER}, which {EUROPE} and 1 more are for: no key file of it" in said
    assert [requests_to(staging, host) for host in staging.servers.registries] == [0, 0, 0]


async def test_a_dry_run_warns_of_an_account_without_credentials_and_reads_anonymously(
    staging: Staging, promoter_for: MakePromoter, caplog: pytest.LogCaptureFixture
) -> None:
    fill(staging)
    for host in staging.servers.registries.values():
        host.auth = BearerAuth(Accounts(anonymous_pull=True))
    async with promoter_for(staging) as promoter:
        report = await promoter.run(await manifests_of(staging, NAMED))
    assert fates(report) == {Fate.WOULD_PROMOTE: 6}
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2, "one for each account"
    assert all("without credentials" in warning for warning in warnings)


async def test_accounts_of_promoter_manifests_can_be_left_unused(
    staging: Staging, google: FakeGoogle, promoter_for: MakePromoter
) -> None:
    fill(staging, 1)
    async with promoter_for(staging, confirm=True, use_service_accounts=False) as promoter:
        report = await promoter.run(await manifests_of(staging, NAMED))
    assert fates(report) == {Fate.PROMOTED: 2}
    assert google.asked == []


async def test_two_accounts_for_one_registry_are_told_with_both_places(
    staging: Staging, promoter_for: MakePromoter, tmp_path: Path
) -> None:
    fill(staging, 1)
    one = await manifests_of(staging, NAMED)
    other = await manifests_of(staging, NAMED | {EUROPE: READER})
    both = PromoterManifests(manifests=(*one.manifests, *other.manifests), problems=())
    async with promoter_for(staging) as promoter:
        with pytest.raises(InvalidManifests) as caught:
            await promoter.run(both)
    (problem,) = str(caught.value).splitlines()
    path = tmp_path / "promoter-manifest.yaml"
    expected = f"registry {EUROPE} has service account {READER} here, and {PROMOTER} at {path}:5:9"
    assert problem == f"{path}:5:9: {expected}"


async def test_no_token_goes_to_a_registry_that_is_not_googles(
    plain: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter, caplog: pytest.LogCaptureFixture
) -> None:
    fill(plain, 1)
    keys = (await key_file(PROMOTER),)
    async with promoter_for(plain, confirm=True, key_files=keys) as promoter:
        report = await promoter.run(await manifests_of(plain, {"eu.example/prod": PROMOTER}))
    assert fates(report) == {Fate.PROMOTED: 2}
    assert google.asked == []
    assert {entry.authorization for entry in plain.servers["eu.example"].ledger.entries} == {""}
    assert f"the service account {PROMOTER} is not used for it" in caplog.text


async def test_a_host_that_is_said_to_be_googles_gets_tokens(
    plain: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter
) -> None:
    plain.servers["eu.example"].rules = Rules.google()
    plain.servers["eu.example"].auth = BearerAuth(tokens=google.issued)
    fill(plain, 1)
    options: dict[str, Any] = {"key_files": (await key_file(PROMOTER),), "strategies": {"eu.example": "google"}}
    async with promoter_for(plain, confirm=True, **options) as promoter:
        await promoter.run(await manifests_of(plain, {"eu.example/prod": PROMOTER}))
    assert accounts_at(plain, "eu.example") == {PROMOTER}


async def test_somebodys_own_account_never_goes_over_plain_http(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(await key_file(READER)))
    fill(staging, 1)
    async with promoter_for(staging, confirm=True) as promoter:
        await promoter.run(await staging.manifests())
    assert google.asked == []
    assert {entry.authorization for entry in staging.servers["eu.gcr.io"].ledger.entries} == {""}


@pytest.fixture
async def encrypted(stack: AsyncExitStack, tmp_path: Path) -> tuple[Servers, Path]:
    """gcr.io over TLS, and the authority to trust."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca_cert = tmp_path / "registry-ca.pem"
    await to_thread.run_sync(authority.cert_pem.write_to_path, str(ca_cert))
    await to_thread.run_sync(authority.issue_cert("127.0.0.1").configure_cert, context)
    registries = FakeRegistries("gcr.io", "registry.example", rules=Rules.google)
    return await stack.enter_async_context(serve(registries, tls=context)), ca_cert


async def test_where_none_is_named_googles_registries_see_whoever_is_here(
    encrypted: tuple[Servers, Path], google: FakeGoogle, key_file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers, ca_cert = encrypted
    for host in servers.registries.values():
        images.push(host.store, "foo/bar", images.single(seed="1"))
    servers["gcr.io"].auth = BearerAuth(tokens=google.issued)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(await key_file(READER)))
    async with Promoter(endpoints=servers.endpoints, ca_cert=ca_cert, strategies={}) as promoter:
        async with promoter.snapshot("gcr.io/foo") as snapshot:
            assert snapshot.counts.images == 1
        async with promoter.snapshot("registry.example/foo"):
            pass
    assert {entry.account for entry in servers["gcr.io"].ledger.entries} == {READER}
    assert {entry.authorization for entry in servers["registry.example"].ledger.entries} == {""}


async def test_whoever_is_here_may_be_nobody(
    encrypted: tuple[Servers, Path], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    servers, ca_cert = encrypted
    caplog.set_level(logging.INFO)
    images.push(servers["gcr.io"].store, "foo/bar", images.single(seed="1"))
    async with (
        Promoter(endpoints=servers.endpoints, ca_cert=ca_cert) as promoter,
        promoter.snapshot("gcr.io/foo") as snapshot,
    ):
        assert snapshot.counts.images == 1
    said = [record.getMessage() for record in caplog.records if "no Google account" in record.getMessage()]
    assert said == ["no Google account is used where none is named: the program gcloud is not on PATH"]


async def test_a_snapshot_is_read_as_the_account_that_is_named(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter
) -> None:
    fill(staging)
    guard(staging, google)
    options: dict[str, Any] = {"key_files": (await key_file(READER),), "service_accounts": {"gcr.io/staging": READER}}
    async with promoter_for(staging, **options) as promoter, promoter.snapshot("gcr.io/staging") as snapshot:
        assert snapshot.counts.images == 3
    assert accounts_at(staging, "gcr.io") == {READER}


async def test_an_account_that_the_operator_names_is_required_in_dry_runs_too(
    staging: Staging, promoter_for: MakePromoter
) -> None:
    async with promoter_for(staging, service_accounts={"gcr.io/staging": READER}) as promoter:
        with pytest.raises(CredentialError, match=f"no token of service account {READER}"):
            async with promoter.snapshot("gcr.io/staging"):
                pass


def test_a_service_account_is_for_a_registry() -> None:
    with pytest.raises(InvalidSettings, match="registry of a service account is 'nonsense'"):
        Promoter(service_accounts={"nonsense": READER})


@pytest.fixture
def shown(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Everything that was shown; at the end it must hold no secret."""
    caplog.set_level(logging.DEBUG)
    lines: list[str] = []
    yield lines
    text = "\n".join([*lines, caplog.text])
    assert PROMOTER in text
    for secret in ("Marker", "ya29", "PRIVATE KEY", "eyJ", "Bearer "):
        assert secret not in text


async def test_no_token_and_no_key_shows_anywhere(
    staging: Staging, google: FakeGoogle, key_file: KeyFile, promoter_for: MakePromoter, shown: list[str]
) -> None:
    fill(staging)
    guard(staging, google)
    staging.servers["us.gcr.io"].auth = BasicAuth(Accounts())
    keys = (await key_file(READER), await key_file(PROMOTER))
    manifests = await manifests_of(staging, NAMED)
    async with promoter_for(
        staging, confirm=True, key_files=keys, listener=lambda e: shown.append(repr(e))
    ) as promoter:
        report = await promoter.run(manifests)
        shown += [repr(report), *json_document(report, exit_code=3, version="0"), repr(vars(promoter))]
        connections = vars(promoter._connections)
        shown += [repr(connections), repr(vars(connections["_google"])), repr(vars(connections["transport"]))]
    async with promoter_for(staging, confirm=True) as promoter:
        try:
            await promoter.run(manifests)
        except CipError as error:
            shown += traceback.format_exception(error)
