"""The part of the page on reliability that tells of one long run: its table, its command, and where it was made."""

from collections.abc import Sequence
from typing import Any, Final

from tests.nightly.suites import FORMS, SEEDS, suite_of, suites
from tests.nightly.table import Line, table

BEGINNING: Final = "<!-- Written by `nox -s nightly -- --write-docs`. Changes by hand are lost. -->\n"
END: Final = "<!-- The end of what it wrote. -->\n"


class NotForThePage(ValueError):
    """A run that says too little: it ended early, was not long, or left out a suite."""


def with_run(page: str, tests: Sequence[Line], run: Line | None) -> str:
    """The page with this run in the place of the last.

    Raises:
        NotForThePage: the run says too little for it.
    """
    if run is None:
        raise NotForThePage("the run came to no end")
    short = [name for name in FORMS if name not in run["variables"]]
    if short:
        raise NotForThePage(f"the run was not long: {', '.join(short)} not set")
    had = {suite_of(line["test"]) for line in tests if line["outcome"] != "skipped"}
    if left_out := [suite for suite in suites() if suite not in had]:
        raise NotForThePage(f"the run had no test of: {', '.join(left_out)}")
    before, beginning, rest = page.partition(BEGINNING)
    _, end, after = rest.partition(END)
    if not beginning or not end:
        raise NotForThePage("the page has no place for it")
    return f"{before}{beginning}\n{_told(run)}\n{table(tests)}\n{end}{after}"


def _told(run: Line) -> str:
    variables = run["variables"]
    forms = " ".join(f"{name}={variables[name]}" for name in FORMS)
    seeds = " ".join(f"{name}={variables.get(name, '0')}" for name in SEEDS)
    return (
        f"`nox -s nightly` on {run['finished']}, {run['took_s'] / 60:.0f} minutes with {run['workers']} workers:\n\n"
        f"* forms: `{forms}`\n"
        f"* seeds: `{seeds}`\n"
        f"* machine: {_shown(run['machine'])}\n"
    )


def _shown(machine: dict[str, Any]) -> str:
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    return (
        f"{machine['cpus']} CPUs ({machine['cpu']}), {machine['memory_bytes'] / 1e9:.0f} GB, {machine['platform']},"
        f" {machine['python']}; cip-async {machine['cip_async']}, {libraries}"
    )
