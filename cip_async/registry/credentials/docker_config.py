"""Credentials from Docker's `config.json`: its `credHelpers`, its `credsStore`, then its `auths`.

Keys are matched whole, host by host and path component by component, never by substring (CVE-2026-59891).
Format: https://github.com/docker/cli/blob/master/cli/config/types/authconfig.go
"""

import base64
import binascii
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import anyio.to_thread
import attrs
import msgspec

from cip_async.errors import CredentialError
from cip_async.manifests.folder import Unreadable, read
from cip_async.reference import Host, Repository
from cip_async.registry.credentials.helper import IDENTITY_USER, Helper, HelperFailure, HelperMissing
from cip_async.registry.credentials.provider import BearerToken, Credential, IdentityToken, Password
from cip_async.registry.endpoints import DOCKER_HUB_ALIASES
from cip_async.registry.once import Once
from cip_async.registry.wire import UNDECODABLE

log = logging.getLogger(__name__)

_LARGEST_BYTES: Final = 1 << 20
_HELPED_S: Final = 300.0
"""How long what a helper gave is used. It does not tell how long that lives, and those that make tokens renew them
minutes before they expire."""
_DOCKER_HUB_SERVER: Final = "https://index.docker.io/v1/"


class _Auth(msgspec.Struct):
    auth: str | None = None
    username: str | None = None
    password: str | None = None
    identitytoken: str | None = None
    registrytoken: str | None = None


class _Config(msgspec.Struct):
    auths: dict[str, _Auth | None] | None = None
    helpers: dict[str, str] | None = msgspec.field(name="credHelpers", default=None)
    store: str | None = msgspec.field(name="credsStore", default=None)


@attrs.frozen(kw_only=True)
class _Content:
    """What a file says, its keys as `host[:port][/path]`."""

    path: Path | None = None
    auths: dict[str, Credential] = attrs.field(factory=dict, repr=False)
    helpers: dict[str, str] = attrs.field(factory=dict)
    store: str = ""


class DockerConfig:
    """The credentials in a `config.json`, read when first asked and then remembered, and those of its helpers."""

    def __init__(
        self,
        path: Path | None = None,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read `path`, or, without one, the file that Docker and Podman would read; helpers are on PATH."""
        self._named = path
        self._environment = environment
        self._clock = clock
        self._content: _Content | None = None
        self._reading: Once[Host, _Content] = Once()
        self._helped: dict[Host, tuple[Credential | None, float]] = {}
        self._helping: Once[Host, Credential | None] = Once()

    async def credential(self, host: Host, repository: Repository | None) -> Credential | None:
        """What a helper has for `host`, else what the file has for the longest path of `repository`, else for `host`.

        Raises:
            CredentialError: the file cannot be read or understood, or a helper failed.
        """
        if self._content is None:
            self._content = await self._reading.get(host, lambda: anyio.to_thread.run_sync(self._read, host))
        content = self._content
        if not (content.auths or content.helpers or content.store):
            return None
        helper = next((content.helpers[key] for key in _keys(host, None) if key in content.helpers), content.store)
        helped = await self._ask(helper, host, content) if helper else None
        if helped is not None:
            return helped
        return next((content.auths[key] for key in _keys(host, repository) if key in content.auths), None)

    async def _ask(self, helper: str, host: Host, content: _Content) -> Credential | None:
        credential, until = self._helped.get(host, (None, 0.0))
        if host in self._helped and self._clock() < until:
            return credential

        async def get() -> Credential | None:
            found = await self._from_helper(helper, host, content)
            self._helped[host] = (found, self._clock() + _HELPED_S)
            return found

        return await self._helping.get(host, get)

    async def _from_helper(self, helper: str, host: Host, content: _Content) -> Credential | None:
        server = _DOCKER_HUB_SERVER if host in DOCKER_HUB_ALIASES else host
        try:
            return await Helper(helper, self._environment).get(server)
        except HelperFailure as error:
            if isinstance(error, HelperMissing) and helper == content.store:
                log.warning("%s: %s; nothing is taken from this credsStore for %s", content.path, error, host)
                return None
            raise CredentialError(host, f"{content.path}: {error}") from None

    def _read(self, host: Host) -> _Content:
        path = self._named or _usual_path(self._environment)
        if path is None:
            return _Content()
        try:
            config = msgspec.json.decode(read(path, _LARGEST_BYTES), type=_Config)
        except Unreadable as error:
            raise CredentialError(host, f"{path} {error}") from error
        except UNDECODABLE as error:
            raise CredentialError(host, f"{path} is not a Docker config file: {error}") from error
        auths = (config.auths or {}).items()
        found = {_normal(key): _credential(host, path, key, auth) for key, auth in auths if auth is not None}
        return _Content(
            path=path,
            auths={key: credential for key, credential in found.items() if credential is not None},
            helpers={_normal(key): name for key, name in (config.helpers or {}).items()},
            store=config.store or "",
        )


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
    if username == IDENTITY_USER:
        return IdentityToken(token=password)
    return Password(username=username, password=password) if username else None
