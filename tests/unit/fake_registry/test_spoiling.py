"""What faults make of requests and answers."""

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.blobs import get_blob, mount_blob
from cip_async.fake_registry.content import Held, Synthetic
from cip_async.fake_registry.faults import Fault, Faults
from cip_async.fake_registry.listings import list_tags
from cip_async.fake_registry.refusal import Refusal
from cip_async.fake_registry.spoiling import parts, spoil_reply, spoil_request
from cip_async.fake_registry.store import Store
from cip_async.fake_registry.uploading import start_upload, upload_status
from cip_async.fake_registry.visit import Reply, Slice, Visit, reply
from tests.unit.fake_registry.visits import refused, sent, visit

NOW_S = 1_700_000_000.25


def fault(kind: str, *, seconds: float = 1.0) -> Fault:
    return Faults().add(kind, seconds=seconds, elsewhere="http://evil:1")


def spoiled(kind: str, asked: Visit, answer: Reply) -> Reply:
    spoil_reply(fault(kind), asked, answer)
    return answer


@pytest.fixture
def tags() -> Visit:
    store = Store()
    images.push(store, "path", images.single(seed="a"), ["v1", "v2"])
    return visit("GET", "/v2/path/tags/list?n=1", store=store)


@pytest.mark.parametrize(
    ("kind", "status", "headers"),
    [
        ("429", 429, {"Retry-After": "3"}),
        ("429-bare", 429, {}),
        ("429-date", 429, {"Retry-After": "Tue, 14 Nov 2023 22:13:23 GMT"}),
        ("503-quota", 503, {"Retry-After": "3"}),
        ("500", 500, {}),
        ("502", 502, {}),
        ("503", 503, {}),
        ("504", 504, {}),
    ],
)
def test_a_status_is_answered_instead_of_anything_else(
    tags: Visit, kind: str, status: int, headers: dict[str, str]
) -> None:
    with pytest.raises(Refusal) as raised:
        spoil_request(fault(kind, seconds=2.5), tags, NOW_S)
    assert (raised.value.status, raised.value.headers) == (status, headers)


@pytest.mark.parametrize("kind", ["429", "429-bare", "429-date", "503-quota"])
def test_a_used_up_quota_is_called_one(tags: Visit, kind: str) -> None:
    with pytest.raises(Refusal, match="TOOMANYREQUESTS: Quota exceeded"):
        spoil_request(fault(kind), tags, NOW_S)


def test_an_upload_vanishes() -> None:
    store = Store()
    location = start_upload(visit("POST", "/v2/path/blobs/uploads/", store=store)).headers["Location"]
    asked = visit("GET", location, store=store)
    spoil_request(fault("upload-vanished"), asked, NOW_S)
    with refused(404, "BLOB_UPLOAD_UNKNOWN"):
        upload_status(asked)


def test_a_mount_is_refused_and_opens_an_upload() -> None:
    store = Store()
    digest = store.add_blob("from", Held(b"x"))
    asked = visit("POST", f"/v2/path/blobs/uploads/?mount={digest}&from=from", store=store)
    spoil_request(fault("mount-refused"), asked, NOW_S)
    assert mount_blob(asked).status == 202


def test_the_rules_of_the_host_stay_as_they_were(tags: Visit) -> None:
    rules = tags.rules
    spoil_request(fault("mount-refused"), tags, NOW_S)
    assert rules.mounts


def test_a_registry_forgets_content_for_one_request(tags: Visit) -> None:
    spoil_request(fault("content-unknown"), tags, NOW_S)
    assert tags.forgetful


@pytest.mark.parametrize("size", [0, 1, 9, 16])
def test_a_body_comes_in_parts_that_are_the_whole(size: int) -> None:
    body = bytes(range(size))
    cut = list(parts(body, 8))
    assert b"".join(part for part in cut if isinstance(part, bytes)) == body
    assert len(cut) == 8


def test_a_large_blob_comes_in_parts_too() -> None:
    whole = Slice(Held(b"abcdefgh"), 1, 7)
    cut = [part for part in parts(whole, 3) if isinstance(part, Slice)]
    assert [(part.start, part.stop) for part in cut] == [(1, 3), (3, 5), (5, 7)]


@pytest.mark.parametrize("size", [1, 2, 5, 700_000])
def test_one_byte_of_a_body_is_another(tags: Visit, size: int) -> None:
    store = Store()
    digest = store.add_blob("path", Synthetic(size, "s"))
    asked = visit("GET", f"/v2/path/blobs/{digest}", store=store)
    right, wrong = sent(get_blob(asked)), sent(spoiled("wrong-bytes", asked, get_blob(asked)))
    assert len(wrong) == size
    assert sum(mine != theirs for mine, theirs in zip(right, wrong, strict=True)) == 1


def test_one_byte_of_a_document_is_another(tags: Visit) -> None:
    assert sent(spoiled("wrong-bytes", tags, reply(200, {}, b"abc"))) == b"acc"
    assert sent(spoiled("wrong-bytes", tags, reply(200))) == b""


def test_a_short_body_is_announced_as_it_is(tags: Visit) -> None:
    answer = spoiled("short", tags, reply(200, {}, b"abcd"))
    assert (sent(answer), answer.announced_bytes) == (b"ab", 2)


def test_a_digest_is_another_or_missing(tags: Visit) -> None:
    headers = {"Docker-Content-Digest": "sha256:" + "1" * 64}
    assert spoiled("wrong-digest", tags, reply(200, headers)).headers["Docker-Content-Digest"].endswith("0" * 64)
    assert "Docker-Content-Digest" not in spoiled("no-digest", tags, reply(200, headers)).headers
    assert "Docker-Content-Digest" not in spoiled("wrong-digest", tags, reply(404)).headers
    assert not spoiled("no-digest", tags, reply(404)).headers


def test_a_type_is_another(tags: Visit) -> None:
    assert spoiled("wrong-type", tags, list_tags(tags)).headers["Content-Type"] == "text/html"


@pytest.mark.parametrize("location", ["/v2/a/blobs/uploads/u?x=y", "https://gcr.io/v2/a/blobs/uploads/u?x=y"])
def test_a_location_leads_elsewhere(tags: Visit, location: str) -> None:
    answer = spoiled("foreign-location", tags, reply(202, {"Location": location}))
    assert answer.headers["Location"] == "http://evil:1/v2/a/blobs/uploads/u?x=y"
    assert "Location" not in spoiled("foreign-location", tags, reply(404)).headers


def test_a_link_is_missing_or_leads_to_the_same_page_or_elsewhere(tags: Visit) -> None:
    assert "Link" in list_tags(tags).headers
    assert "Link" not in spoiled("no-link", tags, list_tags(tags)).headers
    assert spoiled("repeated-link", tags, list_tags(tags)).headers["Link"] == '</v2/path/tags/list?n=1>; rel="next"'
    foreign = '<http://evil:1/v2/path/tags/list?last=v1&n=1>; rel="next"'
    assert spoiled("foreign-link", tags, list_tags(tags)).headers["Link"] == foreign


@pytest.mark.parametrize("kind", ["no-link", "repeated-link", "foreign-link"])
def test_the_last_page_has_no_link_to_spoil(tags: Visit, kind: str) -> None:
    assert "Link" not in spoiled(kind, tags, reply(200)).headers


@pytest.mark.parametrize("kind", ["slow", "reset", "stalled", "lost-answer"])
def test_what_happens_on_the_wire_changes_no_answer(tags: Visit, kind: str) -> None:
    spoil_request(fault(kind), tags, NOW_S)
    assert spoiled(kind, tags, list_tags(tags)) == list_tags(tags)
