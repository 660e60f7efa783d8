"""The page of the documentation about performance: results to Markdown; pure.

Benchmarks that this module knows get tables of their own; the figures of any other are told as they are named.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from benchmarks._markdown import MB, Row, ratio, table, value, words, yes
from benchmarks._promotion_tables import promotion_tables
from benchmarks._targets import Result

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
            yield target["what"], f"{sign} {limit:g}", f"{target['measured']:.4g}", yes(target["met"])
    elif isinstance(targets, dict):
        limits = ", ".join(f"{words(key)} {value(key, limit)}" for key, limit in targets.items())
        measured = ", ".join(value(key, result[key]) for key in targets if key in result)
        reached = result.get("target_is_met")
        yield name, limits, measured or "-", "-" if reached is None else yes(reached)


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


def _faults(name: str, result: Result) -> Iterator[str]:
    del name
    runs = [
        (title, f"{run['requests']:,}", f"{run['refused_for_quota']:,}", f"{run['failed_or_cut_off']:,}", _seconds(run))
        for title, run in (
            ("without faults", result["without_faults"]),
            ("with 5 % of server failures, 2 % cut off, and a quota", result["with_faults"]),
        )
    ]
    yield "## Under faults\n\n" + table(("promotion", "requests", "429", "failed or cut off", "time"), runs)
    alone_s = result["alone_seconds"]
    beside = [
        (f"one that {death}", value("s", each["others_seconds"]), ratio(each["others_seconds"], alone_s), _end(each))
        for death, each in result["beside_a_mirror_that"].items()
    ]
    yield "Beside a dead mirror:\n\n" + table(
        ("the fourth mirror", "time of the other three", "÷ alone", "until the dead one was given up"),
        [("none", value("s", alone_s), "1", "-"), *beside],
    )


def _seconds(run: Result) -> str:
    return value("seconds", run["seconds"])


def _end(run: Result) -> str:
    return value("seconds", run["until_the_end_seconds"])


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
    "promotion": lambda _, result: promotion_tables(result),
    "faults": _faults,
    "scaling": _scaling,
    "startup": _startup,
}
