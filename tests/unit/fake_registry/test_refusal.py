"""How the registry says no."""

import msgspec

from cip_async.fake_registry.refusal import Complaint, Refusal, refusal


def test_a_refusal_has_the_error_body_of_the_specification() -> None:
    said = Refusal(400, Complaint("A", "first", {"digest": "d"}), Complaint("B", "second"))
    assert msgspec.json.decode(said.body()) == {
        "errors": [
            {"code": "A", "message": "first", "detail": {"digest": "d"}},
            {"code": "B", "message": "second", "detail": None},
        ]
    }
    assert str(said) == "status 400: A: first; B: second"


def test_a_refusal_with_one_error_may_have_headers() -> None:
    assert refusal(429, "TOOMANYREQUESTS", "slow down", headers={"Retry-After": "1"}).headers == {"Retry-After": "1"}
