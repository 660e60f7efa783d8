"""Many events at a time, and a source registry that is down."""

from collections.abc import Awaitable, Callable

import anyio
import attrs
import pytest

from cip_async.audit.happenings import Audited, Deferred, SourceFailed
from cip_async.fake_registry.faults import FaultKind
from cip_async.fake_registry.images import index, multi_arch, push, single
from cip_async.settings import Bodies
from tests.service.audit.conftest import QUICK, Client
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

APP = "us.gcr.io/prod/app"
EVENTS = 10_000
Start = Callable[..., Awaitable[Client]]


async def test_ten_thousand_events_cost_no_registry_read_each(staging: Staging, auditor: Start) -> None:
    indexes = [multi_arch(seed=f"multi-{number}") for number in range(20)]
    for number, each in enumerate(indexes):
        staging.push("app", each, f"v{number}")
    children = [child.digest for each in indexes for child in each.children]
    client = await auditor()
    staging.forget_requests()
    numbers = iter(range(EVENTS))

    async def work() -> None:
        for number in numbers:
            host = ("us.gcr.io", "eu.gcr.io")[number % 2]
            digest = children[number % len(children)]
            assert await client.verdict("INSERT", digest=f"{host}/prod/app@{digest}") == "verified-child"

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(work)
    assert len(client.told.of(Audited)) == EVENTS
    assert staging.servers["gcr.io"].ledger.count() == len(indexes)
    assert staging.servers["us.gcr.io"].ledger.count() == 0


async def test_a_source_that_is_down_puts_events_off_until_it_is_back(staging: Staging, auditor: Start) -> None:
    multi = multi_arch(seed="multi")
    staging.push("app", multi, "v1")
    client = await auditor()
    faults = staging.servers["gcr.io"].faults
    faults.add(FaultKind.RESET)
    child = f"{APP}@{multi.children[0].digest}"
    status, told = await client.event("INSERT", digest=child, message_id="7")
    assert status == 503
    assert told["problem"].startswith("gcr.io: ")
    assert len(client.told.of(Deferred)) == 1
    assert await client.verdict("INSERT", digest=f"{APP}@{multi.digest}", tag=f"{APP}:v1") == "verified"
    faults.clear()
    assert await client.verdict("INSERT", digest=child, message_id="7") == "verified-child"


async def test_a_source_that_failed_is_left_alone_for_a_while(staging: Staging, auditor: Start) -> None:
    multi = multi_arch(seed="multi")
    staging.push("app", multi, "v1")
    client = await auditor(limits=attrs.evolve(QUICK, failure_pause_s=3600.0))
    staging.servers["gcr.io"].faults.add("500")
    child = f"{APP}@{multi.children[0].digest}"
    assert (await client.event("INSERT", digest=child))[0] == 503
    staging.forget_requests()
    for _ in range(100):
        assert (await client.event("INSERT", digest=child))[0] == 503
    assert staging.servers["gcr.io"].ledger.count() == 0


async def test_a_child_of_what_could_be_read_is_verified_though_something_else_could_not(
    staging: Staging, auditor: Start
) -> None:
    indexes = [multi_arch(seed="one"), multi_arch(seed="other")]
    read, unread = sorted(indexes, key=lambda each: each.digest)  # in which order they are read
    for number, each in enumerate(indexes):
        staging.push("app", each, f"v{number}")
    client = await auditor(limits=attrs.evolve(QUICK, reads_at_once=1))
    staging.servers["gcr.io"].faults.add("500", on=["manifest-get"], skipping=1)
    assert await client.verdict("INSERT", digest=f"{APP}@{read.children[0].digest}") == "verified-child"
    assert (await client.event("INSERT", digest=f"{APP}@{unread.children[0].digest}"))[0] == 503


async def test_a_wanted_index_that_the_source_lost_has_no_children(staging: Staging, auditor: Start) -> None:
    multi, image = multi_arch(seed="multi"), single(seed="image")
    staging.want("app", multi.digest, "v1")
    staging.push("app", image, "v2")
    client = await auditor(limits=attrs.evolve(QUICK, absent_s=3600.0))
    child = f"{APP}@{multi.children[0].digest}"
    assert await client.verdict("INSERT", digest=child) == "not-wanted"
    staging.forget_requests()
    assert await client.verdict("INSERT", digest=child) == "not-wanted"
    assert staging.servers["gcr.io"].ledger.count() == 0


async def test_an_index_that_came_to_the_source_late_is_found_after_a_while(staging: Staging, auditor: Start) -> None:
    multi = multi_arch(seed="multi")
    staging.want("app", multi.digest, "v1")
    client = await auditor(limits=attrs.evolve(QUICK, absent_s=0.0))
    child = f"{APP}@{multi.children[0].digest}"
    assert await client.verdict("INSERT", digest=child) == "not-wanted"
    push(staging.servers["gcr.io"].store, "staging/app", multi)
    assert await client.verdict("INSERT", digest=child) == "verified-child"


async def test_a_document_that_no_promoter_would_copy_has_no_children(staging: Staging, auditor: Start) -> None:
    multi = multi_arch(seed="multi")
    staging.push("app", multi, "v1")
    staging.servers["gcr.io"].faults.add("wrong-bytes", on=["manifest-get"])
    client = await auditor()
    assert await client.verdict("INSERT", digest=f"{APP}@{multi.children[0].digest}") == "not-wanted"
    failed = await client.told.until(SourceFailed)
    assert str(failed.source) == "gcr.io/staging/app"


async def test_indexes_that_nest_deeper_than_a_promotion_follows_are_read_to_that_depth(
    staging: Staging, auditor: Start
) -> None:
    chain = [multi_arch(seed="deep")]
    for _ in range(8):
        chain.insert(0, index(chain[0], single(seed="beside")))
    staging.push("app", chain[0], "v1")
    client = await auditor()
    assert await client.verdict("INSERT", digest=f"{APP}@{chain[1].digest}") == "verified-child"
    assert await client.verdict("INSERT", digest=f"{APP}@{chain[-1].digest}") == "not-wanted"
    assert staging.servers["gcr.io"].ledger.count() == Bodies().index_depth


async def test_sources_are_remembered_in_bounded_number(staging: Staging, auditor: Start) -> None:
    for name in ("one", "two"):
        staging.push(name, multi_arch(seed=name), "v1")
    children = {name: multi_arch(seed=name).children[0].digest for name in ("one", "two")}
    client = await auditor(limits=attrs.evolve(QUICK, children=3))
    for name in ("one", "one", "two", "two", "one"):
        assert await client.verdict("INSERT", digest=f"us.gcr.io/prod/{name}@{children[name]}") == "verified-child"
    assert staging.servers["gcr.io"].ledger.count(repository="staging/one") == 2
    assert staging.servers["gcr.io"].ledger.count(repository="staging/two") == 1
