"""Lines of which none is left out, with their number at the end where they are more than fit on a screen."""

from collections.abc import Iterable, Iterator
from typing import Final

from cip_async.reporting.amounts import count

_ON_A_SCREEN: Final = 20


def counted(lines: Iterable[str], noun: str) -> Iterator[str]:
    """All `lines`, each of which tells of one thing that `noun` names, and then how many they are."""
    number = 0
    for line in lines:
        yield line
        number += 1
    yield from count_above(number, noun)


def count_above(number: int, noun: str) -> Iterator[str]:
    """The line that counts those before it, if they are many."""
    if number > _ON_A_SCREEN:
        yield f"{count(number, noun)} are told above"
