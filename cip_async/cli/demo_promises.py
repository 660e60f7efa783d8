"""What must be true of the registries of the demo, looked up in their own books."""

from collections.abc import Iterable, Iterator

from cip_async.cli.demo_content import MIRRORS, Wish
from cip_async.fake_registry.host import FakeHost, FakeRegistries
from cip_async.reference import Digest, ImageName, Tag


def written_hosts(registries: FakeRegistries) -> list[str]:
    """The hosts that got a request which may change something."""
    return [name for name, host in registries.items() if host.ledger.writes()]


def faults(registries: FakeRegistries, wanted: Iterable[Wish]) -> Iterator[str]:
    """What is wrong with the mirrors, which should hold what is wanted and nothing else."""
    tags: dict[ImageName, dict[Tag, Digest]] = {}
    digests: dict[ImageName, set[Digest]] = {}
    for wish in wanted:
        tags.setdefault(wish.name, {}).update(dict.fromkeys(wish.tags, wish.image.digest))
        digests.setdefault(wish.name, set()).update(member.digest for member in wish.image.family())
    for mirror in MIRRORS:
        host = registries[mirror.host]
        for name in sorted(tags):
            repository = mirror.repository(name)
            held = host.store.repository(repository.path)
            if held.tags != tags[name] or set(held.manifests) != digests[name]:
                yield f"{repository} does not hold what is wanted, and that alone"
        yield from _faults_of_host(host)


def _faults_of_host(host: FakeHost) -> Iterator[str]:
    yield from (f"{host.name}: {missing}" for missing in host.store.missing_content())
    yield from (f"{host.name}/{write.path}:{write.tag} was moved" for write in host.store.moved_tags())
    yield from (f"{host.name}/{write.path}:{write.tag} was visible too early" for write in host.store.early_tags())
