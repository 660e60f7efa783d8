"""When a host is given up: after many failures that lasted, never after one burst."""

from cip_async.registry.health import HostHealth
from cip_async.settings import Retries

LIMITS = Retries(host_failures=3, host_silence_s=30.0)


def test_a_burst_of_failures_is_no_reason_yet() -> None:
    health = HostHealth()
    for _ in range(100):
        health.failed(10.0, LIMITS)
    assert not health.given_up


def test_a_long_time_with_few_failures_is_no_reason_either() -> None:
    health = HostHealth()
    health.failed(0.0, LIMITS)
    health.failed(1000.0, LIMITS)
    assert not health.given_up


def test_many_failures_over_a_long_time_are() -> None:
    health = HostHealth()
    for now in (0.0, 1.0, 30.0):
        assert not health.given_up
        health.failed(now, LIMITS)
    assert health.given_up


def test_one_answer_begins_anew() -> None:
    health = HostHealth()
    health.failed(0.0, LIMITS)
    health.failed(20.0, LIMITS)
    health.answered()
    for now in (31.0, 32.0, 60.0):
        health.failed(now, LIMITS)
    assert not health.given_up
    health.failed(61.0, LIMITS)
    assert health.given_up
