"""Accounts that exist for the length of a test: their keys, the services that know them, programs that have them."""

import json
import os
import socket
import ssl
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import anyio
import attrs
import pytest
import trustme
from aiohttp.abc import ResolveResult
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from cip_async.gcp.accounts import GoogleAccounts
from cip_async.registry.google_http import GoogleHttp
from cip_async.registry.session import HttpSession
from cip_async.settings import Timeouts
from tests.service.accounts.google import FakeGoogle
from tests.service.registry.scripted import ToLoopback, scripted

PROMOTER = "promoter@prod.iam.gserviceaccount.com"
READER = "reader@staging.iam.gserviceaccount.com"


@attrs.define
class ToPort(ToLoopback):
    """Resolves every name to one port of this machine: what is asked of Google stays here."""

    port: int = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        (found,) = await super().resolve(host, self.port, family)
        return [found]


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(autouse=True)
def _no_authorities_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", os.devnull)


@pytest.fixture(scope="session")
def private_key() -> str:
    """One RSA key for all accounts: making one takes long."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture
async def google(anyio_backend: object) -> AsyncIterator[FakeGoogle]:
    """Over plain HTTP: the token endpoint that key files name, and the metadata server."""
    fake = FakeGoogle()
    async with scripted(fake.answer) as fake.server:
        yield fake


class KeyFile(Protocol):
    """Writes the key file of an account, whose tokens come from `google` or another `token_uri`."""

    async def __call__(self, account: str, token_uri: str | None = None) -> Path: ...


@pytest.fixture
def key_file(tmp_path: Path, google: FakeGoogle, private_key: str) -> KeyFile:
    """See `KeyFile`."""

    async def write(account: str, token_uri: str | None = None) -> Path:
        info = {
            "type": "service_account",
            "client_email": account,
            "private_key_id": "Marker-key-id",
            "private_key": private_key,
            "token_uri": token_uri or f"{google.url}/token",
        }
        path = tmp_path / f"{account}.json"
        await anyio.Path(path).write_text(json.dumps(info))
        return path

    return write


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder for programs; the only one on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def write_program(folder: Path, name: str, text: str) -> Path:
    """A program in Python."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport json, os, sys\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def environment(programs: Path, tmp_path: Path) -> dict[str, str]:
    """What sources of credentials look at: nobody's home, no machine of Google's, programs of the test alone."""
    return {"HOME": str(tmp_path / "home"), "PATH": str(programs), "NO_GCE_CHECK": "true"}


class Open(Protocol):
    """Makes accounts that look around in `environment`; `clock` is in seconds since 1970."""

    async def __call__(self, *key_files: Path, clock: Callable[[], float] | None = None) -> GoogleAccounts: ...


@pytest.fixture
async def stack(anyio_backend: object) -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def iam(google: FakeGoogle, stack: AsyncExitStack, tmp_path: Path) -> tuple[int, Path]:
    """`google` over TLS, with the names of Google's services: its port, and the authority to trust."""
    authority = trustme.CA()
    ca_cert = tmp_path / "ca.pem"
    await anyio.to_thread.run_sync(authority.cert_pem.write_to_path, str(ca_cert))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert("iamcredentials.googleapis.com", "oauth2.googleapis.com")
    await anyio.to_thread.run_sync(certificate.configure_cert, context)
    server = await stack.enter_async_context(scripted(google.answer, context))
    return server.port, ca_cert


@pytest.fixture
def open_accounts(stack: AsyncExitStack, environment: dict[str, str], iam: tuple[int, Path]) -> Open:
    """See `Open`."""

    async def opened(*key_files: Path, clock: Callable[[], float] | None = None) -> GoogleAccounts:
        port, ca_cert = iam
        connector = aiohttp.TCPConnector(resolver=ToPort(port=port))
        session = HttpSession(timeouts=Timeouts(connect_s=5.0), connector=connector, ca_cert=ca_cert)
        stack.push_async_callback(connector.close)
        await session.open()
        stack.push_async_callback(session.close)
        more: dict[str, Any] = {} if clock is None else {"clock": clock}
        accounts = GoogleAccounts(GoogleHttp(session), key_files=key_files, environment=environment, **more)
        await accounts.open()
        return accounts

    return opened
