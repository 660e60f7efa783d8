"""What the demo looks up in the books of its registries."""

from cip_async.cli.demo_content import MIRRORS, Wish, wishes
from cip_async.cli.demo_promises import faults, written_hosts
from cip_async.fake_registry.calls import parse_call
from cip_async.fake_registry.host import FakeRegistries
from cip_async.fake_registry.images import push, single

WANTED = wishes()


def promoted(wanted: tuple[Wish, ...] = WANTED) -> FakeRegistries:
    registries = FakeRegistries(*(mirror.host for mirror in MIRRORS))
    for mirror in MIRRORS:
        for wish in wanted:
            push(registries[mirror.host].store, mirror.repository(wish.name).path, wish.image, wish.tags)
    return registries


def test_mirrors_that_hold_what_is_wanted_have_no_fault() -> None:
    assert list(faults(promoted(), WANTED)) == []


def test_what_is_missing_or_too_much_is_named() -> None:
    registries = promoted(WANTED[1:])
    push(registries["eu.gcr.io"].store, "demo-prod/pause", WANTED[0].image, WANTED[0].tags)
    push(registries["eu.gcr.io"].store, "demo-prod/etcd", single(seed="stray"))
    assert list(faults(registries, WANTED)) == [
        "asia.gcr.io/demo-prod/pause does not hold what is wanted, and that alone",
        "eu.gcr.io/demo-prod/etcd does not hold what is wanted, and that alone",
        "us.gcr.io/demo-prod/pause does not hold what is wanted, and that alone",
    ]


def test_content_that_is_gone_and_tags_that_moved_are_named() -> None:
    registries = promoted()
    store = registries["eu.gcr.io"].store
    push(store, "demo-prod/pause", single(seed="stray"), ["latest"])
    push(store, "demo-prod/pause", WANTED[0].image, ["latest"])
    blob = next(iter(WANTED[-1].image.all_blobs))
    store.drop_blob(f"demo-prod/{WANTED[-1].name}", blob)
    told = "\n".join(faults(registries, WANTED))
    assert "eu.gcr.io/demo-prod/pause:latest was moved" in told
    assert f"blob {blob}, which is not there" in told


def test_hosts_that_were_written_to_are_known() -> None:
    registries = promoted()
    ledger = registries["eu.gcr.io"].ledger
    ledger.open(parse_call("GET", "/v2/demo-prod/pause/tags/list"), "")
    assert written_hosts(registries) == []
    ledger.open(parse_call("POST", "/v2/demo-prod/pause/blobs/uploads/"), "")
    assert written_hosts(registries) == ["eu.gcr.io"]
