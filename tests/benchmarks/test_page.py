"""The page about performance: every figure on it comes from the results."""

import re
from typing import Any

from benchmarks._markdown import count, ratio, table, value
from benchmarks._page import page

MACHINE = {
    "cpus": 2,
    "cpu": "Model",
    "memory_bytes": 8_000_000_000,
    "platform": "Linux x86_64",
    "python": "CPython 3.13.1",
    "cip_async": "1.2.3",
    "libraries": {"aiohttp": "3.14.5"},
}


def spent(client: str, requests: int, **figures: Any) -> dict[str, Any]:
    return {
        "client": client,
        "at_once": 1,
        "complete": True,
        "requests": {"tags": 4, "mount": requests - 5, "ping": 1},
        "requests_total": requests,
        "requests_throttled": 0,
        "blob_bytes_read": 0,
        "blob_bytes_sent": 0,
        "wall_seconds": 2.0,
        "cpu_seconds": 1.0,
        "peak_bytes": 60_000_000,
        **figures,
    }


def promotion(*clients: dict[str, Any], **scenario: Any) -> dict[str, Any]:
    return {
        "machine": MACHINE,
        "scenarios": [
            {
                "scenario": {
                    "name": "release",
                    "images": 30,
                    "platforms": 5,
                    "tags": 2,
                    "mirrors": 3,
                    "full_mirrors": 0,
                    "places": "on the host of staging",
                    "held": "nothing",
                    "latency_ms": 40.0,
                    "per_second": None,
                    **scenario,
                },
                "floor": {
                    "requests_total": 1000,
                    "blob_bytes_read": 0,
                    "blob_bytes_sent": 0,
                    "in_flight_seconds": 1.6,
                },
                "clients": list(clients),
            }
        ],
        "tools": {"skopeo": "skopeo version 1"},
        "not_found": ["crane"],
        "target": [{"what": "release: requests", "at_most": 1.02, "measured": 1.01, "met": True}],
        "target_is_met": True,
    }


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    section = text.split(f"## {heading}\n", 1)[1]
    table_lines = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert table_lines is not None
    return [line.strip("| ").split(" | ") for line in table_lines[0].splitlines()[2:]]


def test_a_page_of_nothing_has_no_figure_but_those_of_the_commands() -> None:
    text = re.sub(r"^```sh\n.*?^```$", "", page({}), flags=re.MULTILINE | re.DOTALL)

    assert text.startswith("# Performance\n")
    assert not re.search(r"\d", text)


def test_the_page_says_how_to_repeat_it() -> None:
    assert "## Repeat it\n" in page({})
    assert "python -m benchmarks --write-docs" in page({})


def test_a_promotion_is_told_beside_its_floor() -> None:
    text = page({"promotion": promotion(spent("cip", 1010))})

    assert rows(text, "Promotions") == [
        [
            "release: 30 images of 5 platforms with 2 tags each, to 3 mirrors on the host of staging, 40 ms a request",
            *("1,010", "1.01", "0", "-", "2.00 s", "1.00 s", "0.99 ms", "60.0 MB"),
        ]
    ]
    assert "| release | 4 | 0 | 0 | 1,005 | 0 | 0 | 0 | 1 |" in text


def test_what_is_special_about_a_promotion_is_said() -> None:
    text = page({"promotion": promotion(spent("cip", 1), held="everything", full_mirrors=2, per_second=83.0, tags=1)})

    assert "with 1 tag each" in text
    assert "holding everything, beside 2 that hold everything, 40 ms a request" in text
    assert "83 reads and as many writes a second granted" in text


def test_the_bare_session_has_a_table_of_its_own() -> None:
    bare = spent("bare session", 1000, cpu_seconds=0.5, wall_seconds=1.75)
    text = page({"promotion": promotion(spent("cip", 1000), bare)})

    assert rows(text, "Beside a bare session") == [
        ["release", "1.75 s", "1.14", "1.25", "1.00 ms a request", "0.50 ms a request", "2.00"],
    ]
    assert "Beside other tools" not in text


def test_other_tools_are_told_by_how_many_times_as_much_they_take() -> None:
    skopeo = spent("skopeo copy", 4000, wall_seconds=30.0, cpu_seconds=4.0, peak_bytes=30_000_000)
    failed = spent("ocync sync", 10, complete=False, failure="exit code 3")
    text = page({"promotion": promotion(spent("cip", 1000), skopeo, failed)})

    assert rows(text, "Beside other tools: release") == [
        ["`cip run --confirm`", "1,000", "1", "1", "1", "1", "yes"],
        ["skopeo copy", "4,000", "4.00", "15.00", "4.00", "0.50", "yes"],
        ["ocync sync", "10", "0.01", "1.00", "1.00", "1.00", "failed"],
    ]
    assert "Compared with skopeo version 1. Not installed, and so not compared: `crane`." in text


