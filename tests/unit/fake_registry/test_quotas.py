"""How many requests a host takes, in virtual time."""

import pytest

from cip_async.fake_registry.calls import parse_call
from cip_async.fake_registry.quotas import Bucket, Quotas, Window
from cip_async.fake_registry.refusal import Refusal

READ = parse_call("GET", "/v2/")
WRITE = parse_call("PUT", "/v2/a/manifests/v1")
NOON = 1_700_000_000.0


def throttled(quotas: Quotas, now_s: float) -> dict[str, str]:
    with pytest.raises(Refusal) as raised:
        quotas.check(READ, now_s)
    assert (raised.value.status, raised.value.complaints[0].code) == (429, "TOOMANYREQUESTS")
    return raised.value.headers


def test_a_bucket_gives_its_burst_at_once_and_then_says_how_long_to_wait() -> None:
    bucket = Bucket(per_second=4, burst=2)
    assert [bucket.take(NOON) for _ in range(3)] == [0, 0, 0.25]


def test_a_bucket_fills_with_time() -> None:
    bucket = Bucket(per_second=4, burst=2)
    granted = [at for at in range(40) if not bucket.take(NOON + at / 16)]
    assert granted == [0, 1, *range(4, 40, 4)]


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = Bucket(per_second=1, burst=2)
    bucket.take(NOON)
    assert [bucket.take(NOON + 3600) for _ in range(3)] == [0, 0, 1]


def test_a_clock_that_goes_back_gives_nothing() -> None:
    bucket = Bucket(per_second=1, burst=1)
    assert [bucket.take(NOON), bucket.take(NOON - 3600)] == [0, 1]


@pytest.mark.parametrize(("per_second", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_bucket_that_would_give_nothing_cannot_be_made(per_second: float, burst: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        Bucket(per_second, burst)


def test_a_window_grants_all_it_has_at_once_and_says_when_the_next_begins() -> None:
    window = Window(3, 60)
    assert NOON % 60 == 20
    assert [window.take(NOON) for _ in range(4)] == [0, 0, 0, 40]
    assert [window.take(NOON + 39.5), window.take(NOON + 40)] == [0.5, 0]


def test_what_was_not_taken_in_a_window_is_lost() -> None:
    window = Window(2, 60)
    assert [window.take(at) for at in (NOON, NOON + 3600, NOON + 3600, NOON + 3600)] == [0, 0, 0, 40]


def test_a_clock_that_goes_back_opens_no_window_again() -> None:
    window = Window(1, 60)
    assert [window.take(NOON), window.take(NOON - 60)] == [0, 100]


@pytest.mark.parametrize(("requests", "seconds"), [(0, 60), (1, 0), (1, -1)])
def test_a_window_that_would_grant_nothing_cannot_be_made(requests: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        Window(requests, seconds)


def test_reads_and_writes_are_counted_apart() -> None:
    quotas = Quotas(reads=Bucket(1, 1), writes=Bucket(1, 1))
    quotas.check(READ, NOON)
    quotas.check(WRITE, NOON)
    assert throttled(quotas, NOON) == {"Retry-After": "1"}


def test_token_requests_count_as_reads() -> None:
    quotas = Quotas(reads=Bucket(1, 1))
    quotas.check(parse_call("POST", "/token"), NOON)
    throttled(quotas, NOON)


def test_without_quotas_everything_is_granted() -> None:
    quotas = Quotas()
    for _ in range(1000):
        quotas.check(WRITE, NOON)


@pytest.mark.parametrize(
    ("retry_after", "headers"),
    [
        ("seconds", {"Retry-After": "4"}),
        ("date", {"Retry-After": "Tue, 14 Nov 2023 22:13:24 GMT"}),
        ("no", {}),
    ],
)
def test_a_refusal_says_when_to_come_back_or_does_not(retry_after: str, headers: dict[str, str]) -> None:
    quotas = Quotas(reads=Bucket(0.25, 1), retry_after=retry_after)  # type: ignore[arg-type]
    quotas.check(READ, NOON)
    assert throttled(quotas, NOON) == headers


def test_who_waits_as_long_as_was_said_is_granted() -> None:
    quotas = Quotas(reads=Bucket(0.3, 1))
    quotas.check(READ, NOON)
    quotas.check(READ, NOON + int(throttled(quotas, NOON)["Retry-After"]))
