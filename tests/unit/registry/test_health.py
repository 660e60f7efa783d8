"""When a host is given up: after failures that lasted, never after one burst."""

from cip_async.reference import Host, Repository
from cip_async.registry.health import ClassHealth, HostHealth
from cip_async.settings import Retries

FOO, BAR, BAZ, OTHER = (Repository(Host("eu.gcr.io"), f"prod/{name}") for name in ("foo", "bar", "baz", "other"))
LIMITS = Retries(host_failures=3, host_silence_s=30.0, request_s=300.0)


def test_a_burst_of_failures_is_no_reason_yet() -> None:
    health = HostHealth()
    for _ in range(100):
        health.failed(10.0, LIMITS, "status 500")
    assert not health.given_up


def test_a_long_time_with_few_failures_is_no_reason_either() -> None:
    health = HostHealth()
    health.failed(0.0, LIMITS, "status 500")
    health.failed(1000.0, LIMITS, "status 500")
    assert not health.given_up


def test_many_failures_over_a_long_time_are() -> None:
    health = HostHealth()
    for now in (0.0, 1.0, 30.0):
        assert not health.given_up
        health.failed(now, LIMITS, "status 500")
    assert health.given_up


def test_a_few_failures_over_a_very_long_time_are_too() -> None:
    limits = Retries(host_failures=20, host_silence_s=30.0)
    for last, given_up in ((59.9, False), (60.0, True)):
        health = HostHealth()
        for now in (0.0, 30.0, last):
            assert not health.given_up
            health.failed(now, limits, "no answer in time")
        assert health.given_up is given_up


def test_whoever_waits_for_more_failures_waits_for_more_of_those_too() -> None:
    health = HostHealth()
    for now in range(100):
        assert not health.given_up
        health.failed(float(now), Retries(host_failures=600, host_silence_s=1.0), "no answer in time")
    assert health.given_up


def test_one_answer_begins_anew() -> None:
    health = HostHealth()
    health.failed(0.0, LIMITS, "status 500")
    health.failed(20.0, LIMITS, "status 500")
    health.answered()
    for now in (31.0, 32.0, 60.0):
        health.failed(now, LIMITS, "status 500")
    assert not health.given_up
    health.failed(61.0, LIMITS, "status 500")
    assert health.given_up


def test_a_row_is_told_once_with_what_failed_last() -> None:
    health = HostHealth()
    told = []
    for cause in ("no answer", "reset", "status 500", "status 502", "status 503"):
        health.failed(0.0, LIMITS, cause)
        told += [health.cause] if health.is_worth_telling else []
    assert told == ["status 500"]
    assert health.cause == "status 503"


def test_each_row_is_told() -> None:
    health = HostHealth()
    told = 0
    for _ in range(2):
        for _ in range(5):
            health.failed(0.0, LIMITS, "status 500")
            told += health.is_worth_telling
        health.answered()
    assert told == 2


def test_a_class_of_requests_has_the_patience_of_one_request() -> None:
    health = ClassHealth()
    for now in (0.0, 120.0, 240.0, 299.0):
        health.failed(FOO, now, LIMITS)
        assert not health.given_up(FOO)
    health.failed(FOO, 300.0, LIMITS)
    assert health.given_up(FOO)


def test_one_success_gives_a_class_all_its_patience_again() -> None:
    health = ClassHealth()
    health.failed(FOO, 0.0, LIMITS)
    health.failed(FOO, 299.0, LIMITS)
    health.succeeded(FOO)
    health.failed(FOO, 301.0, LIMITS)
    health.failed(FOO, 600.0, LIMITS)
    assert not health.given_up(FOO)
    health.failed(FOO, 601.0, LIMITS)
    assert health.given_up(FOO)


def test_a_time_in_which_nothing_was_tried_uses_up_no_patience() -> None:
    health = ClassHealth()
    health.failed(FOO, 0.0, LIMITS)
    health.failed(FOO, 1000.0, LIMITS)
    assert not health.given_up(FOO)


def test_where_nothing_is_tried_again_no_class_is_given_up() -> None:
    health = ClassHealth()
    for now in (0.0, 0.0, 1.0):
        health.failed(FOO, now, Retries(request_s=0.0, host_silence_s=0.0))
    assert not health.given_up(FOO)


def test_a_class_is_given_up_for_all_repositories_when_a_few_were_tried_in_vain() -> None:
    health = ClassHealth()
    for start, repository in ((0.0, FOO), (300.0, BAR), (600.0, BAZ)):
        for second in (0.0, 150.0, 280.0):
            assert not health.given_up(OTHER)
            health.failed(repository, start + second, LIMITS)
    health.failed(BAZ, 900.0, LIMITS)
    assert health.given_up(OTHER)


def test_a_repository_that_fails_alone_holds_back_no_other() -> None:
    health = ClassHealth()
    for repository in (FOO, BAR, BAZ):
        health.succeeded(OTHER)
        health.failed(repository, 0.0, LIMITS)
        health.failed(repository, 300.0, LIMITS)
    assert health.given_up(FOO)
    assert not health.given_up(OTHER)
