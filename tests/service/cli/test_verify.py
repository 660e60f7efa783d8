"""`cip verify` as a process of its own: what it says, what it writes down, what it exits with."""

import json
from pathlib import Path

import pytest

from cip_async.fake_registry.faults import FaultKind
from tests.service.cli.conftest import Cip
from tests.service.staging import Staging
from tests.service.verification.mirrors import HARMS, LAYERED, blobs, fill

pytestmark = pytest.mark.anyio


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
    line = f"eu.gcr.io/prod/app: blob {layer}, which {LAYERED.digest} needs: is missing; gcr.io/staging/app has it"
    assert line in told.out.splitlines()
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


async def test_wrong_entries_are_told_and_the_rest_is_verified(cip: Cip, mirrors: Staging) -> None:
    path = mirrors.written()
    path.write_text(path.read_text() + '    "sha256:12": [short]\n')
    told = await cip("verify", f"--manifest={path}", servers=mirrors.servers)
    assert told.code == 1
    assert "sha256:12" in told.err
    assert "Verified 20 edges" in told.out


async def test_one_form_of_manifests_must_be_named(cip: Cip) -> None:
    assert (await cip("verify")).code == 2
