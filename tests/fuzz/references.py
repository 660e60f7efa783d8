"""Names: hosts, repositories, tags, digests, endpoints, revisions of git."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from cip_async.errors import CipError, InvalidReference, InvalidSettings
from cip_async.manifests.tree import read_manifests_at
from cip_async.reference import (
    Repository,
    parse_digest,
    parse_host,
    parse_image_name,
    parse_registry_path,
    parse_repository,
    parse_tag,
)
from cip_async.registry.endpoints import DOCKER_HUB_ALIASES, Endpoints
from cip_async.registry.listing.artifact_repository import ArtifactRepository
from cip_async.registry.quota import usual_rate
from tests.fuzz.target import Target

DIGEST: Final = b"sha256:" + b"a" * 64
WORDS: Final = (
    *(b".", b"-", b"_", b"__", b"/", b"//", b":", b"@", b"[", b"]", b"::", b"::1", b"..", b"localhost", b":5000"),
    *(b":0", b":65536", b"xn--", b"0x7f", b"127.0.0.1", b"A", b"sha256:", b"sha512:", DIGEST, b"http://", b"https://"),
    *(b"=", b"?", b"#", b"user@", b"~1", b"^", b"@{", b"--", b"^{commit}", b":(glob)", b"gcr.io", b"-docker.pkg.dev"),
)


def text(content: bytes) -> str:
    """As arguments and names of files are decoded. What starts with a mark is, besides, no text that any file has."""
    decoded = content.decode("utf-8", "surrogateescape")
    return f"\ud800{decoded[1:]}" if decoded.startswith("\ufeff") else decoded


def parsed(parse: Callable[[str], Any], content: bytes) -> None:
    """A name is refused in a sentence that shows it, or reads the same when it is written again."""
    try:
        found = parse(text(content))
    except InvalidReference as error:
        assert str(error).isprintable()
        assert len(str(error)) < 5_000
        return
    assert parse(str(found)) == found
    assert str(found).isascii()


def host(content: bytes) -> None:
    """What is a host can be asked, at a URL of its own."""
    parsed(parse_host, content)
    try:
        found = parse_host(text(content))
    except InvalidReference:
        return
    endpoints = Endpoints()
    repository = Repository(found, "a")
    url = endpoints.url(found, "/v2/?n=1")
    assert url.raw_host is not None
    assert found in DOCKER_HUB_ALIASES or url.raw_host in found
    assert endpoints.map_back(found, url) == url
    endpoints.place(repository)
    usual_rate(endpoints)(found)
    ArtifactRepository.of(repository)


def endpoint(content: bytes) -> None:
    """`HOST=URL` is the URL of an origin for a host, or refused."""
    name, _, url = text(content).partition("=")
    try:
        endpoints = Endpoints({name: url})
        origin = endpoints.origin(parse_host(name))
    except (InvalidReference, InvalidSettings) as error:
        assert "user:pass@" not in str(error)
        return
    assert origin.scheme in ("http", "https")
    assert origin.raw_host
    endpoints.place(Repository(parse_host(name), "a"))


def path(content: bytes) -> None:
    """What is named as a folder or file, and what is named as a revision, is used or refused."""
    revision, _, name = text(content).partition(":")
    with tempfile.TemporaryDirectory() as folder:
        try:
            read_manifests_at(revision, thin_manifest_dir=Path(folder))
        except CipError as error:
            assert str(error)
        try:
            read_manifests_at(revision, manifest=f"{folder}/{name}")
        except CipError as error:
            assert str(error)


def _target(name: str, feed: Callable[[bytes], None], *seeds: bytes, weight: int = 10) -> Target:
    return Target(name=name, feed=feed, seeds=seeds, words=WORDS, weight=weight)


TARGETS: Final = (
    _target("host", host, b"us.gcr.io", b"localhost:5000", b"[::1]:5000", b"[fe80::1:2]", b"10.0.0.1:80", b"docker.io"),
    _target("registry", partial(parsed, parse_registry_path), b"us.gcr.io/k8s-artifacts-prod", b"[::1]:5000/a/b"),
    _target("repository", partial(parsed, parse_repository), b"us.gcr.io/k8s-artifacts-prod/foo", b"localhost/a__b"),
    _target("image-name", partial(parsed, parse_image_name), b"foo/bar", b"a__b.c-d"),
    _target("tag", partial(parsed, parse_tag), b"v1.10", b"_x-y"),
    _target("digest", partial(parsed, parse_digest), DIGEST, b"sha512:" + b"b" * 128),
    _target("endpoint", endpoint, b"gcr.io=http://localhost:5000", b"a:1=https://[::1]/", b"a=http://user:pass@b"),
    _target("revision", path, b"HEAD:a.yaml", b"v1.0~1:", b"main@{1}:a/b", weight=1),
)
