"""Lengths of time on the command line: `30m`, `12h`, `7d`."""

import re
from typing import Final

import click

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION: Final = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)


def age_s(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """An age in seconds: a whole number of seconds, minutes, hours or days, above none.

    Raises:
        click.BadParameter: it is something else.
    """
    del context
    return None if value is None else _seconds(parameter, value, value, "an age, such as 30m, 12h or 7d")


def timeout_s(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """How long something may take, in seconds: as an age, or a whole number of seconds without a unit.

    Raises:
        click.BadParameter: it is something else.
    """
    del context
    if value is None:
        return None
    text = f"{value}s" if value[-1:].isdecimal() else value
    return _seconds(parameter, value, text, "a length of time, such as 90, 30m or 2h")


def _seconds(parameter: click.Parameter, value: str, text: str, expected: str) -> float:
    found = _DURATION.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise click.BadParameter(f"{value!r} is not {expected}", param=parameter)
    return float(int(found[1]) * _UNITS_S[found[2]])
