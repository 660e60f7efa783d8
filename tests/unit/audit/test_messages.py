"""Push requests become events, or say what is wrong with them."""

import base64
import json

import pytest

from cip_async.audit.messages import Action, Malformed, RegistryEvent, delivery
from cip_async.reference import Digest, Tag, parse_repository
from tests.unit.audit.pushes import push, reason, reason_for

SHA = "sha256:" + "ab" * 32
IMAGE = "us.gcr.io/my-prod/etcd"


def event(change: object) -> RegistryEvent:
    content = delivery(push(change)).content
    assert isinstance(content, RegistryEvent), content
    return content


def test_an_insert_of_a_digest_is_read() -> None:
    assert event({"action": "INSERT", "digest": f"{IMAGE}@{SHA}"}) == RegistryEvent(
        action=Action.INSERT, repository=parse_repository(IMAGE), digest=Digest(SHA), tag=None
    )


def test_an_insert_of_a_digest_with_its_tag_is_read() -> None:
    read = event({"action": "INSERT", "digest": f"{IMAGE}@{SHA}", "tag": f"{IMAGE}:3.5"})
    assert (read.digest, read.tag) == (SHA, "3.5")


def test_events_of_artifact_registry_are_read_as_those_of_container_registry() -> None:
    image = "us-east1-docker.pkg.dev/my-project/my-repository/nested/image"
    read = event({"action": "INSERT", "digest": f"{image}@{SHA}", "tag": f"{image}:tag"})
    assert read.repository == parse_repository(image)


def test_a_host_with_a_port_is_no_tag() -> None:
    read = event({"action": "DELETE", "tag": "localhost:5000/etcd:3.5"})
    assert (str(read.repository), read.tag) == ("localhost:5000/etcd", "3.5")


@pytest.mark.parametrize(
    ("change", "digest", "tag"),
    [
        ({"tag": f"{IMAGE}:3.5"}, None, Tag("3.5")),
        ({"digest": f"{IMAGE}@{SHA}"}, Digest(SHA), None),
        ({"digest": f"{IMAGE}@{SHA}", "tag": ""}, Digest(SHA), None),
        ({"digest": "", "tag": f"{IMAGE}:3.5"}, None, Tag("3.5")),
    ],
)
def test_a_deletion_may_name_a_tag_alone_or_a_digest_alone(
    change: dict[str, str], digest: Digest | None, tag: Tag | None
) -> None:
    read = event({"action": "DELETE", **change})
    assert (read.action, read.digest, read.tag) == (Action.DELETE, digest, tag)


def test_the_id_and_the_time_of_publishing_are_read_from_the_envelope() -> None:
    read = delivery(push({"action": "DELETE"}, message_id="136969346945", publishTime="2021-02-26T19:13:55.749Z"))
    assert (read.message_id, read.published_at) == ("136969346945", 1614366835.749)


@pytest.mark.parametrize(
    "written", ["", "yesterday", "2021-02-26T19:13:55", "9999-99-99T00:00:00Z", "0001-01-01T00:00"]
)
def test_a_time_that_is_none_is_left_out(written: str) -> None:
    assert delivery(push({}, publishTime=written)).published_at is None


