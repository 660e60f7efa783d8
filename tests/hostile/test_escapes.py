"""Text from a registry, or from whoever may push to one, drives no terminal, no log and no annotation: it is escaped.

Checked in everything that `cip` says or writes: results, notes, the log as text and as JSON, above progress bars,
reports, annotations for GitHub, and what the auditor logs.
"""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from cip_async.fake_registry.images import single
from tests.service.accounts.conftest import KeyFile
from tests.service.cli.conftest import Cip, endpoints
from tests.service.cli.test_audit import Start
from tests.service.conftest import ServeHosts
from tests.service.registry.scripted import ABSENT, Reply, Seen, scripted
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

EVIL = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m\r\n::error::owned\n2026-01-01T00:00:00Z INFO    owned"
HEADER = "\u202eowned"
"""What can be sent in a header; an answer with control characters in one is no HTTP, and is not read at all."""
RAW = re.compile(r"\x1b\]|\x1b\[2J|\x07|\u202e|\x9b|^::error::owned|^2026-01-01T", re.MULTILINE)
"""What none of it may look like. Bars have escapes of their own, but not these."""
BODIES = {
    "error": {"errors": [{"code": EVIL, "message": EVIL, "detail": EVIL}]},
    "tag": {"tags": ["v1", EVIL]},
    "child": {"tags": [], "manifest": {}, "child": [EVIL]},
    "digest": {"tags": ["v1"], "manifest": {EVIL: {"tag": ["v1"]}}},
    "type": {"tags": ["x"], "manifest": {f"sha256:{'a' * 64}": {"tag": ["x"], "mediaType": EVIL}}},
    "field": {EVIL: EVIL, "tags": EVIL},
}
HEADERS = {
    "header": {"Docker-Content-Digest": HEADER, "Content-Type": HEADER},
    "redirect": {"Location": f"https://thief.net/{HEADER}"},
    "link": {"Link": f'<https://thief.net/{HEADER}>; rel="next"'},
}
KINDS = (*BODIES, *HEADERS, "challenge")
OF_GOOGLE = ("child", "digest", "type", "field")
HARMLESS = ("type", "header")
"""What makes no answer useless: a type of which nothing is asked, a digest header of a listing."""


@pytest.fixture(autouse=True)
def _nothing_blocks_the_event_loop() -> None:
    """Here something may: a test reads and writes small files, and the code it tests is in another process."""


def answer(seen: Seen) -> Reply:
    """What the host of a kind says, which is named in the path."""
    if seen.path == "/v2/_catalog":
        return Reply(body=json.dumps({"repositories": [f"prod/{kind}" for kind in KINDS]}).encode())
    kind = next((kind for kind in KINDS if f"/{kind}/" in seen.path), "error")
    if kind == "challenge":
        return Reply(401, {"WWW-Authenticate": f'Bearer realm="https://thief.net/{HEADER}",scope="{HEADER}"'})
    if kind in HEADERS:
        return Reply(307 if kind == "redirect" else 200, HEADERS[kind], b'{"tags":[]}')
    if kind != "error" and not seen.path.endswith("/tags/list"):
        return ABSENT
    return Reply(403 if kind == "error" else 200, {}, json.dumps(BODIES[kind]).encode())


def assert_escaped(*texts: str) -> None:
    for text in texts:
        found = RAW.search(text)
        assert found is None, f"{found} in {text[:2000]!r}"


@pytest.fixture
async def hostile(serve_hosts: ServeHosts, tmp_path: Path) -> AsyncIterator[tuple[Staging, list[str]]]:
    """Staging that is in order, with a mirror that is not, and the endpoints of both."""
    servers = await serve_hosts("staging.example")
    staging = Staging(servers, tmp_path, source="staging.example", mirrors=("evil.example", "evil.gcr.io"))
    for kind in KINDS:
        staging.push(kind, single(seed=kind), *(f"v{number}" for number in range(1, 4)))
    async with AsyncExitStack() as stack:
        evil = await stack.enter_async_context(scripted(answer))
        hosts = ["evil.example", "evil.gcr.io"]
        yield staging, [*endpoints(servers), *(f"--endpoint={host}={evil.url}" for host in hosts)]


