"""The real `cip audit serve`, as a process of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import attrs
import pytest
from aiohttp import web
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.text import TextReceiveStream

from cip_async.fake_registry.images import multi_arch
from tests.service.audit.signing import ACCOUNT, AUDIENCE, Key, certificates
from tests.service.cli.conftest import CIP, Cip, endpoints
from tests.service.staging import Staging
from tests.unit.audit.pushes import push

pytestmark = pytest.mark.anyio

APP = "us.gcr.io/prod/app"
LONG_AGO = "2020-01-01T00:00:00Z"
"""Events of then need no newer manifests than those at hand."""


@attrs.define
class Auditor:
    """A running process, and what it said."""

    process: Process
    session: aiohttp.ClientSession
    out: list[str] = attrs.field(factory=list)
    err: list[str] = attrs.field(factory=list)
    url: str = ""
    _more: anyio.Event = attrs.field(factory=anyio.Event)

    async def follow(self, stream: ByteReceiveStream | None, lines: list[str]) -> None:
        """Note the lines of a stream as they come."""
        assert stream is not None
        rest = ""
        async for text in TextReceiveStream(stream):
            *whole, rest = (rest + text).split("\n")
            lines += whole
            self._more.set()
        self._more.set()

    async def said(self, lines: list[str], text: str) -> str:
        """Wait for a line with this text."""
        while True:
            for line in lines:
                if text in line:
                    return line
            self._more = anyio.Event()
            await self._more.wait()

    async def push(self, change: Mapping[str, str], **message: Any) -> tuple[int, dict[str, Any]]:
        """Push a change as Pub/Sub does."""
        async with self.session.post(self.url, data=push(change, **message)) as answer:
            return answer.status, await answer.json()

    def entries(self) -> list[dict[str, Any]]:
        """The JSON objects on stdout."""
        return [json.loads(line) for line in self.out]


Start = Callable[..., Any]


@pytest.fixture
def auditor(environment: dict[str, str]) -> Start:
    """Runs an auditor with these arguments, until SIGTERM at the end of the block."""

    @asynccontextmanager
    async def start(*arguments: str, variables: Mapping[str, str] | None = None) -> AsyncIterator[Auditor]:
        command = [*CIP, "audit", "serve", "--address=127.0.0.1", *arguments]
        told = {**environment, "PORT": "0", **(variables or {})}
        with anyio.fail_after(100):
            async with (
                await anyio.open_process(command, env=told) as process,
                aiohttp.ClientSession() as session,
                anyio.create_task_group() as tasks,
            ):
                running = Auditor(process, session)
                tasks.start_soon(running.follow, process.stdout, running.out)
                tasks.start_soon(running.follow, process.stderr, running.err)
                try:
                    line = await running.said(running.err, "listening on port")
                    running.url = f"http://127.0.0.1:{re.findall(r'port ([0-9]+)', line)[0]}/"
                    await running.said(running.out, "promoter manifests")
                    yield running
                finally:
                    if process.returncode is None:
                        process.terminate()
                assert await process.wait() == 0

    return start


async def test_events_are_judged_and_logged_as_json_on_stdout(staging: Staging, auditor: Start) -> None:
    multi = multi_arch(seed="multi")
    staging.push("app", multi, "v1")
    arguments = (f"--manifest-path={staging.written()}", *endpoints(staging.servers), "--gcp-project-id=my-project")
    async with auditor(*arguments, variables={"K_SERVICE": "my-auditor", "K_REVISION": "r7"}) as running:
        child = {"action": "INSERT", "digest": f"{APP}@{multi.children[0].digest}"}
        assert await running.push(child) == (200, {"verdict": "verified-child"})
        assert await running.push({"action": "DELETE", "tag": f"{APP}:v1"}, message_id="2") == (
            200,
            {"verdict": "deletion"},
        )
    rejected = [each for each in running.entries() if each["severity"] == "ERROR"]
    assert [each["message"] for each in rejected] == [f"rejected DELETE {APP}:v1: promotions never delete anything"]
    assert rejected[0]["serviceContext"] == {"service": "my-auditor", "version": "r7"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", rejected[0]["time"])
    assert all(json.loads(line)["severity"] == "INFO" for line in running.err), running.err


async def test_the_repository_can_be_named_by_the_variables_of_the_go_auditor(
    auditor: Start, tmp_path: Path, environment: dict[str, str]
) -> None:
    tree = tmp_path / "tree"
    for folder in ("manifests/a", "images/a"):
        (tree / "production" / folder).mkdir(parents=True)
    digest = f"sha256:{'11' * 32}"
    (tree / "production/manifests/a/promoter-manifest.yaml").write_text(
        "registries:\n- {name: gcr.io/staging, src: true}\n- {name: us.gcr.io/prod}\n"
    )
    (tree / "production/images/a/images.yaml").write_text(f'- name: app\n  dmap:\n    "{digest}": ["v1"]\n')
    who = {f"GIT_{who}_{what}": "x@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for arguments in (("init", "-q", "-b", "trunk"), ("add", "."), ("commit", "-q", "-m", "All")):
        await anyio.run_process(["git", *arguments], cwd=tree, env={**environment, **who})
    variables = {
        "CIP_AUDIT_MANIFEST_REPO_URL": f"file://{tree}",
        "CIP_AUDIT_MANIFEST_REPO_BRANCH": "trunk",
        "CIP_AUDIT_MANIFEST_REPO_MANIFEST_DIR": "production",
        "CIP_AUDIT_GCP_PROJECT_ID": "my-project",
    }
    async with auditor(variables=variables) as running:
        event = {"action": "INSERT", "digest": f"{APP}@{digest}", "tag": f"{APP}:v1"}
        assert await running.push(event) == (200, {"verdict": "verified"})
    revision = (await anyio.run_process(["git", "rev-parse", "HEAD"], cwd=tree, env=environment)).stdout.decode()
    assert running.entries()[-1]["revision"] == revision.strip()


async def test_only_requests_with_a_token_of_the_subscription_are_listened_to(staging: Staging, auditor: Start) -> None:
    staging.push("app", multi_arch(seed="multi"), "v1")
    key = Key("one")
    deletion = push({"action": "DELETE", "tag": f"{APP}:v1"})
    async with (
        certificates(key) as published,
        auditor(
            f"--manifest-path={staging.written()}",
            f"--verify-oidc-audience={AUDIENCE}",
            f"--push-service-account={ACCOUNT}",
            f"--oidc-certs-url={published.url}",
        ) as running,
    ):
        statuses = []
        for token in (key.token(), key.token(aud="other"), key.token(email="other@example.com"), ""):
            headers = {"Authorization": f"Bearer {token}"}
            async with running.session.post(running.url, data=deletion, headers=headers) as answer:
                statuses.append(answer.status)
    assert statuses == [200, 401, 401, 401]
    assert [each["severity"] for each in running.entries()][1:] == ["ERROR", "WARNING", "WARNING", "WARNING"]


@attrs.define
class SlowSource:
    """A source registry that answers when a test lets it."""

    body: bytes
    asked: anyio.Event = attrs.field(factory=anyio.Event)
    may_answer: anyio.Event = attrs.field(factory=anyio.Event)

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Wait, and answer with an index."""
        del request
        self.asked.set()
        await self.may_answer.wait()
        return web.Response(body=self.body, content_type="application/vnd.oci.image.index.v1+json")


