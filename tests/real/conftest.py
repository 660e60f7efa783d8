"""Real registries for tests: processes of `docker-registry` on loopback, and `skopeo` as an independent reader."""

import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
import anyio.abc
import attrs
import pytest
from anyio import to_thread
from anyio.streams.buffered import BufferedByteReceiveStream

_PROGRAMS: Final = ("docker-registry", "skopeo")
_LISTENING: Final = re.compile(rb"listening on (?P<address>127\.0\.0\.1:\d+)")
_LONGEST_LOG_LINE: Final = 65536
_START_S: Final = 30.0
_REQUEST: Final = re.compile(r'"(?P<method>[A-Z]+) (?P<target>\S+) HTTP/[0-9.]+" (?P<status>\d+)')

USER: Final = "promoter"
PASSWORD: Final = "mirror-secret"
_HTPASSWD: Final = f"{USER}:$2b$04$SISOJxTZZb5CLn9nYpJwkeV8OR5HolOzE1.iv38UaaPDo.lipvlny\n"
"""What `htpasswd -B` makes of the password."""


@attrs.frozen(kw_only=True)
class RealRegistry:
    """One running `docker-registry`. `host` is how clients call it, `storage` the folder in which it keeps all."""

    host: str
    access_log: list[bytes]
    storage: Path

    def data(self, digest: str) -> Path:
        """The file that holds what has this digest."""
        algorithm, _, name = digest.partition(":")
        return self.storage / "docker/registry/v2/blobs" / algorithm / name[:2] / name / "data"

    async def requests(self) -> list[tuple[str, str, int]]:
        """Method, target and status of every request it answered, as it logged them itself."""
        await anyio.wait_all_tasks_blocked()  # what it has logged is read then
        matches = filter(None, map(_REQUEST.search, map(bytes.decode, self.access_log)))
        return [(found["method"], found["target"], int(found["status"])) for found in matches]

    async def writes(self) -> list[tuple[str, str, int]]:
        """Those requests that may change something."""
        return [request for request in await self.requests() if request[0] not in ("GET", "HEAD")]


StartRegistry = Callable[..., Awaitable[RealRegistry]]


@pytest.fixture(scope="session", autouse=True)
def _programs() -> None:
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if not missing:
        return
    reason = f"not on PATH: {', '.join(missing)} (Debian: apt-get install {' '.join(missing)})"
    if os.environ.get("CIP_REQUIRE_REAL_REGISTRY") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
async def start_registry(anyio_backend: object, tmp_path: Path) -> AsyncIterator[StartRegistry]:
    """Starts registries with empty storage, each on a free port; they end with the test."""
    async with AsyncExitStack() as stack:
        number = 0

        async def start(
            *, password: bool = False, cached: bool = True, on_request: Callable[[], object] = lambda: None
        ) -> RealRegistry:
            nonlocal number
            number += 1
            running = _running(tmp_path / f"registry-{number}", password=password, cached=cached, on_request=on_request)
            return await stack.enter_async_context(running)

        yield start


@asynccontextmanager
async def _running(
    folder: Path, *, password: bool, cached: bool, on_request: Callable[[], object]
) -> AsyncIterator[RealRegistry]:
    """A registry as a process. `on_request` is called for each request that it logs, which is before it answers."""
    config = await to_thread.run_sync(_configured, folder, password, cached)
    environment = {"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"}
    access_log: list[bytes] = []
    async with (
        await anyio.open_process(["docker-registry", "serve", str(config)], stdin=None, env=environment) as process,
        anyio.create_task_group() as tasks,
    ):
        assert process.stderr is not None
        assert process.stdout is not None
        errors = BufferedByteReceiveStream(process.stderr)
        with anyio.fail_after(_START_S):
            address = await _address(errors)
        tasks.start_soon(_drain, errors)
        tasks.start_soon(_keep, process.stdout, access_log, on_request)
        try:
            yield RealRegistry(host=address, access_log=access_log, storage=folder / "storage")
        finally:
            process.terminate()


def _configured(folder: Path, password: bool, cached: bool) -> Path:
    folder.mkdir()
    storage = folder / "storage"
    cache = ", cache: {blobdescriptor: inmemory}" if cached else ""
    lines = [
        "version: 0.1",
        "log: {level: info, accesslog: {disabled: false}}",
        f"storage: {{filesystem: {{rootdirectory: {storage}}}{cache}}}",
        "http: {addr: '127.0.0.1:0', secret: test}",
    ]
    if password:
        accounts = folder / "htpasswd"
        accounts.write_text(_HTPASSWD)
        lines.append(f"auth: {{htpasswd: {{realm: mirror, path: {accounts}}}}}")
    config = folder / "config.yml"
    config.write_text("\n".join(lines) + "\n")
    return config


async def _address(errors: BufferedByteReceiveStream) -> str:
    while True:
        line = await errors.receive_until(b"\n", _LONGEST_LOG_LINE)
        found = _LISTENING.search(line)
        if found:
            return found["address"].decode()


async def _drain(errors: BufferedByteReceiveStream) -> None:
    async for _ in errors:
        pass


async def _keep(log: anyio.abc.ByteReceiveStream, lines: list[bytes], on_request: Callable[[], object]) -> None:
    begun = b""
    async for piece in log:
        *whole, begun = (begun + piece).split(b"\n")
        for line in whole:
            lines.append(line)
            on_request()