@pytest.mark.parametrize(
    "telling", [["-vv"], ["-vv", "--log-format=json"], ["--progress=always"]], ids=["text", "json", "bars"]
)
async def test_a_promotion(hostile: tuple[Staging, list[str]], cip: Cip, tmp_path: Path, telling: list[str]) -> None:
    staging, arguments = hostile
    report = tmp_path / "report.json"
    told = await cip("run", "--confirm", f"--manifest={staging.written()}", f"--report={report}", *telling, *arguments)
    assert told.code == 3, told.err
    assert_escaped(told.out, told.err, report.read_text())
    assert told.err.count("owned") + told.out.count("owned") >= 2
    reasons = [edge["reason"] for edge in json.loads(report.read_text())["edges"]]
    assert any("owned" in reason for reason in reasons)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_listing(hostile: tuple[Staging, list[str]], cip: Cip, kind: str) -> None:
    _, arguments = hostile
    host = "evil.gcr.io" if kind in OF_GOOGLE else "evil.example"
    told = await cip("snapshot", f"{host}/prod/{kind}", "--output=json", "-vv", *arguments)
    assert_escaped(told.out, told.err)
    assert (told.code == 0) == (kind in HARMLESS), told.err


async def test_doctor_and_diff(hostile: tuple[Staging, list[str]], cip: Cip) -> None:
    staging, arguments = hostile
    staging.wanted = {"error": staging.wanted["error"]}
    doctor = await cip("doctor", f"--manifest={staging.written()}", *arguments)
    diff = await cip("diff", "staging.example/staging", "evil.gcr.io/prod/error", *arguments)
    assert (doctor.code, diff.code) == (1, 3)
    assert "owned" in doctor.out
    assert "owned" in diff.err
    assert_escaped(doctor.out, doctor.err, diff.out, diff.err)


@pytest.mark.parametrize("form", ["text", "json", "github"])
async def test_what_a_scanner_says_in_annotations(
    staging: Staging, cip: Cip, environment: dict[str, str], key_file: KeyFile, form: str
) -> None:
    staging.push("app", single(seed="app"), "v1")
    account = await key_file("scanner@prod.iam.gserviceaccount.com")
    environment["GOOGLE_APPLICATION_CREDENTIALS"] = str(account)
    bad = {"effectiveSeverity": "HIGH", "shortDescription": EVIL, "fixAvailable": True}
    found = [{"vulnerability": bad}, {"discovery": {"analysisStatus": "FINISHED_SUCCESS"}}]
    async with scripted(lambda _: Reply(body=json.dumps({"occurrences": found}).encode())) as scanner:
        told = await cip(
            "run",
            f"--manifest={staging.written()}",
            "--vuln-severity-threshold=4",
            f"--findings={form}",
            f"--endpoint=containeranalysis.googleapis.com={scanner.url}",
            *endpoints(staging.servers),
        )
    assert told.code == 1, told.err
    assert "owned" in told.out
    assert_escaped(told.out, told.err)


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_the_auditor(hostile: tuple[Staging, list[str]], auditor_process: Start, log_format: str) -> None:
    staging, arguments = hostile
    manifests = f"--manifest-path={staging.written()}"
    digest = f"sha256:{'a' * 64}"
    pushes: list[Callable[[], dict[str, str]]] = [
        lambda: {"action": EVIL, "digest": f"evil.example/prod/app@{digest}"},
        lambda: {"action": "INSERT", "digest": f"evil.example/{EVIL}@{digest}"},
        lambda: {
            "action": "INSERT",
            "digest": f"evil.example/prod/app@{digest}",
            "tag": f"evil.example/prod/app:{EVIL}",
        },
    ]
    async with auditor_process(manifests, *arguments, "-vv", f"--log-format={log_format}") as running:
        for number, change in enumerate(pushes):
            status, told = await running.push(change(), message_id=f"{number}{EVIL}")
            assert_escaped(json.dumps(told))
            assert status == 200
    assert "owned" in "\n".join(running.out)
    assert_escaped("\n".join(running.out), "\n".join(running.err))
