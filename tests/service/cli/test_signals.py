"""The first signal ends a run in good order, with its report."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import anyio
import jsonschema
import pytest
from anyio.streams.text import TextReceiveStream

from cip_async.fake_registry import images
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.ledger import Entry
from cip_async.settings import MIB
from tests.service.cli.conftest import CIP, endpoints
from tests.service.cli.test_run import SCHEMA
from tests.service.staging import Staging
from tests.service.tripwire import Tripwire

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


def _never_answer_listings(staging: Staging) -> CallClass:
    """The mirrors never say what they hold: the crawl is under way."""
    for mirror in staging.mirrors:
        staging.servers[mirror].latency.by_class[CallClass.TAGS] = FOREVER_MS
    return CallClass.TAGS


def _never_answer_for_the_source(staging: Staging) -> CallClass:
    """The source never says what it holds, whereas the mirrors do."""
    staging.servers["gcr.io"].latency.ms = FOREVER_MS
    return CallClass.TAGS


def _stall_an_upload(staging: Staging) -> CallClass:
    """The bytes of a layer stop coming in the middle, while mirrors wait for them."""
    staging.servers["gcr.io"].faults.add("stalled", on=[CallClass.BLOB_GET])
    return CallClass.BLOB_GET


def _take_back_no_upload(staging: Staging) -> CallClass:
    """Uploads are never answered, nor is it answered when they are given up."""
    for mirror in staging.mirrors:
        staging.servers[mirror].latency.by_class |= dict.fromkeys(
            (CallClass.UPLOAD, CallClass.UPLOAD_CANCEL), FOREVER_MS
        )
    return CallClass.UPLOAD


def _pause_for_long(staging: Staging) -> CallClass:
    """A mirror wants to be left in peace for long."""
    staging.servers["us.gcr.io"].faults.add("429", seconds=3600)
    return CallClass.TAGS


def _fail_for_long(staging: Staging) -> CallClass:
    """A mirror fails again and again, and is tried again for long."""
    staging.servers["us.gcr.io"].faults.add("500")
    return CallClass.TAGS


@pytest.mark.parametrize(
    "hang",
    [
        _never_answer_listings,
        _never_answer_for_the_source,
        _stall_an_upload,
        _take_back_no_upload,
        _pause_for_long,
        _fail_for_long,
    ],
)
@pytest.mark.parametrize("ending", ["interrupted", "timed-out"])
async def test_whatever_it_waits_for_it_ends_by_itself_with_a_true_report(
    ending: str, hang: Callable[[Staging], CallClass], staging: Staging, environment: dict[str, str], tmp_path: Path
) -> None:
    staging.push("app", images.single(seed="app", layers=[images.layer("large", 2 * MIB)]), "v1")
    staging.push("tool", images.single(seed="tool"), "v1")
    hanging = hang(staging)
    reached = anyio.Event()

    def watch(entry: Entry) -> None:
        if entry.call_class is hanging:
            reached.set()

    for host in staging.servers.registries.values():
        host.ledger = Tripwire(on_request=watch)
    path = tmp_path / "report.json"
    command = [*CIP, "run", f"--manifest={staging.written()}", "--confirm", f"--report={path}", "--progress=never"]
    timeout = ["--timeout=3"] if ending == "timed-out" else []
    with anyio.fail_after(100):  # what it waits for takes an hour
        process = await anyio.open_process(
            [*command, *timeout, *endpoints(staging.servers)], env=environment, stdout=DEVNULL
        )
        async with process:
            if ending == "interrupted":
                await reached.wait()
                process.send_signal(signal.SIGTERM)
            assert process.stderr is not None
            err = "".join([text async for text in TextReceiveStream(process.stderr)])
            code = await process.wait()

    assert code == (143 if ending == "interrupted" else 3)
    assert "Traceback" not in err
    report = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(report, SCHEMA)
    assert (report["ending"], report["exit_code"]) == (ending, code)
    fates = report["counts"]["fates"]
    assert sum(fates.values()) == 4
    written = {
        (f"{mirror}/prod/{name}", tag)
        for mirror in staging.mirrors
        for name, tags in staging.in_mirror(mirror).items()
        for tag in tags
    }
    promoted = {(edge["destination"], edge["tag"]) for edge in report["edges"] if edge["fate"] == "promoted"}
    assert promoted <= written
    assert len(promoted) < 4
    for mirror in staging.mirrors:
        host = staging.servers[mirror]
        assert host.store.early_tags() == []
        if hang is not _take_back_no_upload:
            assert host.store.open_uploads <= unanswered_posts(report, mirror)


def unanswered_posts(report: dict[str, Any], mirror: str) -> int:
    """Requests that may have opened an upload of which the run was told nothing, since it ended before the answer."""
    lost = [line for line in report["ledger"] if (line["host"], line["method"], line["status"]) == (mirror, "POST", 0)]
    return sum(line["requests"] for line in lost)


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
