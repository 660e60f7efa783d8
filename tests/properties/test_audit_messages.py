"""Whatever is pushed, a delivery comes out, and no exception."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from cip_async.audit.decide import Finding, Verdict, decide
from cip_async.audit.messages import Delivery, Malformed, RegistryEvent, delivery
from cip_async.audit.wanted import NOTHING_WANTED
from cip_async.reference import parse_digest, parse_repository, parse_tag

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
FIELD = JSON | st.from_regex(r"[a-z.]{1,8}(/[a-z]{1,4}){0,2}[@:](sha256:)?[0-9a-f]{0,64}", fullmatch=True)
CHANGE = st.fixed_dictionaries(
    {}, optional={"action": st.sampled_from(["INSERT", "DELETE"]) | JSON, "digest": FIELD, "tag": FIELD}
)


def is_sound(read: Delivery) -> bool:
    """Every part of an event passed its parser, and both kinds of content have a verdict."""
    if isinstance(read.content, RegistryEvent):
        assert parse_repository(str(read.content.repository)) == read.content.repository
        assert read.content.digest is None or parse_digest(read.content.digest)
        assert read.content.tag is None or parse_tag(read.content.tag)
    verdict = decide(read.content, NOTHING_WANTED)
    return isinstance(verdict, Verdict) and verdict.finding.is_rejection


@given(st.binary(max_size=2000))
def test_any_bytes_make_a_malformed_message_or_an_event(body: bytes) -> None:
    assert is_sound(delivery(body))


@given(st.binary(max_size=2000))
def test_any_data_makes_a_malformed_message_or_an_event(data: bytes) -> None:
    assert is_sound(delivery(json.dumps({"message": {"data": base64.b64encode(data).decode()}}).encode()))


@given(JSON)
def test_any_json_makes_a_malformed_message_or_an_event(envelope: object) -> None:
    assert is_sound(delivery(json.dumps(envelope).encode()))
    assert is_sound(delivery(json.dumps({"message": envelope}).encode()))


@given(CHANGE, JSON, JSON)
def test_any_change_with_any_id_and_time_makes_a_malformed_message_or_an_event(
    change: object, message_id: object, published: object
) -> None:
    data = base64.b64encode(json.dumps(change).encode()).decode()
    message = {"data": data, "messageId": message_id, "publishTime": published}
    assert is_sound(delivery(json.dumps({"message": message}).encode()))


@given(st.text(max_size=300))
def test_any_time_is_a_number_or_none(published: str) -> None:
    read = delivery(json.dumps({"message": {"data": "", "publishTime": published}}).encode())
    assert read.published_at is None or isinstance(read.published_at, float)
    assert isinstance(read.content, Malformed)
    assert decide(read.content, NOTHING_WANTED) == Verdict(finding=Finding.MALFORMED, reason=read.content.reason)
