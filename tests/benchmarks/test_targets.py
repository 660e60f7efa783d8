"""What is aimed at in promotions, and when it counts as reached."""

from typing import Any

from benchmarks._targets import promotion_targets


def spent(client: str, **figures: Any) -> dict[str, Any]:
    return {
        "client": client,
        "at_once": 1,
        "complete": True,
        "requests_total": 1000,
        "wall_seconds": 1.0,
        "cpu_seconds": 0.5,
        **figures,
    }


def scenario(
    *clients: dict[str, Any], name: str = "s", latency_ms: float = 0, per_second: float | None = None, **floor: Any
) -> dict[str, Any]:
    return {
        "scenario": {"name": name, "latency_ms": latency_ms, "per_second": per_second},
        "floor": {
            "requests_total": 1000,
            "blob_bytes_read": 0,
            "quota_seconds": 0.0,
            "in_flight_seconds": 0.0,
            "round_trips": 7,
            **floor,
        },
        "clients": list(clients),
    }


def verdicts(*results: dict[str, Any]) -> dict[str, tuple[float, bool]]:
    return {target["what"]: (target["measured"], target["met"]) for target in promotion_targets(results)}


def test_two_percent_more_than_the_floor_is_reached_and_three_are_not() -> None:
    assert verdicts(scenario(spent("cip", requests_total=1020))) == {"s: requests ÷ floor": (1.02, True)}
    assert verdicts(scenario(spent("cip", requests_total=1030))) == {"s: requests ÷ floor": (1.03, False)}


def test_cpu_is_compared_a_request_with_the_bare_session() -> None:
    bare = spent("bare session", cpu_seconds=0.25, requests_per_second=2000.0)
    assert verdicts(scenario(spent("cip", cpu_seconds=0.5), bare))["s: CPU a request ÷ bare session"] == (2.0, False)
    assert verdicts(scenario(spent("cip", cpu_seconds=0.4), bare))["s: CPU a request ÷ bare session"] == (1.6, True)


def test_time_under_a_quota_is_compared_with_the_floor_at_that_quota() -> None:
    result = scenario(spent("cip", wall_seconds=10.9), latency_ms=40, per_second=100, quota_seconds=10.0)

    assert verdicts(result)["s: time ÷ (floor ÷ quota)"] == (1.09, True)


def test_time_at_40_ms_is_compared_with_the_longer_of_what_bounds_it() -> None:
    def at_40_ms(rate: float, **floor: Any) -> tuple[float, bool]:
        bare = spent("bare session", requests_per_second=rate)
        result = scenario(spent("cip", wall_seconds=1.8), bare, latency_ms=40, **floor)
        return verdicts(result)["s: time ÷ what is possible"]

    assert at_40_ms(1500.0) == (1.5, False)
    assert at_40_ms(1000.0) == (1.0, True)
    assert at_40_ms(1500.0, round_trips=45) == (1.0, True)


def test_nothing_is_said_of_times_without_a_bare_session_or_where_blobs_are_relayed() -> None:
    assert verdicts(scenario(spent("cip"), latency_ms=40)).keys() == {"s: requests ÷ floor"}
    relayed = scenario(spent("cip"), spent("skopeo copy"), latency_ms=40, blob_bytes_read=1)
    assert verdicts(relayed).keys() == {"s: requests ÷ floor"}


def test_tools_are_compared_as_they_are_used_one_command_after_the_other() -> None:
    result = scenario(
        spent("cip"),
        spent("skopeo copy", wall_seconds=12.0),
        spent("skopeo copy, 8 at once", wall_seconds=3.0, at_once=8),
        spent("crane copy", wall_seconds=9.0),
        spent("ocync sync", complete=False),
        latency_ms=40,
    )
    assert verdicts(result) == {
        "s: requests ÷ floor": (1.0, True),
        "s: time of skopeo copy ÷ ours": (12.0, True),
        "s: time of crane copy ÷ ours": (9.0, False),
    }
