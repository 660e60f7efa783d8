"""Other tools that copy images between registries, and how their users call them for the same promotion.

Each entry is a tool's documented command line. A tool that is not on the path is skipped, and so is said.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs
from msgspec.structs import replace

from benchmarks._release import Release, promoter_manifests
from benchmarks._shape import write
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.reference import RegistryPath, parse_host

Command = list[str]


@attrs.frozen(kw_only=True)
class Copy:
    """One tag of one image in one mirror: places as `host:port/path`."""

    source: str
    digest: str
    destination: str
    tag: str

    @property
    def by_digest(self) -> str:
        """The source, by digest."""
        return f"{self.source}@{self.digest}"

    @property
    def by_tag(self) -> str:
        """The destination, with its tag."""
        return f"{self.destination}:{self.tag}"


@attrs.frozen(kw_only=True)
class Task:
    """A promotion as other tools understand it: where it leads in this run, and a folder for their files."""

    made: Release
    endpoints: Mapping[str, str]
    folder: Path

    @property
    def copies(self) -> tuple[Copy, ...]:
        """Every tag of every image in every mirror."""
        return tuple(
            Copy(
                source=f"{self.at(self.made.source)}/{wanted.name}",
                digest=wanted.image.digest,
                destination=f"{self.at(mirror)}/{wanted.name}",
                tag=tag,
            )
            for mirror in self.made.mirrors
            for wanted in self.made.wanted
            for tag in wanted.tags
        )

    @property
    def addresses(self) -> tuple[str, ...]:
        """The registries, as `host:port`."""
        return tuple(url.removeprefix("http://") for url in self.endpoints.values())

    def at(self, path: RegistryPath) -> str:
        """A registry path with the address where it is served."""
        return str(self._served(path))

    def file(self, name: str, content: object) -> str:
        """Write JSON, which is YAML too, and return the path."""
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def thin_manifest_dir(self) -> str:
        """Write thin promoter manifests that name the addresses, as there are no endpoints elsewhere."""
        (manifest,) = promoter_manifests(self.made).manifests
        entries = [attrs.evolve(entry, path=self._served(entry.path)) for entry in manifest.destinations]
        source = attrs.evolve(manifest.source, path=self._served(manifest.source.path))
        there = attrs.evolve(manifest, source=source, destinations=tuple(entries))
        folder = self.folder / "thin"
        write(PromoterManifests(manifests=(there,), problems=()), folder)
        return str(folder)

    def _served(self, path: RegistryPath) -> RegistryPath:
        return replace(path, host=parse_host(self.endpoints[path.host].removeprefix("http://")))


@attrs.frozen(kw_only=True)
class Peer:
    """A way to use a tool. `at_once` is how many of the commands run at the same time."""

    name: str
    program: str
    commands: Callable[[Task], Iterator[Command]]
    at_once: int = 1


_SKOPEO: Final = ("skopeo", "--insecure-policy")
_SKOPEO_COPIES: Final = ("--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false")


def _skopeo_copy(task: Task) -> Iterator[Command]:
    for copy in task.copies:
        yield [*_SKOPEO, "copy", *_SKOPEO_COPIES, f"docker://{copy.by_digest}", f"docker://{copy.by_tag}"]


def _skopeo_sync(task: Task) -> Iterator[Command]:
    """A run for each mirror, which copies the tags of all repositories; staging has the same tags."""
    source = task.at(task.made.source)
    address, _, prefix = source.partition("/")
    images = {
        f"{prefix}/{name}": [tag for each in wanted for tag in each.tags] for name, wanted in task.made.by_name.items()
    }
    file = task.file("sync.yaml", {address: {"tls-verify": False, "images": images}})
    for mirror in task.made.mirrors:
        yield [*_SKOPEO, "sync", *_SKOPEO_COPIES, "--src", "yaml", "--dest", "docker", file, task.at(mirror)]


def _crane(program: str) -> Callable[[Task], Iterator[Command]]:
    def commands(task: Task) -> Iterator[Command]:
        for copy in task.copies:
            yield [program, "copy", "--insecure", copy.by_digest, copy.by_tag]

    return commands


def _regctl(task: Task) -> Iterator[Command]:
    hosts = [word for address in task.addresses for word in ("--host", f"reg={address},tls=disabled")]
    for copy in task.copies:
        yield ["regctl", *hosts, "image", "copy", copy.by_digest, copy.by_tag]


def _regsync(task: Task) -> Iterator[Command]:
    config = {
        "version": 1,
        "creds": [{"registry": address, "tls": "disabled"} for address in task.addresses],
        "sync": [{"source": copy.by_digest, "target": copy.by_tag, "type": "image"} for copy in task.copies],
    }
    yield ["regsync", "once", "--config", task.file("regsync.yaml", config)]


def _kpromo(task: Task) -> Iterator[Command]:
    """Without signatures, which are no part of this promotion."""
    yield ["kpromo", "cip", f"--thin-manifest-dir={task.thin_manifest_dir()}", "--confirm", "--sign=false"]


def _ocync(task: Task) -> Iterator[Command]:
    names = dict(zip(task.addresses, (f"registry-{number}" for number, _ in enumerate(task.addresses)), strict=True))
    source, _, source_prefix = task.at(task.made.source).partition("/")
    mirrors = [task.at(mirror).partition("/") for mirror in task.made.mirrors]
    config = {
        "registries": {name: {"url": address, "auth_type": "anonymous"} for address, name in names.items()},
        "mappings": [
            {
                "from": f"{source_prefix}/{image}",
                "to": f"{prefix}/{image}",
                "source": names[source],
                "targets": [names[address]],
                "tags": {"glob": [tag for each in wanted for tag in each.tags]},
            }
            for address, _, prefix in mirrors
            for image, wanted in task.made.by_name.items()
        ],
    }
    yield ["ocync", "sync", "--config", task.file("ocync.yaml", config)]


PEERS: Final = (
    Peer(name="skopeo copy", program="skopeo", commands=_skopeo_copy),
    Peer(name="skopeo copy, 8 at once", program="skopeo", commands=_skopeo_copy, at_once=8),
    Peer(name="skopeo sync", program="skopeo", commands=_skopeo_sync),
    Peer(name="crane copy", program="crane", commands=_crane("crane")),
    Peer(name="crane copy, 8 at once", program="crane", commands=_crane("crane"), at_once=8),
    Peer(name="gcrane copy", program="gcrane", commands=_crane("gcrane")),
    Peer(name="regctl image copy", program="regctl", commands=_regctl),
    Peer(name="regsync once", program="regsync", commands=_regsync),
    Peer(name="kpromo cip", program="kpromo", commands=_kpromo),
    Peer(name="ocync sync", program="ocync", commands=_ocync),
)
