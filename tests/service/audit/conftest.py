"""An auditor that is served over loopback, with the fake registry as its source registry."""

import os
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol, Self

import aiohttp
import anyio
import attrs
import pytest
from anyio import to_thread

from cip_async.audit.app import VerifyToken
from cip_async.audit.folder_source import FolderSource
from cip_async.audit.happenings import Audited, Happening, ManifestsFailed, ManifestsRead
from cip_async.audit.keeper import ManifestSource
from cip_async.audit.limits import RETRIES, AuditLimits
from cip_async.audit.service import auditing, served
from cip_async.promoter import Promoter
from cip_async.settings import Settings
from tests.service.staging import Staging
from tests.unit.audit.pushes import push

QUICK = AuditLimits(refresh_pause_s=0.0, failure_pause_s=0.0, stop_s=5.0)
_RETRIES = attrs.evolve(RETRIES, request_s=0.1, first_delay_s=0.001)


@attrs.define
class Told:
    """Everything that an auditor told, and a way to wait for it."""

    happenings: list[Happening] = attrs.field(factory=list)
    _more: anyio.Event = attrs.field(factory=anyio.Event)

    def __call__(self, happening: Happening) -> None:
        self.happenings.append(happening)
        self._more.set()

    def of(self, kind: type[Any]) -> list[Any]:
        """The happenings of one kind."""
        return [each for each in self.happenings if isinstance(each, kind)]

    async def until(self, kind: type[Any], number: int = 1) -> Any:
        """Wait for so many happenings of a kind, and give the last of them."""
        with anyio.fail_after(30):
            while len(self.of(kind)) < number:
                self._more = anyio.Event()
                await self._more.wait()
        return self.of(kind)[number - 1]


@attrs.define
class Client:
    """Talks to an auditor as Pub/Sub does."""

    url: str
    told: Told
    session: aiohttp.ClientSession
    number: int = 0

    async def push(self, body: bytes, headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        """The status and the JSON that a push is answered with."""
        async with self.session.post(self.url, data=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def verdict(self, action: str, *, digest: str = "", tag: str = "", message_id: str | None = None) -> str:
        """The verdict on an event; the test fails if there is none."""
        status, told = await self.event(action, digest=digest, tag=tag, message_id=message_id)
        assert status == 200, told
        return str(told["verdict"])

    async def event(
        self, action: str, *, digest: str = "", tag: str = "", message_id: str | None = None, **message: Any
    ) -> tuple[int, dict[str, Any]]:
        """Push an event, as a new message if no id is given."""
        self.number += 1
        change = {"action": action, "digest": digest, "tag": tag}
        return await self.push(push(change, message_id=message_id or f"new-{self.number}", **message))

    async def get(self, path: str) -> tuple[int, str]:
        """What a page says."""
        async with self.session.get(f"{self.url}{path}") as answer:
            return answer.status, await answer.text()

    def reasons(self) -> list[str]:
        """Why each verdict was given, in order."""
        return [each.verdict.reason for each in self.told.of(Audited)]


class Serve(Protocol):
    """Serves an auditor until the test ends, once it has read its manifests or failed to."""

    async def __call__(
        self,
        source: ManifestSource,
        staging: Staging,
        *,
        limits: AuditLimits = QUICK,
        verify_token: VerifyToken | None = None,
        wait: bool = True,
    ) -> Client: ...


@pytest.fixture
async def serve_auditor(anyio_backend: object, promoter_for: Callable[..., Promoter]) -> AsyncIterator[Serve]:
    """See `Serve`."""
    async with AsyncExitStack() as stack:

        async def start(
            source: ManifestSource,
            staging: Staging,
            *,
            limits: AuditLimits = QUICK,
            verify_token: VerifyToken | None = None,
            wait: bool = True,
        ) -> Client:
            told = Told()
            promoter = await stack.enter_async_context(promoter_for(staging, settings=Settings(retries=_RETRIES)))
            app = await stack.enter_async_context(
                auditing(source, promoter.document, limits=limits, tell=told, verify_token=verify_token)
            )
            port = await stack.enter_async_context(served(app, address="127.0.0.1", port=0, limits=limits))
            if wait:
                await told.until(ManifestsRead | ManifestsFailed)  # type: ignore[arg-type]  # isinstance takes unions
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Client(f"http://127.0.0.1:{port}/", told, session)

        yield start


@pytest.fixture
async def auditor(staging: Staging, serve_auditor: Serve) -> Callable[..., Any]:
    """Serves an auditor for what is wanted from staging so far."""

    async def start(**options: Any) -> Client:
        path = await to_thread.run_sync(staging.written)
        return await serve_auditor(FolderSource(path), staging, **options)

    return start


@attrs.frozen
class GitRepository:
    """A bare repository, and a work tree from which a test pushes into it."""

    bare: Path
    tree: Path

    @classmethod
    async def create(cls, folder: Path) -> Self:
        """An empty repository."""
        repository = cls(folder / "bare.git", folder / "tree")
        await repository.git("init", "--quiet", "--bare", "--initial-branch=main", str(repository.bare))
        await repository.git("clone", "--quiet", str(repository.bare), str(repository.tree))
        return repository

    @property
    def url(self) -> str:
        """Where it is cloned from."""
        return f"file://{self.bare}"

    async def git(self, *arguments: str) -> str:
        """Run git as nobody in particular."""
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_NAME": "Somebody" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "somebody@example.com" for who in ("AUTHOR", "COMMITTER")},
        }

        def run() -> str:
            ended = subprocess.run(
                ["git", *arguments], check=True, capture_output=True, text=True, env=environment, timeout=60
            )
            return ended.stdout.strip()

        return await to_thread.run_sync(run)

    async def commit(self, files: Mapping[str, str], *, branch: str = "main") -> str:
        """Push a commit with these files, and return its revision."""

        def write() -> None:
            for name, text in files.items():
                path = self.tree / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)

        await self.git("-C", str(self.tree), "checkout", "--quiet", "-B", branch)
        await to_thread.run_sync(write)
        await self.git("-C", str(self.tree), "add", ".")
        await self.git("-C", str(self.tree), "commit", "--quiet", "-m", "Change")
        await self.git("-C", str(self.tree), "push", "--quiet", "origin", branch)
        return await self.git("-C", str(self.tree), "rev-parse", "HEAD")


@pytest.fixture
async def repository(anyio_backend: object, tmp_path: Path) -> GitRepository:
    """An empty git repository."""
    return await GitRepository.create(tmp_path)
