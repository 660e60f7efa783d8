"""A YAML document as it was written: scalars are text, mappings keep every key, and all know their place.

Lines and columns count from 1. These nodes live only while a file is checked.
"""

from collections.abc import Iterator
from typing import Final

import attrs

NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
"""The ways to write nothing, in YAML 1.2's core schema."""


@attrs.define
class Scalar:
    """One value, as written and never converted. `is_plain`: without quotes."""

    text: str
    line: int
    column: int
    is_plain: bool

    @property
    def is_null(self) -> bool:
        """Whether nothing is written here."""
        return self.is_plain and self.text in NULL


@attrs.define
class Sequence:
    """A list."""

    items: list["Node"]
    line: int
    column: int


@attrs.define
class Mapping:
    """A mapping; `items` holds each key followed by its value, duplicates included."""

    items: list["Node"]
    line: int
    column: int

    def pairs(self) -> Iterator[tuple["Node", "Node"]]:
        """Keys with their values, in the order of the file."""
        items = iter(self.items)
        return zip(items, items, strict=True)


@attrs.define
class Refused:
    """Something that was reported already, and that nothing more is to be said about."""

    line: int
    column: int


Node = Scalar | Sequence | Mapping | Refused
"""Whatever can stand in a document."""
