"""Whose credentials Docker's `config.json` holds, and that nobody else gets them."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from cip_async.errors import CredentialError
from cip_async.reference import Host, Repository, parse_repository
from cip_async.registry.credentials.docker_config import DockerConfig
from cip_async.registry.credentials.provider import BearerToken, Credential, IdentityToken, Password

pytestmark = pytest.mark.anyio


def auth(user: str = "me", password: str = "secret") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def password(user: str) -> Password:
    return Password(username=user, password="secret")


CONTENT = {
    "auths": {
        "plain.example": auth("plain"),
        "https://url.example/v1/": auth("url"),
        "https://v2.example/v2/": auth("v2"),
        "Upper.Example": auth("upper"),
        "port.example:5000": auth("port"),
        "paths.example": auth("host"),
        "paths.example/team": auth("team"),
        "paths.example/team/image": auth("image"),
        "https://index.docker.io/v1/": auth("hub"),
        "apart.example": {"username": "apart", "password": "secret"},
        "identity.example": {**auth("ignored"), "identitytoken": "refresh"},
        "token-user.example": auth("<token>", "refresh"),
        "ready.example": {**auth("ignored"), "registrytoken": "ready"},
        "colon.example": auth("me", "se:cr:et"),
        "padded.example": {"auth": base64.b64encode(b"me:secret\0\0").decode()},
        "store.example": {},
        "null.example": None,
        "empty.example": {"auth": None, "username": None},
    },
    "credsStore": "desktop",
    "HttpHeaders": {"User-Agent": "x"},
}


@pytest.fixture
def config(tmp_path: Path) -> DockerConfig:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONTENT))
    return DockerConfig(path)


@pytest.mark.parametrize(
    ("repository", "credential"),
    [
        ("plain.example/foo", password("plain")),
        ("url.example/foo", password("url")),
        ("v2.example/foo", password("v2")),
        ("upper.example/foo", password("upper")),
        ("port.example:5000/foo", password("port")),
        ("paths.example/other", password("host")),
        ("paths.example/teams/image", password("host")),
        ("paths.example/team/other", password("team")),
        ("paths.example/team/image", password("image")),
        ("paths.example/team/image/below", password("image")),
        ("paths.example/team/image2", password("team")),
        ("docker.io/foo", password("hub")),
        ("index.docker.io/foo/bar", password("hub")),
        ("registry-1.docker.io/foo", password("hub")),
        ("apart.example/foo", password("apart")),
        ("identity.example/foo", IdentityToken(token="refresh")),
        ("token-user.example/foo", IdentityToken(token="refresh")),
        ("ready.example/foo", BearerToken(token="ready")),
        ("colon.example/foo", Password(username="me", password="se:cr:et")),
        ("padded.example/foo", password("me")),
    ],
)
async def test_a_credential_is_found(config: DockerConfig, repository: str, credential: Credential) -> None:
    parsed = parse_repository(repository)
    assert await config.credential(parsed.host, parsed) == credential


@pytest.mark.parametrize(
    "host",
    [
        "plain.example:443",
        "port.example",
        "port.example:5001",
        "sub.plain.example",
        "plain.example.thief.org",
        "ain.example",
        "hub.docker.io",
        "store.example",
        "null.example",
        "empty.example",
        "unknown.example",
    ],
)
async def test_a_credential_is_for_its_host_alone(config: DockerConfig, host: str) -> None:
    assert await config.credential(Host(host), Repository(Host(host), "foo")) is None


async def test_without_a_repository_the_hosts_own_credential_counts(config: DockerConfig) -> None:
    assert await config.credential(Host("paths.example"), None) == password("host")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], DockerConfig]:
    """Call it before the event loop runs: `config` files with any text."""

    def written(text: str) -> DockerConfig:
        path = tmp_path / "config.json"
        path.write_bytes(text.encode("latin-1"))
        return DockerConfig(path)

    return written


@pytest.fixture(
    params=[
        "",
        "{",
        "[]",
        '{"auths":[]}',
        '{"auths":{"a":{"auth":1}}}',
        '{"auths":{"\xff":{}}}',
        '{"x":' + "[" * 50_000,
    ]
)
def nonsense(request: pytest.FixtureRequest, write: Callable[[str], DockerConfig]) -> DockerConfig:
    return write(request.param)


async def test_a_file_that_is_none_of_dockers_is_named(nonsense: DockerConfig) -> None:
    with pytest.raises(CredentialError, match=r"config\.json is not a Docker config file"):
        await nonsense.credential(Host("a.example"), None)


@pytest.fixture(
    params=[
        "not base64",
        base64.b64encode(b"nocolon-secret").decode(),
        base64.b64encode(b":secret").decode(),
        base64.b64encode(b"\xff:secret").decode(),
    ]
)
def malformed(request: pytest.FixtureRequest, write: Callable[[str], DockerConfig]) -> DockerConfig:
    return write(json.dumps({"auths": {"a.example": {"auth": request.param}}}))


async def test_a_malformed_entry_is_named_and_not_shown(malformed: DockerConfig) -> None:
    with pytest.raises(CredentialError, match=r"the 'auth' of a\.example is not base64 of user:password") as refused:
        await malformed.credential(Host("a.example"), None)
    assert "secret" not in str(refused.value)


@pytest.fixture
def huge(write: Callable[[str], DockerConfig]) -> DockerConfig:
    return write(" " * (1 << 21))


async def test_a_huge_file_is_not_read(huge: DockerConfig) -> None:
    with pytest.raises(CredentialError, match="is larger than 1,048,576 bytes"):
        await huge.credential(Host("a.example"), None)


async def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CredentialError) as refused:
        await DockerConfig(tmp_path / "pipe").credential(Host("a.example"), None)
    assert str(refused.value) == f"credentials for a.example: {tmp_path}/pipe is not a file"


async def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="cannot be read: No such file"):
        await DockerConfig(tmp_path / "missing.json").credential(Host("a.example"), None)


async def test_each_host_is_told_of_a_bad_file_by_its_own_name(nonsense: DockerConfig) -> None:
    told: dict[Host, str] = {}

    async def ask(host: Host) -> None:
        with pytest.raises(CredentialError) as refused:
            await nonsense.credential(host, None)
        told[host] = refused.value.host

    async with anyio.create_task_group() as tasks:
        for name in ("a.example", "b.example"):
            tasks.start_soon(ask, Host(name))
    assert told == {"a.example": "a.example", "b.example": "b.example"}


async def test_the_file_is_read_once(config: DockerConfig, tmp_path: Path) -> None:
    await config.credential(Host("plain.example"), None)
    await anyio.Path(tmp_path / "config.json").unlink()
    assert await config.credential(Host("plain.example"), None) == password("plain")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for path, user in (
        ("auth.json", "named"),
        ("docker/config.json", "docker"),
        ("home/.docker/config.json", "home"),
        ("run/containers/auth.json", "podman"),
    ):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"auths": {"a.example": auth(user)}}))
    return tmp_path


@pytest.mark.parametrize(
    ("environment", "user"),
    [
        ({"REGISTRY_AUTH_FILE": "auth.json", "DOCKER_CONFIG": "docker", "HOME": "home"}, "named"),
        ({"DOCKER_CONFIG": "docker", "HOME": "home", "XDG_RUNTIME_DIR": "run"}, "docker"),
        ({"HOME": "home", "XDG_RUNTIME_DIR": "run"}, "home"),
        ({"HOME": "elsewhere", "XDG_RUNTIME_DIR": "run"}, "podman"),
        ({"HOME": "elsewhere"}, None),
        ({}, None),
    ],
)
async def test_without_a_name_the_usual_files_are_looked_for(
    home: Path, environment: dict[str, str], user: str | None
) -> None:
    found = DockerConfig(environment={name: str(home / value) for name, value in environment.items()})
    assert await found.credential(Host("a.example"), None) == (None if user is None else password(user))