def test_aims_are_told_whether_they_are_reached_or_not() -> None:
    result = promotion(spent("cip", 1000))
    result["target"] = [
        {"what": "requests", "at_most": 1.02, "measured": 1.024, "met": False},
        {"what": "faster", "at_least": 10, "measured": 12.3, "met": True},
    ]
    other = {
        "machine": MACHINE,
        "peak_bytes": 140_000_000,
        "target": {"peak_bytes": 150_000_000},
        "target_is_met": True,
    }

    silent = {"machine": MACHINE, "target": {"cpu_ratio": 0.7}}

    assert rows(page({"promotion": result, "relay": other, "silent": silent}), "Aims") == [
        ["requests", "≤ 1.02", "1.024", "**no**"],
        ["faster", "≥ 10", "12.3", "yes"],
        ["relay", "peak bytes 150.0 MB", "140.0 MB", "yes"],
        ["silent", "cpu ratio 0.7", "-", "-"],
    ]


def test_growth_is_told_by_the_smallest_size() -> None:
    sizes = [{"size": size, "cpu_seconds": size / 10, "edges_promoted": 1} for size in (10, 20, 40)]
    text = page({"scaling": {"machine": MACHINE, "series": {"images": sizes}, "target": []}})

    assert rows(text, "Growth") == [["images", "10, 20, 40", "2-fold: 2.00, 4-fold: 4.00"]]


def test_promotions_under_faults_and_beside_dead_mirrors_are_told() -> None:
    run = {"seconds": 10.0, "requests": 1000, "refused_for_quota": 0, "failed_or_cut_off": 0, "cpu_seconds": 5.0}
    result = {
        "machine": MACHINE,
        "without_faults": run,
        "with_faults": {**run, "seconds": 12.0, "refused_for_quota": 9, "failed_or_cut_off": 70},
        "alone_seconds": 9.0,
        "beside_a_mirror_that": {"never answers": {"others_seconds": 9.9, "until_the_end_seconds": 120.0}},
        "target": [],
    }
    assert rows(page({"faults": result}), "Under faults")[:2] == [
        ["without faults", "1,000", "0", "0", "10.00 s"],
        ["with 5 % of server failures, 2 % cut off, and a quota", "1,000", "9", "70", "12.00 s"],
    ]
    assert "| one that never answers | 9.90 s | 1.10 | 120.00 s |" in page({"faults": result})


def test_the_start_of_commands_is_told() -> None:
    command = {"wall_seconds": 0.2, "cpu_seconds": 0.1, "peak_bytes": 20_000_000, "turns": 10}
    text = page({"startup": {"machine": MACHINE, "commands": {"--help": command}, "target": []}})

    assert rows(text, "Start") == [["`cip --help`", "0.20 s", "0.10 s", "20.0 MB"]]


def test_a_benchmark_without_a_table_of_its_own_is_told_figure_by_figure() -> None:
    result = {
        "machine": MACHINE,
        "edges": 707_520,
        "client": {"peak_bytes": 1_500_000, "wall_seconds": 1.234, "ratio": 1.0 / 3, "in_order": True},
        "samples": [1, 2],
        "target": {"edges": 1},
        "target_is_met": True,
    }
    assert rows(page({"noop": result}), "Noop") == [
        ["edges", "707,520"],
        ["client: peak bytes", "1.5 MB"],
        ["client: wall seconds", "1.23 s"],
        ["client: ratio", "0.333"],
        ["client: in order", "yes"],
    ]


def test_machines_are_told_once_and_of_which_results_they_are_if_there_are_several() -> None:
    other = {**MACHINE, "cpus": 64}
    one = page({"a": {"machine": MACHINE}, "b": {"machine": MACHINE}})
    two = page({"a": {"machine": MACHINE}, "b": {"machine": other}})

    assert one.count("CPython") == 1
    assert "* 2 CPUs (Model), 8 GB, Linux x86_64, CPython 3.13.1; cip-async 1.2.3, aiohttp 3.14.5\n" in one
    assert "* a: 2 CPUs" in two
    assert "* b: 64 CPUs" in two


def test_figures_have_the_unit_that_their_name_tells() -> None:
    assert value("peak_bytes_above_start", 2_000_000) == "2.0 MB"
    assert value("stall_s", 1) == "1.00 s"
    assert value("events_per_cpu_second", 12_345) == "12,345"
    assert value("source_bytes_ratio", 1.0) == "1"
    assert value("set", "generated") == "generated"
    assert (ratio(3, 2), ratio(0, 0), ratio(1, 0)) == ("1.50", "-", "∞")
    assert (count(1, "tag"), count(2_000, "tag")) == ("1 tag", "2,000 tags")


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert table(("a",), [("x|y",)]) == "| a |\n| --- |\n| x/y |\n"