def test_an_envelope_without_id_and_time_is_read() -> None:
    data = base64.b64encode(json.dumps({"action": "DELETE", "tag": f"{IMAGE}:1"}).encode()).decode()
    read = delivery(json.dumps({"message": {"data": data}}).encode())
    assert isinstance(read.content, RegistryEvent)
    assert (read.message_id, read.published_at) == ("", None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "the envelope is not one of Pub/Sub: Input data was truncated"),
        (b"hello", "the envelope is not one of Pub/Sub: JSON is malformed: invalid character (byte 0)"),
        (b"[]", "the envelope is not one of Pub/Sub: Expected `object`, got `array`"),
        (b"{}", "the envelope is not one of Pub/Sub: Object missing required field `message`"),
        (
            b'{"message": "x"}',
            "the envelope is not one of Pub/Sub: Expected `object`, got `str` - at `$.message`",
        ),
        (
            b'{"message": {"data": 5}}',
            "the envelope is not one of Pub/Sub: Expected `str`, got `int` - at `$.message.data`",
        ),
        (
            b'{"message": {"messageId": 5}}',
            "the envelope is not one of Pub/Sub: Expected `str`, got `int` - at `$.message.messageId`",
        ),
        (b'{"message": {"data": "' + b"\xff" + b'"}}', "the envelope is not one of Pub/Sub: "),
        (b'{"x": ' + b"[" * 100_000, "the envelope is not one of Pub/Sub: it is nested too deep"),
        (b'{"message": {"data": "not base64!"}}', "the data is not base64"),
        (b'{"message": {"data": "YQ"}}', "the data is not base64"),
        (b'{"message": {"data": "\\u00e4"}}', "the data is not base64"),
        (b'{"message": {}}', "the data is no registry event: Input data was truncated"),
    ],
)
def test_an_envelope_that_is_none_is_malformed(body: bytes, expected: str) -> None:
    assert reason(delivery(body)).startswith(expected)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (b"\x00", "the data is no registry event: JSON is malformed"),
        (b"[" * 100_000, "the data is no registry event: Expected `object`, got `array`"),
        (b'{"x": ' + b"[" * 100_000, "the data is no registry event: it is nested too deep"),
        ([], "the data is no registry event: Expected `object`, got `array`"),
        ({}, "the data is no registry event: Object missing required field `action`"),
        ({"action": ["INSERT"]}, "the data is no registry event: Expected `str`, got `array` - at `$.action`"),
        ({"action": "INSERT", "digest": {}}, "the data is no registry event: Expected `str | null`, got `object`"),
        ({"action": "insert"}, "the action is 'insert': expected INSERT or DELETE"),
        ({"action": "A" * 1000}, f"the action is '{'A' * 40}': expected INSERT or DELETE"),
        ({"action": "INSERT"}, "the INSERT names neither digest nor tag"),
        ({"action": "DELETE", "digest": None, "tag": ""}, "the DELETE names neither digest nor tag"),
        ({"action": "INSERT", "tag": f"{IMAGE}:1"}, f"the INSERT of a tag in {IMAGE} does not name its digest"),
        (
            {"action": "INSERT", "digest": f"{IMAGE}@{SHA}", "tag": "us.gcr.io/my-prod/other:1"},
            f"the digest is in {IMAGE}, and the tag in us.gcr.io/my-prod/other",
        ),
        ({"action": "INSERT", "digest": IMAGE}, "digest '' is malformed"),
        ({"action": "INSERT", "digest": f"{IMAGE}@sha256:abc"}, "digest 'sha256:abc' is malformed"),
        ({"action": "INSERT", "digest": f"{IMAGE}@{SHA}@{SHA}"}, f"digest '{SHA}@{SHA}' is malformed"),
        ({"action": "INSERT", "digest": f"us.gcr.io/../x@{SHA}"}, "registry 'us.gcr.io/../x' is malformed"),
        ({"action": "INSERT", "digest": f"us.gcr.io/a%2fb@{SHA}"}, "registry 'us.gcr.io/a%2fb' is malformed"),
        ({"action": "INSERT", "digest": f"us.gcr.io@{SHA}"}, "repository 'us.gcr.io' is malformed"),
        ({"action": "INSERT", "digest": f"etcd@{SHA}"}, "registry 'etcd' is malformed"),
        ({"action": "DELETE", "tag": f"{IMAGE}:"}, "tag '' is malformed"),
        ({"action": "DELETE", "tag": f"{IMAGE}:a b"}, "tag 'a b' is malformed"),
        ({"action": "DELETE", "tag": f"{IMAGE}:\x1b[31m"}, "tag '\\x1b[31m' is malformed"),
        ({"action": "DELETE", "tag": "x" * 10_000}, "registry '' is malformed"),
    ],
)
def test_a_change_that_no_registry_sends_is_malformed(change: object, expected: str) -> None:
    assert reason_for(change).startswith(expected)


def test_a_reason_does_not_repeat_a_long_name_whole() -> None:
    assert len(reason_for({"action": "DELETE", "tag": f"{IMAGE}:{'x' * 50_000}"})) < 400


def test_the_shortest_form_of_an_event_is_told_in_logs() -> None:
    assert str(event({"action": "INSERT", "digest": f"{IMAGE}@{SHA}", "tag": f"{IMAGE}:3.5"})) == (
        f"INSERT {IMAGE}:3.5@{SHA}"
    )
    assert str(event({"action": "DELETE", "tag": f"{IMAGE}:3.5"})) == f"DELETE {IMAGE}:3.5"


def test_unknown_members_are_passed_over() -> None:
    content = delivery(push({"action": "DELETE", "tag": f"{IMAGE}:1", "new": [1]}, attributes={"a": "b"})).content
    assert not isinstance(content, Malformed)
