"""The page of the documentation about performance: results to Markdown; pure.

Benchmarks that this module knows get tables of their own; the figures of any other are told as they are named.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from benchmarks._markdown import MB, Row, count, ratio, table, value, words, yes
from benchmarks._targets import BARE, CIP, Result, client, others

_HEAD: Final = """\
# Performance

<!-- Written by `python -m benchmarks --write-docs` from benchmarks/results. Changes by hand are lost. -->

What promotions cost, beside the least that is possible, beside other tools, and beside a bare aiohttp session that
sends the same requests. Registries are served from memory on loopback, by a process of their own, with the latency and
the quota that is told; figures of requests and bytes are what those registries counted. CPU and memory are those of the
whole client process, its start included. Times and memory are those of one machine; only ratios carry over to another.
"""
_REPEAT: Final = """\
## Repeat it

In a clone of the repository, with the tools to compare with on the path:

```sh
python3 -m venv .venv && .venv/bin/pip install -q -e .
.venv/bin/python -m benchmarks --write-docs
```

It measures everything, writes one JSON file for each benchmark into `benchmarks/results`, and this page from them.
`python -m benchmarks.promotion` and the like run one of them and print its JSON, and `python -m benchmarks --quick`
does very little of each, to see that all works. `nox -s bench -- --write-docs` does the same as the command above in an
environment of its own. Other tools are called as their users do; `benchmarks/_peers.py` says how.
"""
_CLASSES: Final = (
    ("listings", ("tags",)),
    ("manifests read", ("manifest-get", "manifest-head")),
    ("blobs read", ("blob-get", "blob-head")),
    ("mounts and uploads begun", ("mount", "upload-start", "upload-post")),
    ("uploads", ("upload", "upload-chunk")),
    ("manifests written", ("manifest-put",)),
    ("tags written", ("tag-put",)),
)


def page(results: Mapping[str, Result]) -> str:
    """The whole page, from the result of each benchmark by its name."""
    parts = [_HEAD, _machines(results), _targets(results)]
    for name in (*_KNOWN, *sorted(results.keys() - _KNOWN.keys())):
        if name in results:
            parts += _KNOWN.get(name, _plain)(name, results[name])
    return "\n".join((*parts, _REPEAT))


def _machines(results: Mapping[str, Result]) -> str:
    """Each machine that figures are from, and which they are if there are several."""
    by_machine: dict[str, list[str]] = {}
    for name, result in results.items():
        by_machine.setdefault(json.dumps(result["machine"]), []).append(name)
    lines = ["## The machine", ""]
    for text, names in by_machine.items():
        machine = json.loads(text)
        libraries = ", ".join(f"{library} {version}" for library, version in machine["libraries"].items())
        of = f"{', '.join(names)}: " if len(by_machine) > 1 else ""
        lines.append(
            f"* {of}{machine['cpus']} CPUs ({machine['cpu']}), {machine['memory_bytes'] / MB / 1000:.0f} GB,"
            f" {machine['platform']}, {machine['python']}; cip-async {machine['cip_async']}, {libraries}"
        )
    return "\n".join((*lines, ""))


def _targets(results: Mapping[str, Result]) -> str:
    """What is aimed at in all benchmarks, and whether it was reached."""
    rows = [row for name, result in results.items() for row in _aims(name, result)]
    return "## Aims\n\n" + table(("aim", "limit", "measured", "reached"), rows)


def _aims(name: str, result: Result) -> Iterator[Row]:
    targets = result.get("target")
    if isinstance(targets, list):
        for target in targets:
            sign, limit = ("≤", target["at_most"]) if "at_most" in target else ("≥", target["at_least"])
            yield target["what"], f"{sign} {limit:g}", f"{target['measured']:.2f}", yes(target["met"])
    elif isinstance(targets, dict):
        limits = ", ".join(f"{words(key)} {value(key, limit)}" for key, limit in targets.items())
        measured = ", ".join(value(key, result[key]) for key in targets if key in result)
        yield name, limits, measured or "-", yes(bool(result.get("target_is_met")))


def _promotion(name: str, result: Result) -> Iterator[str]:
    del name
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
        yield "## Beside a bare session\n\n" + table(
            ("promotion", "CPU of cip", "CPU of the session", "ratio", "requests a second of the session"),
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
    cip, bare = _cip(result), client(result, BARE) or {}
    return (
        result["scenario"]["name"],
        f"{_cpu_ms(cip):.2f} ms a request",
        f"{_cpu_ms(bare):.2f} ms a request",
        ratio(_cpu_ms(cip), _cpu_ms(bare)),
        f"{bare['requests_per_second']:,.0f}",
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


def _scaling(name: str, result: Result) -> Iterator[str]:
    del name
    rows = []
    for grown, sizes in result["series"].items():
        least = sizes[0]
        told = (
            f"{each['size'] / least['size']:g}-fold: {ratio(each['cpu_seconds'], least['cpu_seconds'])}"
            for each in sizes[1:]
        )
        rows.append((grown, ", ".join(f"{each['size']:,}" for each in sizes), ", ".join(told)))
    yield "## Growth\n\nCPU of promoting alone, by that of the smallest size:\n\n" + table(
        ("what grows", "sizes", "CPU"), rows
    )


def _startup(name: str, result: Result) -> Iterator[str]:
    del name
    rows = [
        (
            f"`cip {what}`",
            value("seconds", each["wall_seconds"]),
            value("seconds", each["cpu_seconds"]),
            value("bytes", each["peak_bytes"]),
        )
        for what, each in result["commands"].items()
    ]
    yield "## Start\n\n" + table(("command", "time", "CPU", "memory"), rows)


def _plain(name: str, result: Result) -> Iterator[str]:
    """The figures of a benchmark that has no table of its own."""
    rows = [(words(path), value(path, figure)) for path, figure in _leaves("", result)]
    yield f"## {name.replace('_', ' ').capitalize()}\n\n" + table(("figure", "measured"), rows)


def _leaves(path: str, figure: object) -> Iterator[tuple[str, object]]:
    """The single figures of a result, each with the names that lead to it; lists of anything are not told."""
    if isinstance(figure, Mapping):
        for key, inner in figure.items():
            if path or key not in ("machine", "target", "target_is_met"):
                yield from _leaves(f"{path}: {key}" if path else key, inner)
    elif isinstance(figure, str | int | float):
        yield path, figure


_KNOWN: Final[Mapping[str, Callable[[str, Result], Iterator[str]]]] = {
    "promotion": _promotion,
    "scaling": _scaling,
    "startup": _startup,
}


def _cip(result: Result) -> Result:
    found = client(result, CIP)
    if found is None:
        raise ValueError(f"{CIP} took no part in {result['scenario']['name']}")
    return found


def _cpu_ms(one: Result) -> float:
    """Milliseconds of CPU a request."""
    return float(one["cpu_seconds"]) * 1000 / float(one["requests_total"])
