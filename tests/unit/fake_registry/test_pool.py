"""The bytes behind digests."""

import attrs

from cip_async.fake_registry.content import Dropped, Held, digest_of
from cip_async.fake_registry.documents import DOCKER_MANIFEST
from cip_async.fake_registry.images import single
from cip_async.fake_registry.pool import Pool
from cip_async.fake_registry.store import Store


def test_hosts_with_one_pool_hold_each_blob_once() -> None:
    pool = Pool()
    one, other = Store(pool), Store(pool)
    digest = one.add_blob("a", Held(b"bytes"))
    other.add_blob("b", Held(b"bytes"))
    assert one.blob("a", digest) is other.blob("b", digest)


def test_bytes_that_were_dropped_can_be_read_if_somebody_has_them() -> None:
    store = Store()
    digest = store.add_blob("a", Dropped(5), digest_of(Held(b"bytes")))
    assert not store.blob("a", digest).readable
    store.add_blob("b", Held(b"bytes"))
    assert store.blob("b", digest).readable


def test_a_document_that_is_known_by_another_type_stays_another() -> None:
    pool, document = Pool(), single(seed="a").document
    assert pool.document(document) is pool.document(single(seed="a").document) is document
    other = attrs.evolve(document, media_type=DOCKER_MANIFEST)
    assert pool.document(other) is other
