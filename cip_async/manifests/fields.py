"""Nodes to fields and text: what a file says where, and every problem found on the way, none of them an exception."""

from collections.abc import Collection, Iterator
from typing import Final

from cip_async.manifests.nodes import Mapping, Node, Refused, Scalar, Sequence
from cip_async.model.promoter_manifest import Gravity, Place, Problem

_SHOWN: Final = 80


class Findings:
    """The problems of one file, gathered while it is read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def place(self, node: Node) -> Place:
        """Where a node stands."""
        return Place(self.path, node.line, node.column)

    def add(self, node: Node | None, message: str, gravity: Gravity) -> None:
        """Note a problem at `node`, or at the start of the file."""
        self.add_at(Place(self.path, 1, 1) if node is None else self.place(node), message, gravity)

    def add_at(self, place: Place, message: str, gravity: Gravity) -> None:
        """Note a problem at a place."""
        self.problems.append(Problem(place, message, gravity=gravity))

    def unexpected(self, node: Node | None, what: str, expected: str, gravity: Gravity) -> None:
        """Note that `what` is something else than expected, unless that was refused already."""
        if not isinstance(node, Refused):
            self.add(node, f"{what} is {shown(node)}: expected {expected}", gravity)

    def pairs(self, mapping: Mapping, what: str, gravity: Gravity) -> Iterator[tuple[Scalar, Node]]:
        """Keys with their values, each key once; `what` names a key in problems."""
        lines: dict[str, int] = {}
        for key, value in mapping.pairs():
            if isinstance(key, Scalar):
                first = lines.get(key.text)
                if first is None:
                    lines[key.text] = key.line
                    yield key, value
                else:
                    self.add(key, f"{what} {shown(key)} is here twice: first in line {first}", gravity)
            else:
                self.unexpected(key, f"a {what}", "text", gravity)

    def fields(self, mapping: Mapping, known: Collection[str], gravity: Gravity) -> dict[str, Node]:
        """The fields of a mapping that may have those in `known` and no others."""
        found: dict[str, Node] = {}
        for key, value in self.pairs(mapping, "field", gravity):
            if key.text in known:
                found[key.text] = value
            else:
                self.add(key, f"unknown field {shown(key)}: expected {_any_of(known)}", gravity)
        return found


def shown(node: Node | None) -> str:
    """A node in the words of a problem."""
    match node:
        case None:
            return "empty"
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case Refused():
            return "refused"
        case Scalar(text=text):
            return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _any_of(known: Collection[str]) -> str:
    *others, last = sorted(known)
    return f"{', '.join(others)} or {last}" if others else last
