"""How long an access token is used."""

import math

import pytest

from cip_async.gcp.access_token import AccessToken


@pytest.mark.parametrize(
    ("left_s", "used_s"), [(3600.0, 3375.0), (1125.0, 900.0), (100.0, 80.0), (0.0, 0.0), (-50.0, -50.0)]
)
def test_a_token_is_used_until_some_time_before_it_expires(left_s: float, used_s: float) -> None:
    token = AccessToken(account="me", value="secret", expires_at_s=1000.0 + left_s)
    assert token.fresh_until_s(1000.0) == pytest.approx(1000.0 + used_s)


def test_a_token_that_does_not_expire_is_used_for_ever() -> None:
    assert AccessToken(account="me", value="secret").fresh_until_s(1000.0) == math.inf


def test_a_token_does_not_show_itself() -> None:
    assert "secret" not in repr(AccessToken(account="me", value="secret"))
