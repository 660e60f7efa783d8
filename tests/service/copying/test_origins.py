"""Mounts from one of Google's hosts into another: no byte moves where they are made, and none is lost elsewhere."""

from collections.abc import Iterator
from typing import Literal

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.ledger import Entry
from cip_async.fake_registry.rules import Rules
from tests.service.copying.conftest import MIRRORS, Copying, Make, wanted

pytestmark = pytest.mark.anyio

BASE = images.layer("base")
SEVERAL = [images.single(seed=str(number), layers=[BASE, images.layer(f"own {number}")]) for number in range(40)]
BLOBS = {digest for image in SEVERAL for digest in image.all_blobs}

Answer = Literal["unknown", "opened", "denied", "honoured"]


def answering(copy: Copying, answer: Answer) -> Copying:
    """All hosts answer mounts from other hosts so."""
    for host in copy.servers.registries.values():
        host.rules.origin_mounts = answer
    return copy


def asked(copy: Copying, host: str) -> Iterator[Entry]:
    """The mounts from other hosts that a host was asked for."""
    return (entry for entry in copy.host(host).ledger.find(call_class="mount") if "origin" in entry.query_keys)


async def test_no_byte_moves_where_they_are_made(copying: Make) -> None:
    copy = answering(await copying(), "honoured")
    for name in ("one", "two", "three"):
        copy.plan(name, *(wanted(image, image.digest[7:15]) for image in SEVERAL))

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("gcr.io") == {"manifest-get": 3 * len(SEVERAL)}
    for mirror in MIRRORS:
        assert copy.requests(mirror) == {"mount": 3 * len(BLOBS), "tag-put": 3 * len(SEVERAL)}
        first = list(asked(copy, mirror))
        assert len(first) == len(BLOBS), "the others mount it from the first"
        assert {entry.target.partition("&")[2].partition("=")[2] for entry in first} <= {
            f"staging/{name}&origin=gcr.io" for name in ("one", "two", "three")
        }
        assert copy.engine.capabilities()[mirror.partition("/")[0]] == {"mounts": True, "mounts-from-other-hosts": True}  # type: ignore[index]  # a literal is a host here
    traffic = copy.engine.progress.traffic()
    assert (traffic.blobs_read, traffic.blobs_relayed, traffic.blobs_mounted) == (0, 0, 9 * len(BLOBS))


async def test_where_they_only_open_an_upload_they_cost_nothing_and_are_soon_left_alone(copying: Make) -> None:
    copy = answering(await copying(), "opened")
    copy.plan("one", *(wanted(image, image.digest[7:15]) for image in SEVERAL))

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("gcr.io") == {"manifest-get": len(SEVERAL), "blob-get": len(BLOBS)}
    for mirror in MIRRORS:
        assert copy.requests(mirror) == {
            "upload-start": len(BLOBS),
            "upload": len(BLOBS),
            "tag-put": len(SEVERAL),
        }
        assert 3 <= len(list(asked(copy, mirror))) < len(BLOBS)
        assert copy.host(mirror).store.open_uploads == 0
        assert copy.engine.capabilities()[mirror.partition("/")[0]] == {"mounts-from-other-hosts": False}  # type: ignore[index]  # a literal is a host here


async def test_where_they_are_denied_the_bytes_are_brought(copying: Make) -> None:
    copy = answering(await copying(), "denied")
    copy.plan("one", *(wanted(image, image.digest[7:15]) for image in SEVERAL))
    copy.plan("two", *(wanted(image, image.digest[7:15]) for image in SEVERAL))

    await copy.run()

    copy.assert_promoted()
    for mirror in MIRRORS:
        assert len(list(asked(copy, mirror))) == 1
        assert copy.requests(mirror) == {
            "mount": 1 + len(BLOBS),
            "upload-start": len(BLOBS),
            "upload": len(BLOBS),
            "tag-put": 2 * len(SEVERAL),
        }


@pytest.mark.parametrize("fault", ["500", "429", "reset"])
async def test_one_that_fails_is_not_tried_again_and_fails_nothing(copying: Make, fault: str) -> None:
    copy = answering(await copying(hosts=("gcr.io", "eu.gcr.io")), "honoured")
    copy.host("eu.gcr.io").faults.add(fault, on=["mount"], times=2, seconds=0.01)
    image = images.single(seed="one", layers=3)
    copy.plan("one", wanted(image, "v1"), to=["eu.gcr.io/prod"])

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("eu.gcr.io") == {
        "mount": len(image.all_blobs),
        "upload-start": 2,
        "upload": 2,
        "tag-put": 1,
    }
    assert copy.requests("gcr.io") == {"manifest-get": 1, "blob-get": 2}


async def test_a_blob_that_the_other_host_lacks_in_that_repository_is_brought(copying: Make) -> None:
    copy = answering(await copying(hosts=("gcr.io", "eu.gcr.io")), "honoured")
    image = images.single(seed="one", layers=2)
    copy.plan("one", wanted(image, "v1"), to=["eu.gcr.io/prod"])
    copy.host("eu.gcr.io").faults.add("mount-refused", subject=next(iter(image.all_blobs)))

    await copy.run()

    copy.assert_promoted()
    assert copy.requests("eu.gcr.io") == {
        "mount": len(image.all_blobs) - 1,
        "upload-start": 1,
        "upload": 1,
        "tag-put": 1,
    }


@pytest.mark.parametrize(
    ("source", "mirror"),
    [("gcr.io", "mirror.example"), ("staging.example", "eu.gcr.io"), ("staging.example", "mirror.example")],
)
async def test_hosts_that_are_not_both_google_s_are_not_asked(copying: Make, source: str, mirror: str) -> None:
    copy = answering(await copying(hosts=(source, mirror), rules=Rules), "honoured")
    copy.plan("one", wanted(SEVERAL[0], "v1"), source=f"{source}/staging", to=[f"{mirror}/prod"])

    await copy.run()

    copy.assert_promoted()
    assert list(asked(copy, mirror)) == []
    assert copy.host(mirror).ledger.count(call_class=CallClass.MOUNT) == 0


async def test_server_side_only_is_enough_where_they_are_made(copying: Make) -> None:
    copy = answering(await copying(server_side_only=True), "honoured")
    copy.plan("one", *(wanted(image, image.digest[7:15]) for image in SEVERAL))

    await copy.run()

    copy.assert_promoted()
    assert copy.engine.progress.failures == {}
