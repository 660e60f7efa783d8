"""A command line in the style of the Go promoter, read flag by flag; pure.

One dash or two, `=` or a space. What is no flag of the Go promoter is an option of the command that it comes to.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import attrs
import click

from cip_async.cli.go_flags import FLAGS, MODES, Flag, Mode

TakesValue = Callable[[Mode, str], bool | None]
"""Whether an option of a command, with its dashes, takes a value; None where the command has no such option."""


_BY_NAME: Final = {flag.name: flag for flag in FLAGS}
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
"""How Go writes truth values: https://pkg.go.dev/strconv#ParseBool."""


@attrs.frozen
class Given:
    """One flag as it was given; `flag` is None for an option of today's, handed on as `text`."""

    flag: Flag | None
    value: str
    text: tuple[str, ...] = ()

    @property
    def truth(self) -> bool:
        """Whether it is on.

        Raises:
            click.UsageError: its value is neither true nor false.
        """
        if self.value in _TRUE:
            return True
        if self.value in _FALSE:
            return False
        raise click.UsageError(f"Option '-{self._name}' is {self.value!r}: expected true or false.")

    @property
    def number(self) -> int:
        """Its value.

        Raises:
            click.UsageError: it is no number.
        """
        try:
            return int(self.value)
        except ValueError as error:
            raise click.UsageError(f"Option '-{self._name}' is {self.value!r}: expected a number.") from error

    @property
    def _name(self) -> str:
        return self.flag.name if self.flag else self.text[0]


def read(arguments: Sequence[str], takes_value: TakesValue) -> tuple[Given, ...]:
    """The flags of a command line: of those given several times the last, and none that is as good as not given.

    Raises:
        click.UsageError: a flag is unknown, or lacks its value.
    """
    last: dict[object, Given] = {}
    for number, each in enumerate(_given(arguments, takes_value)):
        key = number if each.flag is None else each.flag.name
        last.pop(key, None)
        last[key] = each
    return tuple(each for each in last.values() if each.value or each.flag is None or not each.flag.may_be_empty)


def mode_of(given: Iterable[Given]) -> tuple[Mode, str]:
    """What a command line asks for as a whole, and what that is about, if anything.

    Raises:
        click.UsageError: a flag that chooses is neither true nor false.
    """
    asked = {each.flag.name: each for each in given if each.flag is not None}
    for name, mode in MODES.items():
        each = asked.get(name)
        if each is not None and each.flag is not None and each.flag.has_subject:
            return mode, each.value
        if each is not None and each.truth:
            return mode, ""
    return Mode.RUN, ""


def asks_for_subject(arguments: Iterable[str]) -> bool:
    """Whether one of the flags chooses a command and says what that is about."""
    found = (_BY_NAME.get(_name_in(each)) for each in arguments if each.startswith("-"))
    return any(flag is not None and flag.has_subject for flag in found)


def _given(arguments: Sequence[str], takes_value: TakesValue) -> Iterator[Given]:
    mode = _expected_mode(arguments)
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.lstrip("-").partition("=")
        if not argument.startswith("-") or not name:
            raise click.UsageError(f"Got unexpected extra argument ({argument})")
        flag = _BY_NAME.get(name)
        if flag is None:
            takes = takes_value(mode, argument.partition("=")[0])
            if takes is None:
                raise click.UsageError(f"No such option: {argument.partition('=')[0]}")
            text = (argument,) if equals or not takes else (argument, _next(rest, argument))
            yield Given(None, "", text)
        elif equals:
            yield Given(flag, value)
        elif flag.takes_value:
            yield Given(flag, _next(rest, argument))
        else:
            yield Given(flag, "true")


def _name_in(argument: str) -> str:
    return argument.lstrip("-").partition("=")[0]


def _next(rest: Iterator[str], argument: str) -> str:
    value = next(rest, None)
    if value is None:
        raise click.UsageError(f"Option '{argument}' requires an argument.")
    return value


def _expected_mode(arguments: Sequence[str]) -> Mode:
    """The mode, told by the names of flags alone, so that it is known whose options the others are."""
    denied = tuple(f"={value}" for value in _FALSE)
    asked = {_name_in(each) for each in arguments if each.startswith("-") and not each.endswith(("=", *denied))}
    return next((mode for name, mode in MODES.items() if name in asked), Mode.RUN)
