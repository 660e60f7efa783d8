"""The first signal ends a run in good order, with its report."""

import json
import signal
from pathlib import Path

import anyio
import jsonschema
import pytest
from anyio.streams.text import TextReceiveStream

from cip_async.fake_registry import images
from cip_async.fake_registry.calls import CallClass
from tests.service.cli.conftest import CIP, endpoints
from tests.service.cli.test_run import SCHEMA
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

FOREVER_MS = 3_600_000.0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_ends_the_run_with_its_report(
    number: signal.Signals, code: int, staging: Staging, environment: dict[str, str], tmp_path: Path
) -> None:
    staging.push("app", images.single(seed="app"), "v1")
    staging.servers["us.gcr.io"].latency.by_class[CallClass.UPLOAD] = FOREVER_MS
    path = tmp_path / "report.json"
    command = [*CIP, "run", f"--manifest={staging.written()}", "--confirm", f"--report={path}"]
    out, err = "", ""
    with anyio.fail_after(100):
        async with await anyio.open_process([*command, *endpoints(staging.servers)], env=environment) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            async for text in TextReceiveStream(process.stderr):
                if "promoted eu.gcr.io" in text:
                    process.send_signal(number)
                err += text
            async for text in TextReceiveStream(process.stdout):
                out += text
            await process.wait()
    assert process.returncode == code
    assert "Interrupted: requests in flight are being ended; once more to stop at once\n" in err
    assert "Traceback" not in err
    assert out.startswith("Interrupted after ")
    assert "promoted 1 edge (1 image)" in out
    assert out.endswith("Next: run again; what is done is not done twice\n")
    report = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(report, SCHEMA)
    assert (report["ending"], report["exit_code"]) == ("interrupted", code)
    assert report["counts"]["fates"] == {"promoted": 1, "not-started": 1}
    assert staging.in_mirror("eu.gcr.io") == staging.wanted_tags()


async def test_a_second_signal_ends_it_at_once(staging: Staging, environment: dict[str, str], tmp_path: Path) -> None:
    staging.push("app", images.single(seed="app"), "v1")
    host = staging.servers["us.gcr.io"]
    host.latency.by_class |= dict.fromkeys((CallClass.UPLOAD, CallClass.UPLOAD_CANCEL), FOREVER_MS)
    path = tmp_path / "report.json"
    command = [*CIP, "run", f"--manifest={staging.written()}", "--confirm", f"--report={path}"]
    with anyio.fail_after(100):
        async with await anyio.open_process([*command, *endpoints(staging.servers)], env=environment) as process:
            assert process.stderr is not None
            async for text in TextReceiveStream(process.stderr):
                if "promoted eu.gcr.io" in text or "Interrupted: " in text:
                    process.send_signal(signal.SIGINT)
            await process.wait()
    assert process.returncode == -signal.SIGINT
    assert not path.exists()


async def test_the_next_run_finishes_the_work(staging: Staging, environment: dict[str, str]) -> None:
    staging.push("app", images.single(seed="app"), "v1")
    host = staging.servers["us.gcr.io"]
    host.latency.by_class[CallClass.UPLOAD] = FOREVER_MS
    command = [*CIP, "run", f"--manifest={staging.written()}", "--confirm", *endpoints(staging.servers)]
    with anyio.fail_after(100):
        async with await anyio.open_process(command, env=environment) as process:
            assert process.stderr is not None
            async for text in TextReceiveStream(process.stderr):
                if "promoted eu.gcr.io" in text:
                    process.kill()
            await process.wait()
        host.latency.by_class.clear()
        ended = await anyio.run_process(command, check=False, env=environment)
    assert ended.returncode == 0
    assert ended.stdout.decode().startswith("Promoted 1 edge (1 image)")
    assert staging.in_mirror("us.gcr.io") == staging.wanted_tags()