@asynccontextmanager
async def served(answer: Callable[[web.BaseRequest], Awaitable[web.Response]]) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def test_requests_in_flight_end_when_the_service_is_terminated(staging: Staging, auditor: Start) -> None:
    multi = multi_arch(seed="multi")
    staging.push("app", multi, "v1")
    source = SlowSource(multi.body)
    answers: list[tuple[int, dict[str, Any]]] = []
    async with (
        served(source.answer) as url,
        auditor(f"--manifest-path={staging.written()}", f"--endpoint=gcr.io={url}") as running,
    ):

        async def push_child() -> None:
            child = {"action": "INSERT", "digest": f"{APP}@{multi.children[0].digest}"}
            answers.append(await running.push(child, publishTime=LONG_AGO))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(push_child)
            await source.asked.wait()
            running.process.send_signal(signal.SIGTERM)
            await running.said(running.err, "ending after SIGTERM")
            source.may_answer.set()
        assert await running.process.wait() == 0
    assert answers == [(200, {"verdict": "verified-child"})]


async def test_without_manifests_the_command_is_refused(cip: Cip) -> None:
    told = await cip("audit", "serve")
    assert (told.code, told.out) == (2, "")
    assert "Name --manifest-repo-url URL, --manifest-path PATH, or both." in told.err


async def test_an_account_without_an_audience_is_refused(cip: Cip) -> None:
    told = await cip("audit", "serve", "--manifest-path=.", "--push-service-account=me@example.com")
    assert told.code == 2
    assert "--push-service-account needs --verify-oidc-audience AUDIENCE." in told.err


async def test_a_repository_that_cannot_be_used_is_refused(cip: Cip) -> None:
    told = await cip("audit", "serve", "--manifest-repo-url=ext::sh")
    assert (told.code, told.out) == (2, "")
    assert told.err == ("repository URL is 'ext::sh': expected https://…, ssh://…, file:///… or user@host:path\n")


async def test_a_port_that_is_taken_is_told(cip: Cip, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = await cip("audit", "serve", f"--manifest-path={tmp_path}", "--address=127.0.0.1", f"--port={port}")
    assert told.code == 2
    assert told.err == f"port is '127.0.0.1:{port}': expected one that can be had (Address already in use)\n"


def test_cip_auditor_is_the_same_command(tmp_path: Path) -> None:
    program = "import sys; sys.argv[0] = 'cip-auditor'; from cip_async.cli import auditor; auditor()"
    told = subprocess.run(
        [sys.executable, "-c", program, "--help"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.startswith("Usage: cip audit serve [OPTIONS]\n")
