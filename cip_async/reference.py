"""Host, Repository, Tag, Digest and their only parsers.

The grammar is that of the OCI distribution specification, section "Pulling manifests", and of the OCI
image specification, section "Digests". A value of one of these types was checked by its parser; code
that holds one may put it into a URL or a path. What has several parts is a struct of msgspec, which is
hashed and compared in a fraction of the time of an attrs class, and every set of repositories does that.
"""

import ipaddress
import re
from typing import Final, NewType

import msgspec

from cip_async.errors import InvalidReference

Host = NewType("Host", str)
"""What a connection is opened to, lower case, with its port where one was written: `us.gcr.io`, `localhost:5000`."""

ImageName = NewType("ImageName", str)
"""A repository path relative to a registry entry: `etcd`, `foo/bar`."""

Tag = NewType("Tag", str)
"""A tag, scalar as written: `1.10` keeps its zero."""

Digest = NewType("Digest", str)
"""`sha256:` and 64 lower-case hex digits, or `sha512:` and 128."""

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:]{{2,45}}\])(?::[0-9]{{1,5}})?", re.ASCII)
_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*", re.ASCII)
_TAG: Final = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}", re.ASCII)
_MAX_REFERENCE_LENGTH: Final = 255
_MAX_PORT: Final = 65535


class Repository(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """A place that holds images: `us.gcr.io/k8s-artifacts-prod/foo/bar` is host `us.gcr.io` and the rest its path."""

    host: Host
    path: str

    def __str__(self) -> str:
        return f"{self.host}/{self.path}"


class RegistryPath(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """The `name` of a registry entry: a host and a path prefix, which may be empty."""

    host: Host
    prefix: str

    def __str__(self) -> str:
        return f"{self.host}/{self.prefix}" if self.prefix else self.host

    def repository(self, image: ImageName) -> Repository:
        """The repository of `image` below this registry entry."""
        return Repository(self.host, f"{self.prefix}/{image}" if self.prefix else image)

    def contains(self, repository: Repository) -> bool:
        """Whether `repository` lies at or below this path, by whole path components."""
        if repository.host != self.host:
            return False
        return not self.prefix or repository.path == self.prefix or repository.path.startswith(f"{self.prefix}/")


def parse_host(text: str) -> Host:
    """Parse `name`, `name:port`, `address:port` or `[v6-address]:port`; upper case is folded, and zeros of an address.

    Raises:
        InvalidReference: `text` is not a host.
    """
    host = text.lower()
    port = host.rpartition(":")[2] if ":" in host and not host.endswith("]") else "1"
    is_host = len(host) <= _MAX_REFERENCE_LENGTH and _HOST.fullmatch(host) and 1 <= int(port) <= _MAX_PORT
    if is_host and host.startswith("["):
        address, _, rest = host[1:].partition("]")
        shortest = _shortest(address)
        is_host, host = shortest != "", f"[{shortest}]{rest}"
    if not is_host:
        raise InvalidReference("host", text, "a host name or address, with an optional port: us.gcr.io, localhost:5000")
    return Host(host)


def parse_image_name(text: str) -> ImageName:
    """Parse a repository path relative to a registry entry.

    Raises:
        InvalidReference: `text` is not a repository path.
    """
    if len(text) > _MAX_REFERENCE_LENGTH or not _PATH.fullmatch(text):
        expected = "lower-case letters and digits, separated by '.', '_', '__', '-' or '/'"
        raise InvalidReference("image name", text, expected)
    return ImageName(text)


def parse_registry_path(text: str) -> RegistryPath:
    """Parse the `name` of a registry entry: `us.gcr.io/k8s-artifacts-prod`, `localhost:5000`.

    Raises:
        InvalidReference: `text` does not start with a host, or what follows is no repository path.
    """
    first, slash, prefix = text.partition("/")
    expected = "a host and a path: us.gcr.io/k8s-artifacts-prod"
    looks_like_host = "." in first or ":" in first or first.lower() == "localhost"
    if not looks_like_host or len(text) > _MAX_REFERENCE_LENGTH or (slash and not _PATH.fullmatch(prefix)):
        raise InvalidReference("registry", text, expected)
    try:
        return RegistryPath(parse_host(first), prefix)
    except InvalidReference as error:
        raise InvalidReference("registry", text, expected) from error


def parse_repository(text: str) -> Repository:
    """Parse a full repository name: `us.gcr.io/k8s-artifacts-prod/foo/bar`.

    Raises:
        InvalidReference: `text` is not a host and a repository path.
    """
    registry = parse_registry_path(text)
    if not registry.prefix:
        raise InvalidReference("repository", text, "a host and a path: us.gcr.io/k8s-artifacts-prod/foo")
    return Repository(registry.host, registry.prefix)


def parse_tag(text: str) -> Tag:
    """Parse a tag: a letter, digit or underscore, then up to 127 of those, dots and dashes.

    Raises:
        InvalidReference: `text` is not a tag.
    """
    if not _TAG.fullmatch(text):
        expected = "a letter, digit or '_', then at most 127 letters, digits, '_', '.' and '-'"
        raise InvalidReference("tag", text, expected)
    return Tag(text)


def parse_digest(text: str) -> Digest:
    """Parse a digest of an algorithm that can be verified here: sha256 or sha512.

    Raises:
        InvalidReference: `text` is not such a digest.
    """
    if not _DIGEST.fullmatch(text):
        raise InvalidReference("digest", text, "'sha256:' and 64 hex digits")
    return Digest(text)


def _shortest(address: str) -> str:
    """How an address of version 6 is written in the shortest way, as in URLs; empty for what is none.

    Nor is one that stands for an address of version 4: Pythons differ in how they write it.
    """
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return ""
    return "" if parsed.ipv4_mapped else parsed.compressed
