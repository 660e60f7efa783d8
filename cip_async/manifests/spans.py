"""Where everything of a YAML document begins and ends in its text, so that the text can be changed around it.

Only documents that passed the parser's checks come here: one plain tree without anchors, tags and deep nesting.
Offsets count characters, and the text has no byte order mark.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs
from ruamel.yaml import YAML
from ruamel.yaml.events import (
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""Ends a line for libyaml, which reads YAML 1.1."""


@attrs.define
class Word:
    """A scalar; `quote` is `"`, `'` or nothing."""

    text: str
    start: int
    end: int
    quote: str


@attrs.define
class Group:
    """A list or a mapping; of a mapping, `parts` holds each key followed by its value.

    In flow style (`[…]`, `{…}`), `end` is behind the closing bracket, otherwise where the last part ends.
    """

    parts: list["Part"]
    start: int
    end: int
    is_flow: bool
    is_mapping: bool

    def pairs(self) -> Iterator[tuple[Word, "Part"]]:
        """Keys with their values, of a mapping whose keys are scalars."""
        parts = iter(self.parts)
        for key, value in zip(parts, parts, strict=True):
            if isinstance(key, Word):
                yield key, value

    def field(self, name: str) -> "tuple[Word, Part] | None":
        """The key of that name with its value."""
        return next(((key, value) for key, value in self.pairs() if key.text == name), None)


Part = Word | Group
"""Whatever can stand in a document."""


def spans(text: str) -> Part | None:
    """The document in `text`, which is known to be sound; None where it is empty."""
    top = Group([], 0, 0, is_flow=False, is_mapping=False)
    open_groups = [top]
    for event in _events(text):
        match event:
            case ScalarEvent():
                quote = event.style if event.style in ("'", '"') else ""
                word = Word(event.value, event.start_mark.index, event.end_mark.index, quote)
                open_groups[-1].parts.append(word)
            case MappingStartEvent() | SequenceStartEvent():
                start = event.start_mark.index
                is_mapping = isinstance(event, MappingStartEvent)
                group = Group([], start, start, is_flow=bool(event.flow_style), is_mapping=is_mapping)
                open_groups[-1].parts.append(group)
                open_groups.append(group)
            case MappingEndEvent() | SequenceEndEvent():
                ended = open_groups.pop()
                if ended.is_flow:
                    ended.end = event.end_mark.index
                elif ended.parts:
                    ended.end = ended.parts[-1].end
            case _:
                pass
    return top.parts[0] if top.parts else None


def _events(text: str) -> Iterable[Any]:
    events: Iterable[Any] = YAML(typ="safe", pure=False).parse(text)
    return events


@attrs.define(init=False)
class Lines:
    """The lines of a text, found by offset. Columns count from 0."""

    break_: str
    """The break that the text uses first; a line feed if it has none."""
    _text: str
    _starts: list[int]

    def __init__(self, text: str) -> None:
        found = [*BREAK.finditer(text)]
        self.break_ = found[0][0] if found else "\n"
        self._text = text
        self._starts = [0, *(each.end() for each in found)]

    def start(self, offset: int) -> int:
        """Where the line of an offset begins."""
        return self._starts[self._number(offset)]

    def below(self, offset: int) -> int | None:
        """Where the next line begins; None if the text ends without a break."""
        number = self._number(offset) + 1
        return self._starts[number] if number < len(self._starts) else None

    def column(self, offset: int) -> int:
        """How far into its line an offset is."""
        return offset - self.start(offset)

    def comments_above(self, offset: int) -> int:
        """Where the lines of nothing but comments begin that are right above the line of an offset."""
        first = self._number(offset)
        while first and self._is_comment(first - 1):
            first -= 1
        return self._starts[first]

    def _is_comment(self, number: int) -> bool:
        return self._text[self._starts[number] : self._starts[number + 1]].lstrip(" \t").startswith("#")

    def _number(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1
