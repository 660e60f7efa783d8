"""Bytes to nodes: reads the events of a YAML parser, and refuses what promoter manifests have no use for.

Only one plain tree of mappings, lists and scalars is accepted: no anchors, aliases, tags, merge keys or second
documents, and no deep nesting. Events are read instead of composed nodes, since those are composed by recursion,
in C, and enough brackets would crash the interpreter.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from cip_async.manifests.nodes import Mapping, Node, Refused, Scalar, Sequence
from cip_async.model.promoter_manifest import Gravity, Place, Problem
from cip_async.settings import Files

_SECOND: Final = 2
_MOST_PROBLEMS: Final = 10_000
"""Of its YAML, in one file. A file of aliases alone has millions, and each takes more memory than the alias."""
_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


def parse(content: bytes, path: str, limits: Files) -> tuple[Node | None, tuple[Problem, ...]]:
    """The document in `content`, or None where it is empty or cannot be read, and all that is wrong with its YAML.

    Every problem has the gravity of the whole file. `path` only names the file in problems.
    """
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, (_problem(path, _position(content, error.start), "is not UTF-8 text"),)
    builder = _Builder(path, limits.yaml_depth)
    try:
        builder.take(YAML(typ="safe", pure=False).parse(content))
    except (_TooMuch, YAMLError) as error:
        return None, (*builder.problems, _last_problem(error, content, path))
    return builder.top[0] if builder.top else None, tuple(builder.problems)


class _TooMuch(Exception):
    """The file has more of something than it may; reading it stopped at `position`."""

    def __init__(self, position: tuple[int, int], message: str) -> None:
        self.position = position
        self.message = message


class _Builder:
    """Puts the tree together, event by event; it sees every event of every file, so it does little for each."""

    def __init__(self, path: str, depth: int) -> None:
        self.top: list[Node] = []
        self.problems: list[Problem] = []
        self._path = path
        self._depth = depth
        self._documents = 0
        self._items = self.top
        self._in_mapping = False
        self._outer: list[tuple[list[Node], bool]] = []

    def take(self, events: Iterable[Any]) -> None:
        handlers: dict[type[Any], Callable[[Any], None]] = {
            ScalarEvent: self._scalar,
            MappingStartEvent: self._mapping,
            SequenceStartEvent: self._sequence,
            MappingEndEvent: self._end,
            SequenceEndEvent: self._end,
            AliasEvent: self._alias,
            DocumentStartEvent: self._document,
        }
        for event in events:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)

    def _scalar(self, event: Any) -> None:  # noqa: ANN401 - the events of ruamel.yaml are untyped, here and below
        mark = event.start_mark
        text: str = event.value
        is_plain: bool = event.implicit[0]
        if event.ctag is not None or event.anchor is not None:
            self._refuse_extras(event)
        if text == "<<" and is_plain and self._in_mapping and not len(self._items) % 2:
            self._refuse(mark, "merge keys are not allowed: write the fields out")
            self._items.append(Refused(mark.line + 1, mark.column + 1))
        else:
            self._items.append(Scalar(text, mark.line + 1, mark.column + 1, is_plain))

    def _mapping(self, event: Any) -> None:  # noqa: ANN401
        self._start(event, Mapping([], event.start_mark.line + 1, event.start_mark.column + 1), in_mapping=True)

    def _sequence(self, event: Any) -> None:  # noqa: ANN401
        self._start(event, Sequence([], event.start_mark.line + 1, event.start_mark.column + 1), in_mapping=False)

    def _start(self, event: Any, node: Mapping | Sequence, *, in_mapping: bool) -> None:  # noqa: ANN401
        if event.ctag is not None or event.anchor is not None:
            self._refuse_extras(event)
        if len(self._outer) == self._depth:
            raise _TooMuch((node.line, node.column), f"is nested deeper than {self._depth} levels")
        self._items.append(node)
        self._outer.append((self._items, self._in_mapping))
        self._items, self._in_mapping = node.items, in_mapping

    def _end(self, event: Any) -> None:  # noqa: ANN401
        del event
        self._items, self._in_mapping = self._outer.pop()

    def _alias(self, event: Any) -> None:  # noqa: ANN401
        self._refuse(event.start_mark, f"aliases are not allowed: write out what *{event.anchor} stands for")
        self._items.append(Refused(event.start_mark.line + 1, event.start_mark.column + 1))

    def _document(self, event: Any) -> None:  # noqa: ANN401
        self._documents += 1
        if self._documents == _SECOND:
            self._refuse(event.start_mark, "a second document starts here: expected one in a file")

    def _refuse_extras(self, event: Any) -> None:  # noqa: ANN401
        if event.anchor is not None:
            self._refuse(event.start_mark, f"anchors are not allowed: remove &{event.anchor}")
        if event.ctag is not None:
            self._refuse(event.start_mark, f"tags of YAML are not allowed: remove {event.tag}")

    def _refuse(self, mark: Any, message: str) -> None:  # noqa: ANN401
        position = (mark.line + 1, mark.column + 1)
        if len(self.problems) == _MOST_PROBLEMS:
            raise _TooMuch(position, f"has more than {_MOST_PROBLEMS:,} problems: the rest of the file was not read")
        self.problems.append(_problem(self._path, position, message))


def _last_problem(error: _TooMuch | YAMLError, content: bytes, path: str) -> Problem:
    match error:
        case _TooMuch():
            return _problem(path, error.position, error.message)
        case ReaderError():
            return _problem(path, _position(content, error.position), f"is not YAML: {error.reason}")
        case MarkedYAMLError():
            position = _marked(error)
            return _problem(path, position, f"is not YAML: {_reason(error, content, position)}")
        case _:
            return _problem(path, (1, 1), f"is not YAML: {error}")


def _problem(path: str, position: tuple[int, int], message: str) -> Problem:
    return Problem(Place(path, *position), message, gravity=Gravity.FILE)


def _position(content: bytes, offset: int) -> tuple[int, int]:
    """The line and column of a byte."""
    lines = _lines(content[:offset])
    return len(lines), len(lines[-1]) + 1


def _lines(content: bytes) -> list[str]:
    """The lines as YAML 1.1 and libyaml count them."""
    return _BREAK.split(content.decode("utf-8", "replace").removeprefix("\ufeff"))


def _marked(error: MarkedYAMLError) -> tuple[int, int]:
    mark = error.problem_mark or error.context_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _reason(error: MarkedYAMLError, content: bytes, position: tuple[int, int]) -> str:
    line, column = position
    lines = _lines(content)
    if line <= len(lines) and lines[line - 1][column - 1 : column] == "\t":
        return "a tab cannot stand here, indent with spaces"
    if error.problem == "found unexpected ':'":
        return "a colon cannot stand here, put the text in quotes"
    context = f" {error.context}" if error.context else ""
    start = error.context_mark
    begin = f" that begins in line {start.line + 1}" if context and start and start.line + 1 != line else ""
    return f"{error.problem}{context}{begin}"
