"""Numbers as people read them: `4,014 edges`, `1.2 GB`, `3 min 20 s`."""

from typing import Final

_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600


def count(number: int, noun: str) -> str:
    """`number` with its noun: `1 edge`, `4,014 edges`, `2 repositories`."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The plural of one of our nouns."""
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def size(size_bytes: int) -> str:
    """A number of bytes in decimal units with three digits at most: `999 B`, `1.2 GB`, `340 MB`."""
    value = float(size_bytes)
    for unit in _UNITS:
        shown = f"{value:.0f}" if unit == "B" or value >= 9.95 else f"{value:.1f}"
        if float(shown) < 1000:
            return f"{shown} {unit}"
        value /= 1000
    return f"{value * 1000:,.0f} {_UNITS[-1]}"


def duration(seconds: float) -> str:
    """A time span: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"
