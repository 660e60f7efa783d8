"""A promoter manifest as lines that can be sorted with their comments."""

from collections.abc import Iterator
from typing import Final

import attrs

from cip_async.manifests.comments import Comment
from cip_async.manifests.spans import Word

_DEEPER: Final = 2


@attrs.define(eq=False)
class Item:
    """One line, the comments about it, the scalars that it holds, and what is below it."""

    text: str
    words: list[Word]
    below: list["Item"] = attrs.field(factory=list)
    above: list[str] = attrs.field(factory=list)
    beside: list[str] = attrs.field(factory=list)
    tail: list[str] = attrs.field(factory=list)

    @property
    def is_entry(self) -> bool:
        """Whether an image or a registry begins here."""
        return self.text.startswith("- ")

    def lines(self, indent: int) -> Iterator[str]:
        """The line and all below it, with their comments: several of them beside one line go above it."""
        space = " " * indent
        one_beside = len(self.beside) == 1
        for comment in [*self.above, *(self.beside if not one_beside else ())]:
            yield space + comment
        yield f"{space}{self.text}" + (f"  {self.beside[0]}" if one_beside else "")
        for item in self.below:
            yield from item.lines(indent + (0 if item.is_entry else _DEEPER))
        for comment in self.tail:
            yield " " * (indent + _DEEPER) + comment


@attrs.define
class Outline:
    """A whole file: what comes before everything, its items, and what comes last."""

    items: list[Item]
    header: list[str] = attrs.field(factory=list)
    is_header_apart: bool = False
    footer: list[str] = attrs.field(factory=list)

    def lines(self) -> Iterator[str]:
        """All lines of the file."""
        yield from self.header
        if self.header and self.is_header_apart:
            yield ""
        for item in self.items:
            yield from item.lines(0)
        yield from self.footer

    def take(self, found: list[Comment]) -> None:
        """Give each comment to the line it is about.

        It is about what is before it in its line, else about what comes next; one that is indented deeper than the
        next image or registry belongs to the end of the former. What begins the file stays there.
        """
        owners = {id(word): (item, entry) for entry in self._entries() for item in _all(entry) for word in item.words}
        owners |= {id(word): (item, item) for item in self.items for word in item.words}
        top = [comment for comment in found if comment.before is None]
        apart = max((number for number, comment in enumerate(top) if comment.is_apart), default=None)
        is_own = apart is not None and apart + 1 < len(top)
        headed = len(top) if not is_own or apart is None else apart + 1
        self.header = [comment.text for comment in top[:headed]]
        self.is_header_apart = apart is not None
        for comment in found[headed:]:
            before = owners.get(id(comment.before)) if comment.before else None
            behind = owners.get(id(comment.behind)) if comment.behind else None
            self._give(comment, before, behind)

    def _give(self, comment: Comment, before: tuple[Item, Item] | None, behind: tuple[Item, Item] | None) -> None:
        if comment.follows and before:
            before[0].beside.append(comment.text)
        elif before and (behind is None or behind[1] is not before[1]) and comment.column > 0 and comment.is_own_line:
            before[1].tail.append(comment.text)
        elif behind:
            behind[0].above.append(comment.text)
        else:
            self.footer.append(comment.text)

    def _entries(self) -> Iterator[Item]:
        for item in self.items:
            if item.is_entry:
                yield item
            else:
                yield from item.below


def _all(item: Item) -> Iterator[Item]:
    yield item
    for each in item.below:
        yield from _all(each)
