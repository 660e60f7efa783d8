"""How many requests a promotion sends, exactly: what a quota is spent on.

The floor: one listing for each repository of a mirror, and of a source for which several images are lacking, each image
manifest read once from the source, and in each destination one
request for each blob that is missing (a mount), one PUT for each child of an index, and one for each tag, or one for
all tags where the registry takes several at once.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.images import Image
from cip_async.fake_registry.rules import Rules
from cip_async.model.outcome import Outcome
from cip_async.promoter import Promoter
from cip_async.reference import Digest
from cip_async.reporting.exit_code import ExitCode, exit_code
from cip_async.reporting.totals import total
from tests.service.conftest import ServeHosts
from tests.service.staging import Staging, request_kind

pytestmark = pytest.mark.anyio

MakePromoter = Callable[..., Promoter]

BASE = images.layer("base", 5000)
MIRRORS = 3


def content() -> dict[str, list[tuple[Image, tuple[str, ...]]]]:
    """Four repositories with multi-arch and single images that share layers, some with several tags."""
    return {
        f"app{number}": [
            (images.multi_arch(seed=f"{number} multi", shared_layers=[BASE]), ("v2", "latest", "v2.0")),
            (images.single(seed=f"{number} single", layers=[BASE, images.layer(f"own {number}")]), ("v1",)),
            (images.single(seed=f"{number} docker", image_format="docker"), ("d1", "d2")),
            (images.single(seed=f"{number} tagless"), ()),
        ]
        for number in range(4)
    }


def fill(staging: Staging) -> None:
    for name, wanted in content().items():
        for image, tags in wanted:
            staging.push(name, image, *tags)


def blobs(wanted: Iterable[tuple[Image, tuple[str, ...]]]) -> set[Digest]:
    return {digest for image, _ in wanted for digest in image.all_blobs}


def documents(wanted: Iterable[tuple[Image, tuple[str, ...]]]) -> set[Digest]:
    return {member.digest for image, _ in wanted for member in image.family()}


def children(wanted: Iterable[tuple[Image, tuple[str, ...]]]) -> int:
    return len({child.digest for image, _ in wanted for child in image.children})


def requests(staging: Staging, host: str) -> Counter[str]:
    return Counter(map(request_kind, staging.servers[host].ledger.entries))


async def promote(make: MakePromoter, staging: Staging) -> None:
    async with make(staging, confirm=True) as promoter:
        await promoter.run(await staging.manifests())
    assert all(staging.in_mirror(mirror) == staging.wanted_tags() for mirror in staging.mirrors)


async def test_mounts_within_a_google_host_cost_the_floor_and_nothing_more(
    serve_hosts: ServeHosts, promoter_for: MakePromoter, tmp_path: Path
) -> None:
    staging = Staging(await serve_hosts("gcr.io", rules=Rules.google), tmp_path, mirrors=("gcr.io",))
    fill(staging)

    await promote(promoter_for, staging)

    repositories = content().values()
    assert requests(staging, "gcr.io") == {
        "tags": 2 * len(repositories),
        "manifest-get": sum(len(documents(wanted)) for wanted in repositories),
        "mount": sum(len(blobs(wanted)) for wanted in repositories),
        "manifest-put": sum(children(wanted) + 1 for wanted in repositories),  # and the tagless one
        "tag-put": sum(len(tags) for wanted in repositories for _, tags in wanted),
    }


async def test_a_registry_that_takes_several_tags_at_once_gets_one_put_for_them(
    serve_hosts: ServeHosts, promoter_for: MakePromoter, tmp_path: Path
) -> None:
    servers = await serve_hosts("plain.example")
    staging = Staging(servers, tmp_path, source="plain.example", mirrors=("plain.example",))
    fill(staging)

    await promote(promoter_for, staging)

    repositories = content().values()
    tagged = sum(1 for wanted in repositories for _, tags in wanted if tags)
    floor = {
        "tags": len(repositories),
        "manifest-head": len(repositories),  # is the tagless one there already?
        "manifest-get": sum(len(documents(wanted)) for wanted in repositories),
        "mount": sum(len(blobs(wanted)) for wanted in repositories),
        "manifest-put": sum(children(wanted) + 1 for wanted in repositories),
        "tag-put": tagged,
    }
    sent = requests(staging, "plain.example")
    sent_in_vain = sent.pop("tag-put") - floor.pop("tag-put")
    assert sent == floor
    assert 0 <= sent_in_vain <= 0.05 * (sum(floor.values()) + tagged)


@pytest.mark.parametrize("is_there", [True, False])
async def test_one_wanted_tag_costs_a_plain_mirror_one_request_and_no_listing(
    is_there: bool, promoter_for: MakePromoter, plain: Staging
) -> None:
    image = images.single(seed="one")
    for name in ("app", "tool"):
        plain.push(name, image, "v1")
        for mirror in plain.mirrors if is_there else ():
            plain.hold(mirror, name, image, "v1")

    async with promoter_for(plain) as promoter:
        await promoter.run(await plain.manifests())

    assert all(requests(plain, mirror) == {"manifest-head": 2} for mirror in plain.mirrors)
    assert requests(plain, "staging.example") == ({} if is_there else {"manifest-get": 2})


async def test_a_blob_is_read_once_for_all_mirrors_and_repositories(
    serve_hosts: ServeHosts, promoter_for: MakePromoter, tmp_path: Path
) -> None:
    mirrors = ("asia.gcr.io", "eu.gcr.io", "us.gcr.io")
    staging = Staging(await serve_hosts("gcr.io", *mirrors, rules=Rules.google), tmp_path, mirrors=mirrors)
    fill(staging)

    await promote(promoter_for, staging)

    repositories = content().values()
    all_blobs = set().union(*map(blobs, repositories))
    assert requests(staging, "gcr.io") == {
        "tags": len(repositories),
        "manifest-get": sum(len(documents(wanted)) for wanted in repositories),
        "blob-get": len(all_blobs),
    }
    for mirror in mirrors:
        assert requests(staging, mirror) == {
            "tags": len(repositories),
            "upload-start": len(all_blobs),
            "upload": len(all_blobs),
            "mount": sum(len(blobs(wanted)) for wanted in repositories) - len(all_blobs),
            "manifest-put": sum(children(wanted) + 1 for wanted in repositories),
            "tag-put": sum(len(tags) for wanted in repositories for _, tags in wanted),
        }


async def test_nothing_is_sent_twice_at_the_same_time_into_one_repository(
    serve_hosts: ServeHosts, promoter_for: MakePromoter, tmp_path: Path
) -> None:
    mirrors = ("asia.example", "eu.example", "us.example")
    servers = await serve_hosts("staging.example", *mirrors, rules=Rules.distribution)
    staging = Staging(servers, tmp_path, source="staging.example", mirrors=mirrors)
    fill(staging)

    await promote(promoter_for, staging)

    assert [host.ledger.collisions for host in servers.registries.values()] == [[]] * 4
    assert [host.store.early_tags() for host in servers.registries.values()] == [[]] * 4


async def test_many_mirrors_make_the_source_no_busier(
    serve_hosts: ServeHosts, promoter_for: MakePromoter, tmp_path: Path
) -> None:
    mirrors = tuple(f"mirror{number}.gcr.io" for number in range(12))
    staging = Staging(await serve_hosts("gcr.io", *mirrors, rules=Rules.google), tmp_path, mirrors=mirrors)
    image = images.single(seed="one")
    staging.push("app", image, "v1")

    await promote(promoter_for, staging)

    assert requests(staging, "gcr.io") == {"manifest-get": 1, "blob-get": len(image.all_blobs)}


@pytest.mark.parametrize("tags", [1, 3])
async def test_a_tag_alone_costs_one_read_of_the_source_for_all_mirrors(
    tags: int, serve_hosts: ServeHosts, promoter_for: MakePromoter, tmp_path: Path
) -> None:
    mirrors = tuple(f"mirror{number}.gcr.io" for number in range(MIRRORS))
    staging = Staging(await serve_hosts("gcr.io", *mirrors, rules=Rules.google), tmp_path, mirrors=mirrors)
    image = images.multi_arch(seed="one")
    staging.push("app", image, "old", *(f"new{number}" for number in range(tags)))
    for mirror in mirrors:
        staging.hold(mirror, "app", image, "old")

    await promote(promoter_for, staging)

    assert requests(staging, "gcr.io") == {"manifest-get": 1}
    assert all(requests(staging, mirror) == {"tags": 1, "tag-put": tags} for mirror in mirrors)


async def test_what_the_listing_of_a_mirror_shows_is_not_asked_for_again(
    staging: Staging, promoter_for: MakePromoter
) -> None:
    children = [images.single(seed=f"child {number}", layers=[BASE]) for number in range(3)]
    staging.push("app", images.index(*children), "v1")
    staging.hold("eu.gcr.io", "app", children[0])
    staging.hold("us.gcr.io", "app", images.index(*children))
    staging.servers["us.gcr.io"].store.drop_document("prod/app", images.index(*children).digest, with_tags=True)

    await promote(promoter_for, staging)

    lacking = set(blobs([(child, ()) for child in children])) - set(children[0].all_blobs)
    assert requests(staging, "eu.gcr.io") == {
        "tags": 1,
        "upload-start": len(lacking),
        "upload": len(lacking),
        "manifest-put": 2,
        "tag-put": 1,
    }
    assert requests(staging, "us.gcr.io") == {"tags": 1, "tag-put": 1}
    assert requests(staging, "gcr.io") == {"manifest-get": 4, "blob-get": len(lacking)}


@pytest.mark.parametrize("quarantine", [True, False])
async def test_between_hosts_of_google_that_mount_from_each_other_no_byte_moves(
    staging: Staging, promoter_for: MakePromoter, quarantine: bool
) -> None:
    for host in staging.servers.registries.values():
        host.rules.origin_mounts = "honoured"
    fill(staging)

    async with promoter_for(staging, confirm=True) as promoter:
        await promoter.run(await staging.manifests(), quarantine=quarantine)

    repositories = content().values()
    assert requests(staging, "gcr.io") == {
        "tags": len(repositories),
        "manifest-get": sum(len(documents(wanted)) for wanted in repositories),
    }
    for mirror in staging.mirrors:
        assert staging.in_mirror(mirror) == staging.wanted_tags()
        assert requests(staging, mirror)["mount"] == sum(len(blobs(wanted)) for wanted in repositories)
        assert requests(staging, mirror).keys() == {"tags", "mount", "manifest-put", "tag-put"}


@pytest.mark.parametrize("lost", [1, 2])
async def test_a_lost_image_is_found_by_one_request_and_several_by_one_listing(
    lost: int, staging: Staging, promoter_for: MakePromoter
) -> None:
    kept = images.single(seed="kept")
    staging.push("kept", kept, "v1")
    for number in range(lost):
        staging.want("app", images.single(seed=f"lost {number}").digest, f"v{number}")

    async with promoter_for(staging, confirm=True) as promoter:
        report = await promoter.run(await staging.manifests())

    assert total(report).outcomes[Outcome.LOST] == lost * len(staging.mirrors)
    sent = requests(staging, "gcr.io")
    assert sent["tags"] == (0 if lost == 1 else 1)
    assert sent["manifest-get"] == (2 if lost == 1 else 1)


@pytest.mark.parametrize("fault", ["500", "short", "wrong-bytes"])
async def test_a_single_image_that_staging_does_not_tell_of_is_never_taken_for_lost(
    fault: str, staging: Staging, promoter_for: MakePromoter
) -> None:
    staging.push("app", images.single(seed="one"), "v1")
    staging.servers["gcr.io"].faults.add(fault, on=["manifest-get"])

    async with promoter_for(staging, confirm=True) as promoter:
        report = await promoter.run(await staging.manifests())

    assert Outcome.LOST not in total(report).outcomes
    assert staging.writes() == []
    assert exit_code(report) == ExitCode.PARTLY


async def test_what_one_mirror_lacks_beside_what_was_read_already_costs_one_listing_at_most(
    staging: Staging, promoter_for: MakePromoter
) -> None:
    old = [images.single(seed=f"old {number}") for number in range(3)]
    new = images.single(seed="new")
    for number, image in enumerate(old):
        staging.push("app", image, f"v{number}")
        staging.hold("eu.gcr.io", "app", image, f"v{number}")
    staging.push("app", new, "v9")

    await promote(promoter_for, staging)

    sent = requests(staging, "gcr.io")
    assert sent["tags"] == 1, "the other mirror lacks four"
    assert sent["manifest-get"] == 4
