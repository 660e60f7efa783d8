"""`cip` as a process of its own, with accounts: key files, doctor, and nothing secret in what it says."""

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import attrs
import pytest
from anyio import to_thread

from cip_async.fake_registry.auth import BearerAuth
from tests.service.accounts.conftest import PROMOTER, READER, KeyFile
from tests.service.accounts.google import FakeGoogle
from tests.service.accounts.test_promotion import NAMED, accounts_at, fill, guard, manifests_of
from tests.service.registry.scripted import Reply, Seen, scripted
from tests.service.staging import Staging
from tests.unit.manifests.samples import thin, write

pytestmark = pytest.mark.anyio


@attrs.frozen
class Told:
    """What a process said, and the code it exited with."""

    code: int
    out: str
    err: str


Cip = Callable[..., Awaitable[Told]]


@pytest.fixture
def cip(staging: Staging, environment: dict[str, str], tmp_path: Path) -> Cip:
    """Runs `cip` on what `staging` wants; nothing that it says may be a secret."""
    environment |= {"PYTHONWARNINGS": "error", "DOCKER_CONFIG": str(tmp_path / "docker")}

    async def run(command: str | None, *arguments: str) -> Told:
        await manifests_of(staging, NAMED)
        endpoints = [f"--endpoint={host}={url}" for host, url in staging.servers.endpoints.items()]
        manifest = f"--manifest={tmp_path / 'promoter-manifest.yaml'}"
        line = [sys.executable, "-m", "cip_async", *([command] if command else []), manifest, *arguments, *endpoints]
        with anyio.fail_after(100):
            ended = await anyio.run_process(line, check=False, env=environment)
        for secret in (b"Marker", b"ya29", b"PRIVATE KEY", b"eyJ"):
            assert secret not in ended.stdout + ended.stderr
        return Told(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    return run


@pytest.fixture
async def keys(key_file: KeyFile) -> str:
    return f"--key-files={await key_file(READER)},{await key_file(PROMOTER)}"


async def test_a_run_uses_key_files(staging: Staging, google: FakeGoogle, cip: Cip, keys: str, tmp_path: Path) -> None:
    fill(staging)
    guard(staging, google)
    report = tmp_path / "report.json"
    told = await cip("run", "--confirm", keys, "-vv", f"--report={report}")
    assert told.code == 0, told.err
    assert staging.in_mirror("eu.gcr.io") == staging.wanted_tags()
    assert "Marker" not in await anyio.Path(report).read_text()


async def test_a_run_without_the_credentials_it_needs_writes_nothing(staging: Staging, cip: Cip) -> None:
    fill(staging)
    told = await cip("run", "--confirm")
    assert told.code == 1
    assert f"no token of service account {READER}, which gcr.io/staging is for" in told.err
    assert staging.writes() == []


async def test_a_run_may_leave_the_accounts_of_its_manifests_unused(
    staging: Staging, google: FakeGoogle, cip: Cip
) -> None:
    fill(staging)
    told = await cip("run", "--confirm", "--no-use-service-account")
    assert told.code == 0, told.err
    assert google.asked == []


async def test_old_flags_name_key_files_and_want_accounts_to_be_used(
    staging: Staging, google: FakeGoogle, cip: Cip, keys: str
) -> None:
    fill(staging)
    guard(staging, google)
    told = await cip(None, keys.removeprefix("-"), "-use-service-account", "-dry-run=false")
    assert told.code == 0, told.err
    assert staging.in_mirror("eu.gcr.io") == staging.wanted_tags()


async def test_old_flags_use_ambient_credentials_unless_they_say_otherwise(
    staging: Staging, google: FakeGoogle, cip: Cip, keys: str
) -> None:
    fill(staging)
    told = await cip(None, keys, "-dry-run=false")
    assert told.code == 0, told.err
    assert google.asked == []


@pytest.mark.parametrize(("severity", "code"), [("HIGH", 1), ("LOW", 0)])
async def test_looking_for_vulnerabilities_promotes_nothing(
    staging: Staging, google: FakeGoogle, cip: Cip, keys: str, severity: str, code: int
) -> None:
    fill(staging)
    guard(staging, google)
    bad = {"effectiveSeverity": severity, "shortDescription": "CVE-1", "fixAvailable": True}
    found = [{"vulnerability": bad}, {"discovery": {"analysisStatus": "FINISHED_SUCCESS"}}]

    def answer(seen: Seen) -> Reply:
        assert google.issued[seen.headers["Authorization"].removeprefix("Bearer ")] == READER
        return Reply(body=json.dumps({"occurrences": found}).encode())

    async with scripted(answer) as scanner:
        told = await cip(
            None,
            keys,
            "-use-service-account",
            "-dry-run=false",
            "-vuln-severity-threshold=4",
            f"--endpoint=containeranalysis.googleapis.com={scanner.url}",
        )

    assert told.code == code, told.err
    assert ("has CVE-1: high, and a fix is available [vulnerabilities]" in told.out) == (code == 1)
    assert staging.writes() == []


async def test_without_a_token_for_the_scanner_it_is_told_what_it_was_for(
    staging: Staging, google: FakeGoogle, cip: Cip
) -> None:
    fill(staging, 1)
    (app,) = staging.wanted["app0"]
    told = await cip(None, "-vuln-severity-threshold=0")
    assert told.code == 1
    assert told.err.startswith(
        "credentials for containeranalysis.googleapis.com: no token to look for vulnerabilities of gcr.io/staging/app0"
        " with: the ambient Google account: "
    )
    assert app not in told.out


async def test_a_refused_account_is_told_and_the_run_is_partly_done(
    staging: Staging, google: FakeGoogle, cip: Cip, keys: str
) -> None:
    fill(staging)
    guard(staging, google)
    auth = staging.servers["us.gcr.io"].auth
    assert isinstance(auth, BearerAuth)
    auth.accounts.permissions.clear()
    auth.accounts.permit(PROMOTER, "prod/*", "pull")
    told = await cip("run", "--confirm", keys)
    assert told.code == 3
    assert f"{PROMOTER} may not write us.gcr.io/prod" in told.err
    assert staging.in_mirror("eu.gcr.io") == staging.wanted_tags()


async def test_registries_are_read_as_the_account_that_is_named(
    staging: Staging, google: FakeGoogle, environment: dict[str, str], key_file: KeyFile, tmp_path: Path
) -> None:
    fill(staging, 1)
    guard(staging, google)
    (app,) = staging.wanted["app0"]
    folder = tmp_path / "prod"
    await to_thread.run_sync(write, folder, thin("app", images="[]\n"))
    key, named = f"--key-files={await key_file(READER)}", f"service-account={READER}"
    endpoints = [f"--endpoint={host}={url}" for host, url in staging.servers.endpoints.items()]
    add = ["manifest", "add", f"--base-dir={folder}", "--staging-repo=gcr.io/staging", f"--filter-digest={app}"]
    for command, shown in (
        (["snapshot", "gcr.io/staging", "--output=csv", f"--{named}"], f"app0@{app},-\n"),
        (["diff", "gcr.io/staging", "gcr.io/staging", f"--{named}"], ""),
        ([*add, f"--{named}"], f'+    "{app}": []\n'),
        (
            ["-snapshot=gcr.io/staging", "-output-format=CSV", "-use-service-account", f"-snapshot-{named}"],
            f"app0@{app},-\n",
        ),
    ):
        line = [sys.executable, "-m", "cip_async", *command, key, *endpoints]
        with anyio.fail_after(60):
            ended = await anyio.run_process(line, check=False, env=environment)
        assert ended.returncode == 0, ended.stderr.decode()
        assert ended.stdout.decode().endswith(shown)
    assert accounts_at(staging, "gcr.io") == {READER}


async def test_doctor_prints_a_table(staging: Staging, google: FakeGoogle, cip: Cip, keys: str) -> None:
    fill(staging)
    guard(staging, google)
    told = await cip("doctor", keys)
    assert told.code == 0, told.err
    assert [line.split() for line in told.out.splitlines()] == [
        ["ACCOUNT", "REGISTRY", "READ", "WRITE", "REASON"],
        [READER, "gcr.io/staging", "yes", "-"],
        [PROMOTER, "eu.gcr.io/prod", "yes", "yes"],
        [PROMOTER, "us.gcr.io/prod", "yes", "yes"],
    ]
    assert told.err.splitlines()[-1] == "3 registries can be used as a run would have to"


async def test_doctor_exits_with_1_if_something_would_not_work(
    staging: Staging, google: FakeGoogle, cip: Cip, key_file: KeyFile
) -> None:
    fill(staging)
    guard(staging, google)
    told = await cip("doctor", f"--key-files={await key_file(PROMOTER)}", "--output=json")
    assert told.code == 1
    source, *destinations = json.loads(told.out)["registries"]
    assert (source["registry"], source["role"], source["passed"]) == ("gcr.io/staging", "source", False)
    assert f"no token of service account {READER}" in source["reason"]
    assert [(each["account"], each["read"], each["write"]) for each in destinations] == [(PROMOTER, "yes", "yes")] * 2


async def test_doctor_can_be_asked_about_some_destinations(staging: Staging, cip: Cip) -> None:
    fill(staging)
    told = await cip("doctor", "--to=eu.*", "--no-use-service-account", "--output=json")
    assert [each["registry"] for each in json.loads(told.out)["registries"]] == ["gcr.io/staging", "eu.gcr.io/prod"]


async def test_doctor_tells_of_a_glob_that_matches_nothing(staging: Staging, cip: Cip) -> None:
    fill(staging)
    told = await cip("doctor", "--to=eu.*", "--to=asia.*", "--no-use-service-account")
    assert told.code == 2
    assert told.err == "the filter is 'asia.*': expected a glob that matches what is wanted\n"
    assert told.out == ""


@pytest.mark.parametrize("command", ["run", "doctor"])
async def test_key_files_that_nothing_would_use_are_refused(
    staging: Staging, cip: Cip, keys: str, command: str
) -> None:
    fill(staging)
    told = await cip(command, keys, "--no-use-service-account")
    assert told.code == 2
    assert "--key-files are for service accounts: --no-use-service-account leaves those out." in told.err


async def test_doctor_wants_one_kind_of_manifests(cip: Cip, tmp_path: Path, staging: Staging) -> None:
    fill(staging)
    told = await cip("doctor", f"--thin-manifest-dir={tmp_path}")
    assert told.code == 2
    assert "Name either --manifest FILE or --thin-manifest-dir DIR." in told.err
