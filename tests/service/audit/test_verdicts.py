"""Events that are pushed over HTTP get the verdict that promoter manifests and the source registry give them."""

import json
from collections.abc import Awaitable, Callable

import pytest

from cip_async.audit.happenings import Audited, ManifestsRead, SourceRead
from cip_async.audit.limits import AuditLimits
from cip_async.fake_registry.images import Image, index, multi_arch, push, single
from tests.service.audit.conftest import Client
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

APP = "us.gcr.io/prod/app"
Start = Callable[..., Awaitable[Client]]


def image_and_index(staging: Staging) -> tuple[Image, Image]:
    image, multi = single(seed="image"), multi_arch(seed="multi")
    staging.push("app", image, "v1")
    staging.push("app", multi, "v2")
    return image, multi


async def test_what_a_promotion_writes_is_verified(staging: Staging, auditor: Start) -> None:
    image, multi = image_and_index(staging)
    client = await auditor()
    assert await client.verdict("INSERT", digest=f"{APP}@{image.digest}") == "verified"
    assert await client.verdict("INSERT", digest=f"{APP}@{image.digest}", tag=f"{APP}:v1") == "verified"
    assert await client.verdict("INSERT", digest=f"{APP}@{multi.digest}", tag=f"{APP}:v2") == "verified"
    assert staging.servers["gcr.io"].ledger.entries == []


async def test_a_child_of_a_promoted_index_is_verified_by_the_source(staging: Staging, auditor: Start) -> None:
    _, multi = image_and_index(staging)
    client = await auditor()
    for child in multi.children:
        assert await client.verdict("INSERT", digest=f"{APP}@{child.digest}") == "verified-child"
    assert client.reasons()[0] == f"part of {multi.digest}, which is wanted from gcr.io/staging/app"


async def test_a_grandchild_of_a_promoted_index_is_verified(staging: Staging, auditor: Start) -> None:
    multi = multi_arch(seed="multi")
    staging.push("app", index(multi), "v1")
    client = await auditor()
    assert await client.verdict("INSERT", digest=f"{APP}@{multi.digest}") == "verified-child"
    assert await client.verdict("INSERT", digest=f"{APP}@{multi.children[1].digest}") == "verified-child"


async def test_each_wanted_document_is_read_once_whatever_is_pushed(staging: Staging, auditor: Start) -> None:
    _, multi = image_and_index(staging)
    client = await auditor()
    for _ in range(3):
        for child in multi.children:
            await client.verdict("INSERT", digest=f"{APP}@{child.digest}")
            await client.verdict("INSERT", digest=f"eu.gcr.io/prod/app@{child.digest}")
        assert await client.verdict("INSERT", digest=f"{APP}@sha256:{'ee' * 32}") == "not-wanted"
    assert sorted(entry.method for entry in staging.servers["gcr.io"].ledger.entries) == ["GET", "GET"]
    assert client.told.of(SourceRead)[0].documents == 2


async def test_what_nobody_wants_is_rejected(staging: Staging, auditor: Start) -> None:
    image, multi = image_and_index(staging)
    stray = single(seed="stray")
    push(staging.servers["gcr.io"].store, "staging/app", stray)
    client = await auditor()
    assert await client.verdict("INSERT", digest=f"{APP}@{stray.digest}") == "not-wanted"
    assert await client.verdict("INSERT", digest=f"us.gcr.io/prod/other@{image.digest}") == "not-wanted"
    assert await client.verdict("INSERT", digest=f"{APP}@{image.digest}", tag=f"{APP}:v2") == "tag-mismatch"
    child = multi.children[0].digest
    assert await client.verdict("INSERT", digest=f"{APP}@{child}", tag=f"{APP}:v2") == "tag-mismatch"
    assert await client.verdict("INSERT", digest=f"{APP}@{child}", tag=f"{APP}:child") == "not-wanted"


