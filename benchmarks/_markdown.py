"""Figures and tables as Markdown; pure."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

MB: Final = 1_000_000

Row = Sequence[str]


def ratio(one: float, other: float) -> str:
    """How many times the other; a dash where both are nothing."""
    if not other:
        return "∞" if one else "-"
    return f"{one / other:.2f}"


def value(key: str, figure: object) -> str:
    """A figure with its unit, which its name tells."""
    if isinstance(figure, bool):
        return yes(figure)
    if not isinstance(figure, int | float):
        return str(figure)
    names = set(re.split(r"[_: ]+", key))
    if "ratio" in names:
        return f"{figure:,.3g}"
    if "bytes" in names:
        return f"{figure / MB:,.1f} MB"
    if names & {"seconds", "s"}:
        return f"{figure:,.2f} s"
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:,.3g}"


def count(number: int, noun: str) -> str:
    """So many of something."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def words(key: str) -> str:
    """The name of a figure as it is read."""
    return key.replace("_", " ")


def yes(verdict: bool) -> str:
    """Whether something is so; what is not stands out."""
    return "yes" if verdict else "**no**"


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table; a bar in a cell would end the cell, and becomes a slash."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)
