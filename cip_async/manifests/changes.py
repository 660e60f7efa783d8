"""Changes to a text, gathered and then made at once: whatever is between them stays as it was."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

import attrs

from cip_async.manifests.spans import BREAK, Group, Lines, Part


@attrs.frozen(kw_only=True)
class Items:
    """What is listed somewhere: the key that each item is sorted by, where it starts, and where it ends."""

    keys: Sequence[str]
    starts: Sequence[Part]
    ends: Sequence[Part]

    def place(self, key: str) -> int:
        """Where `key` belongs: its sorted place, or the end of what is not sorted."""
        is_sorted = all(one <= other for one, other in pairwise(self.keys))
        return bisect_left(self.keys, key) if is_sorted else len(self.keys)


class Changes:
    """The changes to one text. Those at one place come in the order in which they were asked for."""

    def __init__(self, text: str, lines: Lines) -> None:
        self._text = text
        self._lines = lines
        self._break = lines.break_
        self._changes: list[tuple[int, int, str]] = []

    def made(self) -> str:
        """The text with all changes."""
        pieces: list[str] = []
        done = 0
        for start, end, text in sorted(self._changes, key=lambda change: change[:2]):
            pieces += (self._text[done:start], text)
            done = end
        return "".join((*pieces, self._text[done:]))

    def replace(self, start: int, end: int, text: str) -> None:
        """Put `text` in the place of what is between two offsets."""
        self._changes.append((start, end, text))

    def insert(self, offset: int, text: str) -> None:
        """Put `text` at an offset."""
        self._changes.append((offset, offset, text))

    def into_flow(self, items: Items, new: Iterable[tuple[str, str]], space: str) -> None:
        """Put what is new, each with its key, into a list or mapping in flow style that is not empty.

        Items are as far apart as they were; `space` is behind commas where there was none.
        """
        first_two = items.starts[:2]
        found = self.space_before(first_two[-1])
        if len(first_two) > 1 or BREAK.search(found):
            space = found
        for key, text in new:
            index = items.place(key)
            if index < len(items.starts):
                self.insert(items.starts[index].start, f"{text},{space}")
            else:
                self.insert(items.ends[-1].end, f",{space}{text}")

    def into_empty_flow(self, group: Group, inside: str, padding: str) -> None:
        """Fill an empty list or mapping in flow style."""
        if self.has_comment(group):
            self.insert(group.start + 1, inside)
        else:
            self.replace(group.start + 1, group.end - 1, f"{padding}{inside}{padding}")

    def into_lines(
        self, items: Items, new: Iterable[tuple[str, Sequence[str]]], *, above: int, gap: Sequence[str] = ()
    ) -> None:
        """Put what is new, each with its key, below the item before it; at the offset `above` if there is none.

        Comments right above an item thus stay with it. `gap` are lines between items.
        """
        for key, lines in new:
            index = items.place(key)
            if index:
                self.below(items.ends[index - 1].end, [*gap, *lines])
            else:
                self.insert(above, self._whole([*lines, *gap]))

    def below(self, offset: int, lines: Sequence[str]) -> None:
        """Put `lines` below the line of an offset; a text that ends without a break still does then."""
        below = self._lines.below(offset)
        if below is None:
            self.at_end(lines)
        else:
            self.insert(below, self._whole(lines))

    def at_end(self, lines: Sequence[str]) -> None:
        """Put `lines` behind everything; a text that ends without a break still does then."""
        if not self._text or BREAK.fullmatch(self._text[-1]):
            self.insert(len(self._text), self._whole(lines))
        else:
            self.insert(len(self._text), "".join(self._break + line for line in lines))

    def has_comment(self, part: Part) -> bool:
        """Whether there is a comment within something that is otherwise empty."""
        return "#" in self._text[part.start : part.end]

    def space_before(self, part: Part) -> str:
        """The spaces and breaks before something."""
        before = self._text[: part.start]
        return before[len(before.rstrip()) :]

    def _whole(self, lines: Iterable[str]) -> str:
        return "".join(line + self._break for line in lines)