async def test_deletions_are_rejected(staging: Staging, auditor: Start) -> None:
    image, _ = image_and_index(staging)
    client = await auditor()
    assert await client.verdict("DELETE", tag=f"{APP}:v1") == "deletion"
    assert await client.verdict("DELETE", digest=f"{APP}@{image.digest}") == "deletion"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the envelope is not one of Pub/Sub: Input data was truncated"),
        (b"\xff\xfe", "the envelope is not one of Pub/Sub: JSON is malformed: invalid character (byte 0)"),
        (b'{"message": {"data": "%%%"}}', "the data is not base64"),
        (b'{"a":' + b"[" * 60_000, "the envelope is not one of Pub/Sub: it is nested too deep"),
        (b"x" * 1_000_000, "the body is longer than 65536 bytes"),
    ],
    ids=["empty", "binary", "no base64", "deep", "huge"],
)
async def test_malformed_messages_are_rejected_and_not_delivered_again(
    staging: Staging, auditor: Start, body: bytes, reason: str
) -> None:
    image_and_index(staging)
    client = await auditor()
    assert await client.push(body) == (200, {"verdict": "malformed"})
    assert client.reasons() == [reason]


async def test_a_compressed_body_is_not_unpacked(staging: Staging, auditor: Start) -> None:
    image_and_index(staging)
    client = await auditor()
    assert await client.push(b"x" * 100, {"Content-Encoding": "gzip"}) == (200, {"verdict": "malformed"})
    assert client.reasons() == ["the body is compressed"]


async def test_a_message_that_comes_again_is_judged_once(staging: Staging, auditor: Start) -> None:
    image, _ = image_and_index(staging)
    client = await auditor()
    digest = f"{APP}@{image.digest}"
    assert await client.verdict("INSERT", digest=digest, message_id="7") == "verified"
    assert await client.verdict("INSERT", digest=digest, message_id="7") == "duplicate"
    assert await client.verdict("INSERT", digest=digest, message_id="8") == "verified"
    assert len(client.told.of(Audited)) == 2


async def test_another_message_with_the_id_of_one_that_was_judged_is_no_duplicate(
    staging: Staging, auditor: Start
) -> None:
    image, _ = image_and_index(staging)
    client = await auditor()
    assert await client.verdict("INSERT", digest=f"{APP}@{image.digest}", message_id="7") == "verified"
    assert await client.verdict("DELETE", digest=f"{APP}@{image.digest}", message_id="7") == "deletion"


async def test_messages_are_remembered_in_bounded_number(staging: Staging, auditor: Start) -> None:
    image, _ = image_and_index(staging)
    client = await auditor(limits=AuditLimits(messages=2))
    digest = f"{APP}@{image.digest}"
    told = [await client.verdict("INSERT", digest=digest, message_id=each) for each in ("1", "2", "3", "3", "1")]
    assert told == ["verified", "verified", "verified", "duplicate", "verified"]


async def test_health_readiness_and_metrics_are_told(staging: Staging, auditor: Start) -> None:
    image, _ = image_and_index(staging)
    client = await auditor()
    await client.verdict("INSERT", digest=f"{APP}@{image.digest}")
    await client.verdict("DELETE", tag=f"{APP}:v1")
    assert await client.get("healthz") == (200, '{"alive": true}')
    status, text = await client.get("readyz")
    assert status == 200
    told = json.loads(text)
    assert (told["ready"], told["failure"]) == (True, None)
    assert told["revision"] == client.told.of(ManifestsRead)[0].revision
    status, text = await client.get("metrics")
    assert status == 200
    assert 'cip_audit_events_total{verdict="verified"} 1\n' in text
    assert 'cip_audit_events_total{verdict="deletion"} 1\n' in text
    assert "\ncip_audit_wanted_digests 2\n" in text


async def test_the_trace_of_a_request_is_told_with_its_verdict(staging: Staging, auditor: Start) -> None:
    image_and_index(staging)
    client = await auditor()
    trace = "0123456789abcdef" * 2
    await client.push(b"1", {"X-Cloud-Trace-Context": f"{trace}/123;o=1"})
    await client.push(b"2", {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    await client.push(b"3", {"traceparent": "zz"})
    assert [each.trace for each in client.told.of(Audited)] == [trace, trace, ""]


async def test_other_methods_and_paths_are_refused(staging: Staging, auditor: Start) -> None:
    image_and_index(staging)
    client = await auditor()
    assert (await client.get(""))[0] == 405
    assert (await client.get("other"))[0] == 404
