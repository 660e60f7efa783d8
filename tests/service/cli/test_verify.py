"""`cip verify` as a process of its own: what it says, what it writes down, what it exits with."""

import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from cip_async.fake_registry.auth import BearerAuth
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.faults import FaultKind
from tests.service.cli.conftest import Cip
from tests.service.staging import Staging
from tests.service.verification.mirrors import HARMS, LAYERED, blobs, fill

pytestmark = pytest.mark.anyio

FOREVER_MS = 3_600_000.0
SCHEMA = json.loads(
    resources.files("cip_async.reporting").joinpath("verification.schema.json").read_text(encoding="utf-8")
)


@pytest.fixture
def mirrors(staging: Staging) -> Staging:
    """Mirrors that hold all that is wanted."""
    fill(staging)
    return staging


async def test_where_all_is_well_it_exits_with_0(cip: Cip, mirrors: Staging) -> None:
    told = await cip("verify", f"--manifest={mirrors.written()}", "--deep", servers=mirrors.servers)
    assert (told.code, told.err) == (0, "")
    first, *rest = told.out.splitlines()
    assert first.startswith("Verified 20 edges and all of 18 images in ")
    assert first.endswith(": all is as it is wanted")
    assert [line.partition(":")[0] for line in rest] == ["Cost"]
    assert mirrors.writes() == []


async def test_harm_is_told_and_exits_with_1(cip: Cip, mirrors: Staging, tmp_path: Path) -> None:
    for harm in HARMS:
        harm.do(mirrors.servers["eu.gcr.io"].store)
    report = tmp_path / "report.json"
    told = await cip(
        "verify", f"--manifest={mirrors.written()}", "--deep", f"--report={report}", servers=mirrors.servers
    )
    assert told.code == 1
    layer = blobs(LAYERED)[1]
    assert f"  blob {layer} is missing; gcr.io/staging/app has it\n    needed by {LAYERED.digest}\n" in told.out
    assert "Next: cip run --confirm --repair places again what is damaged" in told.out
    written = json.loads(report.read_text())
    assert written["exit_code"] == 1
    assert len(written["drift"]) == 3
    assert len(written["damages"]) == 8


async def test_what_a_registry_does_not_tell_exits_with_3(cip: Cip, mirrors: Staging) -> None:
    mirrors.servers["eu.gcr.io"].faults.add(FaultKind.SHORT, on=["tags"])
    told = await cip("verify", f"--manifest={mirrors.written()}", servers=mirrors.servers)
    assert told.code == 3
    assert told.out.splitlines()[-1] == "Next: verify again what is unknown, when the registries answer"


async def test_where_access_is_refused_it_says_to_mend_that_and_not_merely_to_verify_again(
    cip: Cip, mirrors: Staging
) -> None:
    mirrors.servers["eu.gcr.io"].auth = BearerAuth()
    told = await cip("verify", f"--manifest={mirrors.written()}", servers=mirrors.servers)
    assert told.code == 3
    *_, before, last = told.out.splitlines()
    assert last == "Next: mend the credentials or permissions named above, which cip doctor tries, and verify again"
    assert not before.startswith("Next")


@pytest.mark.parametrize("deep", [[], ["--deep"]], ids=["listings", "deep"])
async def test_one_that_takes_too_long_ends_in_good_order_and_exits_with_3(
    cip: Cip, mirrors: Staging, tmp_path: Path, deep: list[str]
) -> None:
    slow = CallClass.BLOB_HEAD if deep else CallClass.TAGS
    mirrors.servers["eu.gcr.io"].latency.by_class[slow] = FOREVER_MS
    path = tmp_path / "report.json"
    told = await cip(
        "verify",
        f"--manifest={mirrors.written()}",
        *deep,
        "--timeout=3",
        f"--report={path}",
        servers=mirrors.servers,
    )
    assert told.code == 3
    assert "Out of time after " in told.out
    assert "Next: verify again; this one did not come to its end" in told.out
    written = json.loads(path.read_text())
    jsonschema.validate(written, SCHEMA)
    assert (written["ending"], written["exit_code"]) == ("timed-out", 3)


async def test_wrong_entries_are_told_and_the_rest_is_verified(cip: Cip, mirrors: Staging) -> None:
    path = mirrors.written()
    path.write_text(path.read_text() + '    "sha256:12": [short]\n')
    told = await cip("verify", f"--manifest={path}", servers=mirrors.servers)
    assert told.code == 1
    assert "sha256:12" in told.err
    assert "Verified 20 edges" in told.out


async def test_one_form_of_manifests_must_be_named(cip: Cip) -> None:
    assert (await cip("verify")).code == 2


async def test_a_run_repairs_and_says_what_it_mended(cip: Cip, mirrors: Staging, tmp_path: Path) -> None:
    layer = blobs(LAYERED)[1]
    mirrors.servers["eu.gcr.io"].store.drop_blob("prod/app", layer)
    piece = f"  blob {layer} is missing; gcr.io/staging/app has it\n"
    told = f" in eu.gcr.io/prod/app:\n{piece}    needed by {LAYERED.digest}\n"
    manifest, report = f"--manifest={mirrors.written()}", tmp_path / "report.json"

    dry = await cip("run", manifest, "--repair", servers=mirrors.servers)
    assert dry.code == 0
    assert f"Would be repaired{told}" in dry.out
    assert dry.out.splitlines()[-1] == "Next: run again with --confirm --repair to place again what is damaged"
    assert mirrors.writes() == []

    done = await cip("run", manifest, "--repair", "--confirm", f"--report={report}", servers=mirrors.servers)
    assert done.code == 0
    assert f"Repaired{told}" in done.out
    assert "Damaged content: 1 piece placed again" in done.out
    [repair] = json.loads(report.read_text())["repairs"]
    assert (repair["digest"], repair["fate"], repair["why"]) == (layer, "repaired", "")

    assert (await cip("verify", manifest, "--deep", servers=mirrors.servers)).code == 0


async def test_what_cannot_be_mended_exits_with_3(cip: Cip, mirrors: Staging) -> None:
    layer = blobs(LAYERED)[1]
    for host, path in (("gcr.io", "staging/app"), ("eu.gcr.io", "prod/app"), ("us.gcr.io", "prod/app")):
        mirrors.servers[host].store.drop_blob(path, layer)
    told = await cip("run", f"--manifest={mirrors.written()}", "--repair", "--confirm", servers=mirrors.servers)
    assert told.code == 3
    reason = f"damaged: blob {layer} is missing; neither the source nor another mirror has it"
    assert f"Failed: eu.gcr.io/prod/app:v6: {reason}" in told.out.splitlines()


async def test_a_run_verifies_what_it_wrote(cip: Cip, staging: Staging) -> None:
    staging.push("app", LAYERED, "v6")
    manifest = f"--manifest={staging.written()}"
    told = await cip("run", manifest, "--confirm", "--verify", servers=staging.servers)
    assert told.code == 0
    assert "Listed again after the run: 2 repositories" in told.out.splitlines()


@pytest.mark.parametrize("options", [["--verify"], ["--repair", "--inventory=x", "--trust-inventory=1h"]])
async def test_options_that_contradict_each_other_are_refused(options: list[str], cip: Cip, staging: Staging) -> None:
    staging.push("app", LAYERED, "v6")
    assert (await cip("run", f"--manifest={staging.written()}", *options)).code == 2
