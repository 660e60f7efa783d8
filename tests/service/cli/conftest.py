"""The real `cip`, as a process of its own, against hosts that the test serves."""

import os
import sys
from pathlib import Path
from typing import Protocol

import anyio
import attrs
import pytest

from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.server import Servers
from tests.service.conftest import ServeHosts
from tests.service.staging import Staging

CIP = (sys.executable, "-m", "cip_async")


@attrs.frozen
class Told:
    """What a process said, and the code it exited with."""

    code: int
    out: str
    err: str


class Cip(Protocol):
    """Runs `cip` to its end with these arguments; `servers` are reached through `--endpoint`."""

    async def __call__(self, *arguments: str, servers: Servers | None = None) -> Told: ...


def endpoints(servers: Servers) -> list[str]:
    """The options that lead the traffic of each host to where it is served."""
    return [f"--endpoint={host}={url}" for host, url in servers.endpoints.items()]


@pytest.fixture(autouse=True)
def _nothing_blocks_the_event_loop() -> None:
    """Here something may: a test reads and writes small files, and the code it tests is in another process."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Nobody's home, credentials or proxies; warnings are errors."""
    home = tmp_path / "home"
    home.mkdir()
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONWARNINGS": "error", "NO_GCE_CHECK": "true"}


@pytest.fixture
def cip(environment: dict[str, str]) -> Cip:
    """See `Cip`."""

    async def run(*arguments: str, servers: Servers | None = None) -> Told:
        command = [*CIP, *arguments, *(endpoints(servers) if servers else ())]
        with anyio.fail_after(100):
            ended = await anyio.run_process(command, check=False, env=environment)
        return Told(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    return run


@pytest.fixture
async def staging(serve_hosts: ServeHosts, tmp_path: Path) -> Staging:
    """Google-like staging on gcr.io, mirrors on eu.gcr.io and us.gcr.io."""
    return Staging(await serve_hosts("gcr.io", "eu.gcr.io", "us.gcr.io", rules=Rules.google), tmp_path)
