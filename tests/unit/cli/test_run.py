"""The options of `cip run`, as far as they can be judged without the engine."""

import pytest
from click.testing import CliRunner

from cip_async.cli import cip


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "--manifest README.md --thin-manifest-dir .",
        "--thin-manifest-dir . --report-edges all",
        "--thin-manifest-dir . --parse-only --confirm",
        "--thin-manifest-dir . --parse-only --report report.json",
        "--thin-manifest-dir . --parse-only --inventory inventory.sqlite",
        "--thin-manifest-dir . --parse-only --server-side-only",
        "--thin-manifest-dir . --parse-only --timeout 30m",
        "--thin-manifest-dir . --timeout 0",
        "--thin-manifest-dir . --recheck-tags",
        "--thin-manifest-dir . --parse-only --recheck-tags",
        "--thin-manifest-dir README.md",
        "--manifest .",
        "--thin-manifest-dir . --report .",
    ],
)
def test_options_that_contradict_each_other_are_refused(arguments: str) -> None:
    result = CliRunner().invoke(cip, ["run", *arguments.split()])
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


def test_help_tells_every_exit_code() -> None:
    shown = CliRunner().invoke(cip, ["run", "--help"]).output
    for code in ("0", "1", "2", "3", "130"):
        assert f"\n    {code:<4} " in shown
