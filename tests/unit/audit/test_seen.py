"""Messages are known again by id and content, and not too many of them."""

from cip_async.audit.messages import delivery
from cip_async.audit.seen import Seen, identity
from tests.unit.audit.pushes import push


def test_only_as_many_as_allowed_are_remembered_and_the_oldest_are_forgotten() -> None:
    seen = Seen(2)
    for key in (b"1", b"2", b"3"):
        seen.add(key)
    assert len(seen) == 2
    assert [key in seen for key in (b"1", b"2", b"3")] == [False, True, True]


def test_two_deliveries_of_one_message_have_the_same_identity() -> None:
    first, again = (delivery(push({"action": "DELETE"}, message_id="7", publishTime=when)) for when in ("", "later"))
    assert identity(first) == identity(again)


def test_another_id_or_another_content_is_another_message() -> None:
    messages = (push({"a": 1}, message_id="7"), push({"a": 1}, message_id="8"), push({"a": 2}, message_id="7"))
    assert len({identity(delivery(body)) for body in messages}) == 3


def test_a_message_without_an_id_has_no_identity() -> None:
    assert identity(delivery(push({}, message_id=""))) is None
    assert identity(delivery(b"")) is None


def test_ids_of_any_length_and_alphabet_are_taken() -> None:
    ids = ("1" * 10_000, "ä" * 60, "\x00", " ")
    assert len({identity(delivery(push({}, message_id=each))) for each in ids} - {None}) == len(ids)
