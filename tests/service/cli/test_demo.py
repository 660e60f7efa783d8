"""`cip demo`: everything that it says holds, or it fails."""

from pathlib import Path

import pytest

from cip_async.cli.demo_content import wishes
from cip_async.cli.demonstrating import Demo, demo_manifests, demo_registries
from cip_async.cli.logs import LogFormat
from cip_async.cli.options import Telling
from cip_async.cli.progress_mode import ProgressMode
from cip_async.cli.screen import Screen
from cip_async.reporting.exit_code import ExitCode
from tests.service.cli.conftest import Cip

pytestmark = pytest.mark.anyio


async def test_the_demo_promotes_and_has_nothing_left_to_do(cip: Cip) -> None:
    told = await cip("demo", "--latency=0")
    assert told.code == 0, told.err
    assert told.err == ""
    assert "NOT SO" not in told.out
    parts = ["Dry run, nothing was written: ", "Promoted ", "requests in all", "Nothing to do: ", "Everything held."]
    positions = [told.out.index(part) for part in parts]
    assert positions == sorted(positions)
    assert max(map(len, told.out.splitlines())) < 100


async def test_progress_bars_can_be_forced(cip: Cip) -> None:
    told = await cip("demo", "--latency=0", "--progress=always")
    assert told.code == 0
    assert "images placed" in told.err


async def test_a_demo_that_does_not_hold_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = wishes()
    demo = Demo(
        wanted=wanted,
        manifests=demo_manifests(tmp_path, wanted),
        folder=tmp_path,
        registries=demo_registries(wanted[1:], latency_ms=0),
        telling=Telling(log_format=LogFormat.TEXT, progress=ProgressMode.NEVER, verbosity=0),
        screen=Screen(),
    )
    assert await demo.perform() is ExitCode.WRONG
    told = capsys.readouterr()
    assert "NOT SO: every mirror holds what the manifests want" in told.err
    assert "asia.gcr.io/demo-prod/pause does not hold what is wanted, and that alone" in told.err
    assert "The demo failed: " in told.err
    assert "Everything held" not in told.out
