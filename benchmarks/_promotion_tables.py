"""The tables of the page that tell what promotions cost, and beside what; pure."""

from collections.abc import Iterator
from typing import Final

from benchmarks._markdown import Row, count, ratio, table, value, yes
from benchmarks._targets import BARE, CIP, Result, client, others

_CLASSES: Final = (
    ("listings", ("tags",)),
    ("manifests read", ("manifest-get", "manifest-head")),
    ("blobs read", ("blob-get", "blob-head")),
    ("mounts and uploads begun", ("mount", "upload-start", "upload-post")),
    ("uploads", ("upload", "upload-chunk")),
    ("manifests written", ("manifest-put",)),
    ("tags written", ("tag-put",)),
)


_BESIDE_A_SESSION: Final = """## Beside a bare session

A session of aiohttp that sends the same requests, with as many in flight and nothing else to do. The least is the time
that latency alone takes with that many in flight; a listing, an image manifest, a blob and a tag still have to wait for
each other, and programs have to start. What is possible, in the table of aims, is a client that needs 1.8 times the CPU
and the time of this session.

"""


def promotion_tables(result: Result) -> Iterator[str]:
    """Promotions beside their floor, beside a bare session, and beside each tool that was found."""
    alone = [each for each in result["scenarios"] if client(each, CIP)]
    yield "## Promotions\n\n" + table(
        (
            "promotion",
            "requests",
            "÷ floor",
            "429",
            "blob bytes read ÷ floor",
            "time",
            "CPU",
            "CPU a request",
            "memory",
        ),
        [_promotion_row(each) for each in alone],
    )
    yield "Requests by what they are for:\n\n" + table(
        ("promotion", *(title for title, _ in _CLASSES), "anything else"), [_class_row(each, CIP) for each in alone]
    )
    with_bare = [each for each in alone if client(each, BARE)]
    if with_bare:
        yield _BESIDE_A_SESSION + table(
            (
                "promotion",
                "time of the session",
                "time ÷ session",
                "time ÷ least",
                "CPU of cip",
                "CPU of the session",
                "CPU ÷ session",
            ),
            [_bare_row(each) for each in with_bare],
        )
    for each in alone:
        if others(each):
            yield _beside_others(each)
    missing = ", ".join(f"`{program}`" for program in result["not_found"])
    versions = ", ".join(f"{version or program}" for program, version in result["tools"].items())
    told = [
        f"Compared with {versions}." if versions else "",
        f"Not installed, and so not compared: {missing}." if missing else "",
    ]
    yield " ".join(filter(None, told)) + "\n"


def _promotion_row(result: Result) -> Row:
    scenario, floor, cip = result["scenario"], result["floor"], _cip(result)
    return (
        _about(scenario),
        f"{cip['requests_total']:,}",
        ratio(cip["requests_total"], floor["requests_total"]),
        f"{cip['requests_throttled']:,}",
        ratio(cip["blob_bytes_read"], floor["blob_bytes_read"]),
        value("seconds", cip["wall_seconds"]),
        value("seconds", cip["cpu_seconds"]),
        f"{_cpu_ms(cip):.2f} ms",
        value("bytes", cip["peak_bytes"]),
    )


def _class_row(result: Result, name: str) -> Row:
    requests = dict((client(result, name) or {})["requests"])
    counts = [sum(requests.pop(each, 0) for each in classes) for _, classes in _CLASSES]
    return result["scenario"]["name"], *(f"{count:,}" for count in (*counts, sum(requests.values())))


def _bare_row(result: Result) -> Row:
    cip, bare, least_s = _cip(result), client(result, BARE) or {}, result["floor"]["in_flight_seconds"]
    return (
        result["scenario"]["name"],
        value("seconds", bare["wall_seconds"]),
        ratio(cip["wall_seconds"], bare["wall_seconds"]),
        ratio(cip["wall_seconds"], least_s) if least_s else "-",
        f"{_cpu_ms(cip):.2f} ms a request",
        f"{_cpu_ms(bare):.2f} ms a request",
        ratio(_cpu_ms(cip), _cpu_ms(bare)),
    )


def _beside_others(result: Result) -> str:
    cip = _cip(result)
    ours: Row = ("`cip run --confirm`", f"{cip['requests_total']:,}", "1", "1", "1", "1", yes(cip["complete"]))
    head = ("client", "requests", "requests ÷ ours", "time ÷ ours", "CPU ÷ ours", "memory ÷ ours", "complete")
    rows = [ours, *(_other_row(other, cip) for other in others(result))]
    name = result["scenario"]["name"]
    return f"## Beside other tools: {name}\n\n{_about(result['scenario'])}.\n\n" + table(head, rows)


def _other_row(other: Result, cip: Result) -> Row:
    compared = ("requests_total", "wall_seconds", "cpu_seconds", "peak_bytes")
    return (
        other["client"],
        f"{other['requests_total']:,}",
        *(ratio(other[key], cip[key]) for key in compared),
        "failed" if "failure" in other else yes(other["complete"]),
    )


def _about(scenario: Result) -> str:
    """A scenario in words, from its figures."""
    platforms = f" of {scenario['platforms']} platforms" if scenario["platforms"] > 1 else ""
    said = [
        f"{scenario['name']}: {scenario['images']:,} images{platforms} with {count(scenario['tags'], 'tag')} each",
        f"to {count(scenario['mirrors'], 'mirror')} {scenario['places']}",
    ]
    if scenario["held"] != "nothing":
        said.append(f"holding {scenario['held']}")
    if scenario["full_mirrors"]:
        said.append(f"beside {scenario['full_mirrors']} that hold everything")
    if scenario["latency_ms"]:
        said.append(f"{scenario['latency_ms']:g} ms a request")
    if scenario["per_second"]:
        said.append(f"{scenario['per_second']:g} reads and as many writes a second granted")
    return ", ".join(said)


def _cip(result: Result) -> Result:
    found = client(result, CIP)
    if found is None:
        raise ValueError(f"{CIP} took no part in {result['scenario']['name']}")
    return found


def _cpu_ms(one: Result) -> float:
    """Milliseconds of CPU a request."""
    return float(one["cpu_seconds"]) * 1000 / float(one["requests_total"])
