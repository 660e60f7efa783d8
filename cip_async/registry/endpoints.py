"""Where the traffic for a host really goes.

Names in promoter manifests, plans and reports stay as written; only the transport knows the endpoint.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult

from yarl import URL

from cip_async.errors import InvalidReference, InvalidSettings
from cip_async.reference import Host, Repository, parse_host

DOCKER_HUB_ALIASES: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
"""The names of Docker Hub; all mean the same registry, and an endpoint for one of them is one for all."""
_LOOPBACK_V4: Final = re.compile(r"127(?:\.[0-9]{1,3}){3}", re.ASCII)
_DOCKER_HUB_API: Final = URL("https://registry-1.docker.io")


class Endpoints:
    """The origin (scheme, host and port) that serves each registry host.

    Hosts are served over https at their own name, loopback hosts over plain http, Docker Hub's aliases at
    registry-1.docker.io, and those in `elsewhere` where it says.
    """

    def __init__(self, elsewhere: Mapping[str, str] | None = None) -> None:
        """Take `elsewhere`: host to URL, such as `{"gcr.io": "http://localhost:5000"}`.

        Raises:
            InvalidSettings: a key is no host, or a value is not the URL of an origin.
        """
        self._origins = {_host(host): _origin(host, url) for host, url in (elsewhere or {}).items()}
        self._servers: dict[Host, str] = {}
        for alias in sorted(self._origins.keys() & DOCKER_HUB_ALIASES):
            for other in DOCKER_HUB_ALIASES:
                self._origins.setdefault(Host(other), self._origins[alias])

    def origin(self, host: Host) -> URL:
        """The origin that serves `host`."""
        origin = self._origins.get(host)
        if origin is None:
            origin = self._origins[host] = _default_origin(host)
        return origin

    def url(self, host: Host, target: str) -> URL:
        """The URL of `target`, an encoded path with or without a query, at the origin that serves `host`."""
        origin = self.origin(host)
        path, _, query = target.partition("?")
        return URL(SplitResult(origin.scheme, origin.raw_authority, path, query, ""), encoded=True)

    def is_elsewhere(self, host: Host) -> bool:
        """Whether something else than the name of `host` says where it is served."""
        return self.origin(host) != _default_origin(host)

    def path(self, repository: Repository) -> str:
        """The repository's path as its host's API wants it: Docker Hub's official images live below `library/`."""
        if repository.host in DOCKER_HUB_ALIASES and "/" not in repository.path:
            return f"library/{repository.path}"
        return repository.path

    def place(self, repository: Repository) -> str:
        """Where a repository really is, the same for all names that one endpoint has, this machine's included."""
        return f"{self._server(repository.host)}/{self.path(repository)}"

    def map_back(self, host: Host, url: URL) -> URL:
        """A server-supplied URL, moved to the endpoint if it carries the host's public name.

        A registry behind a private endpoint may not know of it, and names itself in Locations, Links and realms.
        """
        if url.scheme not in ("http", "https") or url.user is not None or url.password is not None:
            return url
        names = DOCKER_HUB_ALIASES if host in DOCKER_HUB_ALIASES else {host}
        if url.host_port_subcomponent in names or f"{url.host_subcomponent}:{url.port}" in names:
            return URL(f"{self.origin(host)}{url.raw_path_qs}", encoded=True)
        return url

    def _server(self, host: Host) -> str:
        """What serves a host, the same for all its names; asked for each write, so it is remembered."""
        server = self._servers.get(host)
        if server is None:
            origin = self.origin(host)
            name = "localhost" if is_loopback(origin.host_subcomponent or "") else origin.raw_host
            server = self._servers[host] = f"{origin.scheme}://{name}:{origin.port}"
        return server


def is_loopback(host: str) -> bool:
    """Whether `host` (with or without port) is this machine by name or address."""
    if host.startswith("["):
        return host.partition("]")[0] == "[::1"
    name = host.partition(":")[0]
    return name == "localhost" or name.endswith(".localhost") or bool(_LOOPBACK_V4.fullmatch(name))


def _default_origin(host: Host) -> URL:
    if host in DOCKER_HUB_ALIASES:
        return _DOCKER_HUB_API
    return URL(f"{'http' if is_loopback(host) else 'https'}://{host}")


def _host(text: str) -> Host:
    try:
        return parse_host(text)
    except InvalidReference:
        raise InvalidSettings("endpoint", _shown(text), "HOST=URL, with a host such as us.gcr.io") from None


def _origin(host: str, text: str) -> URL:
    expected = "the URL of an origin without a path: http://localhost:5000"
    problem = InvalidSettings(f"endpoint of {host}", _shown(text), expected)
    try:
        url = URL(text)
    except (ValueError, IndexError):  # yarl has the latter for brackets that hold nothing
        raise problem from None
    is_origin = url.scheme in ("http", "https") and url.raw_path_qs in ("", "/") and not url.fragment
    if not is_origin or not _is_host(url.raw_host) or url.user is not None or url.password is not None:
        raise problem
    return url.origin()


def _is_host(host: str | None) -> bool:
    """Whether this is a host; of what was in brackets, yarl does not check that it is an address."""
    if host is None or ":" not in host:
        return bool(host)
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _shown(text: str) -> str:
    """What was given, unless there may be a password in it."""
    return "(with a user name)" if "@" in text else text
