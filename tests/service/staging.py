"""A staging registry with images, and promoter manifests that want them in mirrors."""

from collections.abc import Sequence
from pathlib import Path

import attrs
from anyio import to_thread

from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.images import Image, push
from cip_async.fake_registry.ledger import Entry
from cip_async.fake_registry.server import Servers
from cip_async.manifests.tree import load_manifests
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.reference import Digest, Tag


def request_kind(entry: Entry) -> str:
    """What a request was: a mount from another host that opened an upload instead is no more than that."""
    opened = entry.call_class is CallClass.MOUNT and entry.status == 202 and "origin" in entry.query_keys
    return CallClass.UPLOAD_START.value if opened else entry.call_class.value


@attrs.define
class Staging:
    """What is wanted from `<source>/staging` in `<mirror>/prod`."""

    servers: Servers
    folder: Path
    source: str = "gcr.io"
    mirrors: Sequence[str] = ("eu.gcr.io", "us.gcr.io")
    source_prefix: str = "staging"
    prefix: str = "prod"
    """Where in a mirror the images should go."""
    wanted: dict[str, dict[str, list[str]]] = attrs.field(factory=dict)

    def push(self, name: str, image: Image, *tags: str) -> Digest:
        """Put an image into staging, and want it with `tags`."""
        push(self.servers[self.source].store, f"{self.source_prefix}/{name}", image)
        return self.want(name, image.digest, *tags)

    def want(self, name: str, digest: str, *tags: str) -> Digest:
        """Want a digest, wherever it may be."""
        self.wanted.setdefault(name, {}).setdefault(digest, []).extend(tags)
        return Digest(digest)

    def hold(self, mirror: str, name: str, image: Image, *tags: str) -> None:
        """Put an image into a mirror, as an earlier promotion would have left it."""
        push(self.servers[mirror].store, f"prod/{name}", image, tags)

    def written(self) -> Path:
        """The promoter manifest as a file."""
        lines = ["registries:", f"- name: {self.source}/{self.source_prefix}", "  src: true"]
        lines += [f"- name: {mirror}/{self.prefix}" for mirror in self.mirrors]
        lines += ["images:"]
        for name, dmap in self.wanted.items():
            lines += [f"- name: {name}", "  dmap:"]
            lines += [f'    "{digest}": [{", ".join(map(repr, tags))}]' for digest, tags in dmap.items()]
        path = self.folder / "promoter-manifest.yaml"
        path.write_text("\n".join(lines) + "\n")
        return path

    async def manifests(self, *, quarantine: bool = False) -> PromoterManifests:
        """The promoter manifest, loaded in a thread, as reading files blocks."""
        return await to_thread.run_sync(lambda: load_manifests(manifest=self.written(), quarantine=quarantine))

    def in_mirror(self, mirror: str) -> dict[str, dict[Tag, Digest]]:
        """The tags of each repository of a mirror."""
        store = self.servers[mirror].store
        return {
            path.removeprefix("prod/"): store.repository(path).tags
            for path in store.repositories()
            if path.startswith("prod/")
        }

    def wanted_tags(self) -> dict[str, dict[Tag, Digest]]:
        """The tags that each repository of a mirror should have."""
        return {
            name: {Tag(tag): Digest(digest) for digest, tags in dmap.items() for tag in tags}
            for name, dmap in self.wanted.items()
        }

    def writes(self) -> list[str]:
        """Every write that any host received."""
        return [
            f"{entry.method} {entry.target}"
            for host in self.servers.registries.values()
            for entry in host.ledger.writes()
        ]

    def forget_requests(self) -> None:
        """Begin to count anew."""
        for host in self.servers.registries.values():
            host.ledger.clear()
