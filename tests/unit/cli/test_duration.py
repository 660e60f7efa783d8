"""Lengths of time, as they are written on the command line."""

import click
import pytest
from click.testing import CliRunner

from cip_async.cli import cip
from cip_async.cli.duration import age_s, timeout_s

CONTEXT = click.Context(cip)
OPTION = click.Option(["--trust-inventory"])


@pytest.mark.parametrize(
    ("text", "seconds"), [("45s", 45), ("30m", 1_800), ("12h", 43_200), ("7d", 604_800), ("007d", 604_800)]
)
def test_an_age_has_a_unit(text: str, seconds: float) -> None:
    assert age_s(CONTEXT, OPTION, text) == seconds


def test_no_age_is_none() -> None:
    assert age_s(CONTEXT, OPTION, None) is None


@pytest.mark.parametrize("text", ["", "0m", "12", "h", "1.5h", "-1h", "1w", "1 h", "1h30m", "\uff11h", "9" * 30 + "d"])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        age_s(CONTEXT, OPTION, text)
    assert refused.value.message == f"{text!r} is not an age, such as 30m, 12h or 7d"


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("30m", 1_800), ("2h", 7_200), ("1d", 86_400)])
def test_a_timeout_is_in_seconds_or_has_a_unit(text: str, seconds: float) -> None:
    assert timeout_s(CONTEXT, OPTION, text) == seconds


def test_no_timeout_is_none() -> None:
    assert timeout_s(CONTEXT, OPTION, None) is None


@pytest.mark.parametrize("text", ["", "0", "0s", "m", "1.5h", "-1", "1w", "1 h", "1h30m", "\uff11", "inf", "9" * 30])
def test_a_timeout_that_is_none_is_refused_with_examples(text: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        timeout_s(CONTEXT, OPTION, text)
    assert refused.value.message == f"{text!r} is not a length of time, such as 90, 30m or 2h"


def test_an_age_without_an_inventory_is_refused() -> None:
    result = CliRunner().invoke(cip, ["run", "--thin-manifest-dir", ".", "--trust-inventory", "12h"])
    assert result.exit_code == 2
    assert "Error: --trust-inventory needs --inventory FILE: there is nothing else to trust.\n" in result.stderr
