"""Credentials from Docker's `config.json`: its `auths`, for a host or for one path of it.

Keys are matched whole, host by host and path component by component, never by substring (CVE-2026-59891).
Format: https://github.com/docker/cli/blob/master/cli/config/types/authconfig.go
"""

import base64
import binascii
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import anyio.to_thread
import msgspec

from cip_async.errors import CredentialError
from cip_async.reference import Host, Repository
from cip_async.registry.credentials.provider import BearerToken, Credential, IdentityToken, Password
from cip_async.registry.endpoints import DOCKER_HUB_ALIASES
from cip_async.registry.once import Once
from cip_async.registry.wire import UNDECODABLE

_IDENTITY_USER: Final = "<token>"
_LARGEST_BYTES: Final = 1 << 20


class _Auth(msgspec.Struct):
    auth: str | None = None
    username: str | None = None
    password: str | None = None
    identitytoken: str | None = None
    registrytoken: str | None = None


class _Config(msgspec.Struct):
    auths: dict[str, _Auth | None] | None = None


class DockerConfig:
    """The credentials in a `config.json`, read when first asked and then remembered."""

    def __init__(self, path: Path | None = None, environment: Mapping[str, str] = os.environ) -> None:
        """Read `path`, or, without one, the file that Docker and Podman would read."""
        self._named = path
        self._environment = environment
        self._found: dict[str, Credential] | None = None
        self._once: Once[str, dict[str, Credential]] = Once()

    async def credential(self, host: Host, repository: Repository | None) -> Credential | None:
        """The credential for the longest path of `repository` that the file names, else for `host`.

        Raises:
            CredentialError: the file cannot be read or understood.
        """
        if self._found is None:
            self._found = await self._once.get("", lambda: anyio.to_thread.run_sync(self._read, host))
        return next((self._found[key] for key in _keys(host, repository) if key in self._found), None)

    def _read(self, host: Host) -> dict[str, Credential]:
        path = self._named or _usual_path(self._environment)
        if path is None:
            return {}
        try:
            with path.open("rb") as file:
                text = file.read(_LARGEST_BYTES + 1)
            if len(text) > _LARGEST_BYTES:
                raise CredentialError(host, f"{path} is larger than {_LARGEST_BYTES} bytes")
            config = msgspec.json.decode(text, type=_Config)
        except OSError as error:
            raise CredentialError(host, f"{path} cannot be read: {error.strerror}") from error
        except UNDECODABLE as error:
            raise CredentialError(host, f"{path} is not a Docker config file: {error}") from error
        auths = (config.auths or {}).items()
        found = {_normal(key): _credential(host, path, key, auth) for key, auth in auths if auth is not None}
        return {key: credential for key, credential in found.items() if credential is not None}


def _usual_path(environment: Mapping[str, str]) -> Path | None:
    """The first of the usual files that exists."""
    candidates = []
    if "REGISTRY_AUTH_FILE" in environment:
        candidates.append(Path(environment["REGISTRY_AUTH_FILE"]))
    if "DOCKER_CONFIG" in environment:
        candidates.append(Path(environment["DOCKER_CONFIG"]) / "config.json")
    elif "HOME" in environment:
        candidates.append(Path(environment["HOME"]) / ".docker" / "config.json")
    if "XDG_RUNTIME_DIR" in environment:
        candidates.append(Path(environment["XDG_RUNTIME_DIR"]) / "containers" / "auth.json")
    return next((path for path in candidates if path.is_file()), None)


def _normal(key: str) -> str:
    """A key as `host[:port][/path]`. One that is a URL names an API version where a path would be."""
    scheme, separator, rest = key.partition("://")
    if not separator:
        return scheme.rstrip("/").lower()
    return rest.rstrip("/").removesuffix("/v1").removesuffix("/v2").lower()


def _keys(host: Host, repository: Repository | None) -> Iterator[str]:
    """The keys to look for, the most specific first."""
    path = repository.path if repository is not None else ""
    while path:
        yield f"{host}/{path}"
        path = path.rpartition("/")[0]
    yield host
    if host in DOCKER_HUB_ALIASES:
        yield from sorted(DOCKER_HUB_ALIASES - {host})


def _credential(host: Host, path: Path, key: str, auth: _Auth) -> Credential | None:
    if auth.registrytoken:
        return BearerToken(token=auth.registrytoken)
    username, password = auth.username or "", auth.password or ""
    if auth.auth:
        try:
            username, colon, password = base64.b64decode(auth.auth, validate=True).decode().rstrip("\0").partition(":")
        except (binascii.Error, ValueError):
            username = colon = ""
        if not username or not colon:
            raise CredentialError(host, f"{path}: the 'auth' of {key} is not base64 of user:password")
    if auth.identitytoken:
        return IdentityToken(token=auth.identitytoken)
    if username == _IDENTITY_USER:
        return IdentityToken(token=password)
    return Password(username=username, password=password) if username else None
