"""The helpers that Docker's `config.json` names, as a host is used."""

import base64
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from cip_async.errors import CredentialError
from cip_async.reference import Host, Repository
from cip_async.registry.credentials.docker_config import DockerConfig
from cip_async.registry.credentials.provider import Credential, Password
from tests.service.accounts.conftest import write_program

pytestmark = pytest.mark.anyio
HOST = Host("registry.example")


@pytest.fixture
def calls(programs: Path) -> anyio.Path:
    """Helpers that know some servers, and note what they are asked."""
    text = f"""
server = sys.stdin.readline().strip()
name = os.path.basename(sys.argv[0]).removeprefix("docker-credential-")
open({str(programs / "calls")!r}, "a").write(f"{{name}} {{server}}\\n")
if server.startswith("unknown"):
    print("credentials not found in native keychain")
    sys.exit(1)
if server.startswith("broken"):
    print("Marker")
    sys.exit(1)
print(json.dumps({{"ServerURL": server, "Username": name, "Secret": "Marker"}}))
"""
    for name in ("one", "store"):
        write_program(programs, f"docker-credential-{name}", text)
    return anyio.Path(programs / "calls")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


Configure = Callable[..., DockerConfig]


@pytest.fixture
def configured(tmp_path: Path, environment: dict[str, str]) -> Configure:
    """Call it before the event loop runs something: a configuration of these fields."""

    def configure(clock: Callable[[], float] = Clock(), **fields: Any) -> DockerConfig:  # noqa: B008 - it stands still
        path = tmp_path / "config.json"
        with path.open("wb", buffering=0) as file:
            file.write(json.dumps(fields).encode())
        return DockerConfig(path, environment, clock)

    return configure


@pytest.fixture(autouse=True)
def _nothing_blocks_the_event_loop() -> None:
    """Here a small file is written."""


def password(user: str) -> Password:
    return Password(username=user, password="Marker")


async def found(config: DockerConfig, host: str = HOST) -> Credential | None:
    return await config.credential(Host(host), Repository(Host(host), "foo"))


AUTHS = {HOST: {"auth": base64.b64encode(b"file:Marker").decode()}}


async def test_the_helper_of_a_host_comes_first(configured: Configure, calls: anyio.Path) -> None:
    config = configured(credHelpers={HOST: "one"}, credsStore="store", auths=AUTHS)
    assert await found(config) == password("one")
    assert await calls.read_text() == f"one {HOST}\n"


async def test_the_store_serves_all_other_hosts(configured: Configure, calls: anyio.Path) -> None:
    config = configured(credHelpers={"other.example": "one"}, credsStore="store", auths=AUTHS)
    assert await found(config) == password("store")


@pytest.mark.parametrize("fields", [{"credsStore": "store"}, {"credHelpers": {"unknown.example": "one"}}])
async def test_what_a_helper_does_not_have_may_be_in_the_file(
    configured: Configure, calls: anyio.Path, fields: dict[str, Any]
) -> None:
    auths = {"unknown.example": {"auth": base64.b64encode(b"file:Marker").decode()}}
    assert await found(configured(auths=auths, **fields), "unknown.example") == password("file")
    assert await found(configured(**fields), "unknown.example") is None


async def test_a_helper_is_asked_for_docker_hub_by_its_old_address(configured: Configure, calls: anyio.Path) -> None:
    config = configured(credHelpers={"https://index.docker.io/v1/": "one"})
    assert await found(config, "docker.io") == password("one")
    assert await calls.read_text() == "one https://index.docker.io/v1/\n"


async def test_a_helper_is_asked_for_its_own_host_alone(configured: Configure, calls: anyio.Path) -> None:
    config = configured(credHelpers={HOST: "one"})
    for host in ("registry.example:5000", "sub.registry.example", "gistry.example", "other.example"):
        assert await found(config, host) is None
    assert not await calls.exists()


async def test_what_a_helper_gave_is_used_for_five_minutes(configured: Configure, calls: anyio.Path) -> None:
    clock = Clock()
    config = configured(clock, credHelpers={HOST: "one", "unknown.example": "one"})
    for _ in range(3):
        await found(config)
        assert await found(config, "unknown.example") is None
    clock.now += 299
    await found(config)
    assert len((await calls.read_text()).splitlines()) == 2
    clock.now += 2
    await found(config)
    assert len((await calls.read_text()).splitlines()) == 3


async def test_fifty_tasks_start_one_helper(configured: Configure, calls: anyio.Path) -> None:
    config = configured(credsStore="store")
    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(found, config)
    assert await calls.read_text() == f"store {HOST}\n"


@pytest.mark.parametrize("fields", [{"credsStore": "store"}, {"credHelpers": {"broken.example": "store"}}])
async def test_a_helper_that_fails_is_an_error_that_names_it(
    configured: Configure, calls: anyio.Path, fields: dict[str, Any]
) -> None:
    with pytest.raises(CredentialError) as caught:
        await found(configured(**fields), "broken.example")
    assert "docker-credential-store failed with exit code 1" in str(caught.value)
    assert "Marker" not in str(caught.value)


async def test_a_helper_that_is_not_there_is_an_error(configured: Configure) -> None:
    with pytest.raises(CredentialError, match="the program docker-credential-none is not on PATH"):
        await found(configured(credHelpers={HOST: "none"}))


async def test_a_store_that_is_not_there_is_a_warning(configured: Configure, caplog: pytest.LogCaptureFixture) -> None:
    config = configured(credsStore="desktop", auths=AUTHS)
    assert await found(config) == password("file")
    assert await found(config) == password("file")
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "the program docker-credential-desktop is not on PATH" in record.getMessage()
    assert HOST in record.getMessage()
