"""Hosts with all that belongs to them."""

from cip_async.fake_registry import images
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.host import FakeRegistries, Latency
from cip_async.fake_registry.rules import Rules

IMAGE = images.single(seed="a")


def test_hosts_are_known_by_name_in_the_order_they_were_added() -> None:
    registries = FakeRegistries("gcr.io", "eu.gcr.io")
    registries.add("us.gcr.io")
    assert list(registries) == ["gcr.io", "eu.gcr.io", "us.gcr.io"]
    assert registries["us.gcr.io"].name == "us.gcr.io"
    assert len(registries) == 3


def test_each_host_has_rules_of_its_own() -> None:
    registries = FakeRegistries("a", "b", rules=Rules.google)
    registries["a"].rules.mounts = False
    assert registries["b"].rules == Rules.google()
    assert registries.add("c", Rules.distribution()).rules == Rules.distribution()


def test_what_one_host_holds_another_does_not() -> None:
    registries = FakeRegistries("a", "b")
    images.push(registries["a"].store, "path", IMAGE, ["v1"])
    assert registries["b"].store.repositories() == []


def test_hosts_keep_the_same_content_in_memory_once() -> None:
    registries = FakeRegistries("a", "b")
    for host in registries.values():
        images.push(host.store, "path", images.single(seed="a"))
    digest = next(iter(IMAGE.blobs))
    assert registries["a"].store.blob("path", digest) is registries["b"].store.blob("path", digest)


def test_latency_may_differ_by_class() -> None:
    latency = Latency(ms=10, by_class={CallClass.BLOB_GET: 250})
    assert (latency.seconds(CallClass.TAGS), latency.seconds(CallClass.BLOB_GET)) == (0.01, 0.25)
