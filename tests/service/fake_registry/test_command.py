"""`cip fake-registry`, as a process of its own."""

import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
import anyio
import attrs
import pytest
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

pytestmark = pytest.mark.anyio

CIP = (sys.executable, "-m", "cip_async", "fake-registry", "--port=0")


@attrs.frozen
class Running:
    """The process, and where it serves which host."""

    process: Process
    endpoints: dict[str, str]

    async def end(self, number: signal.Signals) -> tuple[int | None, str]:
        """Send it a signal, and return its exit code and what it said on stderr."""
        self.process.send_signal(number)
        assert self.process.stderr is not None
        said = "".join([text async for text in TextReceiveStream(self.process.stderr)])
        await self.process.wait()
        return self.process.returncode, said


Start = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def start() -> Start:
    """Runs the command with further arguments until the block ends."""

    @asynccontextmanager
    async def run(*arguments: str) -> AsyncIterator[Running]:
        environment = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error"}
        with anyio.fail_after(100):
            async with await anyio.open_process([*CIP, *arguments], env=environment) as process:
                assert process.stdout is not None
                printed = ""
                async for text in TextReceiveStream(process.stdout):
                    printed += text
                    if "\n" in printed:
                        break
                try:
                    yield Running(process, dict(re.findall(r"--endpoint (\S+)=(http://127\.0\.0\.1:\d+)", printed)))
                finally:
                    if process.returncode is None:
                        process.kill()

    return run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_prints_where_it_serves_and_ends_well_on_a_signal(
    start: Start, http: aiohttp.ClientSession, number: signal.Signals
) -> None:
    async with start("--host=gcr.io", "--host=eu.gcr.io", "--listing=google", "--image=staging/app:v1") as running:
        assert list(running.endpoints) == ["gcr.io", "eu.gcr.io"]
        async with http.get(f"{running.endpoints['gcr.io']}/v2/staging/app/tags/list") as response:
            listing = await response.json()
        assert (listing["tags"], len(listing["manifest"])) == (["v1"], 3)
        code, said = await running.end(number)
    assert code == 0
    assert said == "Serving until interrupted (Ctrl-C)\ngcr.io: 1 request\neu.gcr.io: 0 requests\n"


async def test_its_users_are_asked_for_their_credentials(start: Start, http: aiohttp.ClientSession) -> None:
    async with start("--user=user:secret", "--anonymous-pull", "--image=app:v1") as running:
        endpoint = running.endpoints["localhost"]
        async with http.get(f"{endpoint}/v2/app/tags/list") as response:
            assert response.headers["WWW-Authenticate"].startswith("Bearer realm=")
        target = f"{endpoint}/token?service=localhost&scope=repository:app:pull"
        async with http.get(target) as response:
            token = json.loads(await response.read())["token"]
        async with http.get(f"{endpoint}/v2/app/tags/list", headers={"Authorization": f"Bearer {token}"}) as response:
            assert response.status == 200


async def test_its_users_may_show_their_password(start: Start, http: aiohttp.ClientSession) -> None:
    async with start("--user=user:secret", "--auth=basic") as running:
        for password, status in [("wrong", 401), ("secret", 200)]:
            authorization = aiohttp.encode_basic_auth("user", password)
            async with http.get(
                f"{running.endpoints['localhost']}/v2/", headers={"Authorization": authorization}
            ) as response:
                assert response.status == status


async def test_it_fails_and_throttles_as_it_is_told(start: Start, http: aiohttp.ClientSession) -> None:
    async with start("--fault=503@tags", "--fault=500=0.5@ping", "--seed=3", "--writes=0.001") as running:
        endpoint = running.endpoints["localhost"]
        async with http.get(f"{endpoint}/v2/app/tags/list") as response:
            assert response.status == 503
        statuses = []
        for _ in range(20):
            async with http.get(f"{endpoint}/v2/") as response:
                statuses.append(response.status)
        assert set(statuses) == {200, 500}
        for status in (202, 429):
            async with http.post(f"{endpoint}/v2/app/blobs/uploads/") as response:
                assert response.status == status


async def test_it_counts_over_a_window_if_it_is_told(start: Start, http: aiohttp.ClientSession) -> None:
    async with start("--reads=0.0001", "--window=30000") as running:
        statuses = []
        for _ in range(4):
            async with http.get(f"{running.endpoints['localhost']}/v2/") as response:
                statuses.append(response.status)
        assert statuses == [200, 200, 200, 429]


async def test_a_port_that_is_taken_is_an_error(start: Start) -> None:
    async with start() as running:
        port = running.endpoints["localhost"].rpartition(":")[2]
        ended = await anyio.run_process([*CIP, f"--port={port}"], check=False)
    assert ended.returncode == 1
    assert ended.stderr.decode() == f"Error: cannot listen on 127.0.0.1:{port}: Address already in use\n"
