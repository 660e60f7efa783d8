"""Ages on the command line: `30m`, `12h`, `7d`."""

import re
from typing import Final

import click

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_AGE: Final = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)


def age_s(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """An age in seconds: a whole number of seconds, minutes, hours or days, above none.

    Raises:
        click.BadParameter: it is something else.
    """
    del context
    if value is None:
        return None
    found = _AGE.fullmatch(value)
    if found is None or int(found[1]) == 0:
        raise click.BadParameter(f"{value!r} is not an age, such as 30m, 12h or 7d", param=parameter)
    return float(int(found[1]) * _UNITS_S[found[2]])
