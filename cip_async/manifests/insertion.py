"""Puts images into the text of a sound images file: which place each gets, and in which form."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from cip_async.manifests.changes import Changes, Items
from cip_async.manifests.entries import Entry, entries, words
from cip_async.manifests.spans import Group, Lines, Part, spans
from cip_async.manifests.style import Digests, Style, quoted, style_of
from cip_async.reference import ImageName, Tag

_BLANK_LINE: Final = re.compile(r"\n[ \t\r]*\n")
_DEEPER: Final = 2


def inserted(text: str, images: Mapping[ImageName, Digests]) -> str:
    """The text with `images`, of which it has no digest with these tags, and no tag."""
    return _Insertion(text).of(images)


class _Insertion:
    """One addition of images to one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = Lines(text)
        self._changes = Changes(text, self._lines)
        self._root = spans(text)
        self._entries = entries(self._root)

    def of(self, images: Mapping[ImageName, Digests]) -> str:
        new: dict[ImageName, Digests] = {}
        for name, digests in sorted(images.items()):
            same = [entry for entry in self._entries if entry.name == name]
            if same:
                self._extend(same, digests)
            else:
                new[name] = digests
        if new:
            self._add_images(new)
        return self._changes.made()

    def _extend(self, same: Sequence[Entry], digests: Digests) -> None:
        """Add to the entries of one name: tags where their digest is, and other digests to the first that has any."""
        home = next((entry for entry in same if entry.digests), same[0])
        style = style_of((home, *self._entries), self._text, self._lines)
        for digest, tags in sorted(digests.items()):
            listed = next((entry.digests[digest] for entry in same if digest in entry.digests), None)
            if listed is not None:
                self._add_tags(listed[1], sorted(tags), style)
        there = {digest for entry in same for digest in entry.digests}
        new = {digest: tags for digest, tags in digests.items() if digest not in there}
        if new:
            self._add_digests(home, new, style)

    def _add_tags(self, listed: Group, new: Sequence[Tag], style: Style) -> None:
        there = words(listed)
        quote = there[0].quote if there else style.tag_quote
        items = Items(keys=[word.text for word in there], starts=there, ends=there)
        if not listed.is_flow:
            dash = " " * self._lines.column(listed.start) + "- "
            lines = [(tag, [dash + quoted(tag, quote)]) for tag in new]
            self._changes.into_lines(items, lines, above=self._lines.start(listed.start))
        elif there:
            texts = [(tag, quoted(tag, quote, in_flow=True)) for tag in new]
            self._changes.into_flow(items, texts, style.separator[1:])
        else:
            inside = style.separator.join(quoted(tag, quote, in_flow=True) for tag in new)
            self._changes.into_empty_flow(listed, inside, style.padding)

    def _add_digests(self, entry: Entry, new: Digests, style: Style) -> None:
        dmap = entry.dmap
        if not isinstance(dmap, Group) or not dmap.parts:
            self._fill(entry, new, style)
            return
        keys = [key for key, _ in dmap.pairs()]
        items = Items(keys=[key.text for key in keys], starts=keys, ends=dmap.parts[1::2])
        if dmap.is_flow:
            texts = [(digest, style.flow_digest(digest, tags)) for digest, tags in sorted(new.items())]
            self._changes.into_flow(items, texts, style.separator[1:])
        else:
            indent = self._lines.column(keys[0].start)
            lines = [(digest, style.block_digest(digest, tags, indent)) for digest, tags in sorted(new.items())]
            top = self._lines.below(entry.dmap_key.end) if entry.dmap_key else None
            above = self._lines.start(keys[0].start) if top is None else top
            self._changes.into_lines(items, lines, above=above)

    def _fill(self, stub: Entry, new: Digests, style: Style) -> None:
        """Give a stub its digests, below its `dmap` or in it, which it may lack."""
        dmap, fields = stub.dmap, stub.fields
        if isinstance(dmap, Group) and self._changes.has_comment(dmap):
            self._changes.into_empty_flow(dmap, style.flow_dmap(new)[1:-1], "")
        elif fields.is_flow and dmap is None:
            quote = stub.name_key.quote
            self._changes.insert(fields.parts[-1].end, f", {quote}dmap{quote}: {style.flow_dmap(new)}")
        elif fields.is_flow and dmap is not None:
            gap = "" if dmap.start < dmap.end else " "
            self._changes.replace(dmap.start, dmap.end, gap + style.flow_dmap(new))
        else:
            self._fill_below(stub, new, style)

    def _fill_below(self, stub: Entry, new: Digests, style: Style) -> None:
        indent = self._lines.column(stub.fields.start)
        lines = style.block_digests(new, indent + self._depth())
        if stub.dmap is None:
            self._changes.below(stub.fields.end, [f"{' ' * indent}dmap:", *lines])
        else:
            space = len(self._changes.space_before(stub.dmap))
            self._changes.replace(stub.dmap.start - space, stub.dmap.end, "")
            self._changes.below(stub.dmap.end, lines)

    def _add_images(self, new: Mapping[ImageName, Digests]) -> None:
        root, style = self._root, style_of(self._entries, self._text, self._lines)
        if isinstance(root, Group) and root.is_flow and (root.parts or self._changes.has_comment(root)):
            self._add_flow_images(root, new, style)
            return
        is_list = isinstance(root, Group) and bool(root.parts)
        dash = self._lines.column(root.start) if is_list and root is not None else 0
        blocks = [(name, self._block_image(name, digests, style, dash)) for name, digests in sorted(new.items())]
        lines = [line for _, block in blocks for line in block]
        if isinstance(root, Group) and root.parts:
            above = self._lines.comments_above(root.start) or self._lines.start(root.start)
            self._changes.into_lines(self._items(root), blocks, above=above, gap=self._gap(root.parts))
        elif root is None or root.start == root.end:
            self._changes.at_end(lines)
        else:
            begin = self._lines.break_ if self._lines.column(root.start) else ""
            self._changes.replace(root.start, root.end, begin + self._lines.break_.join(lines))

    def _add_flow_images(self, root: Group, new: Mapping[ImageName, Digests], style: Style) -> None:
        quote = self._entries[0].name_key.quote if self._entries else ""
        texts = [(name, style.flow_image(name, digests, quote)) for name, digests in sorted(new.items())]
        if root.parts:
            self._changes.into_flow(self._items(root), texts, style.separator[1:])
        else:
            self._changes.into_empty_flow(root, ", ".join(text for _, text in texts), "")

    def _items(self, root: Group) -> Items:
        return Items(keys=[entry.name for entry in self._entries], starts=root.parts, ends=root.parts)

    def _block_image(self, name: ImageName, digests: Digests, style: Style, dash: int) -> list[str]:
        model = next((entry for entry in self._entries if not entry.fields.is_flow), None)
        indent = self._lines.column(model.fields.start) if model else dash + _DEEPER
        named = quoted(name, model.name_word.quote if model else "")
        return [
            f"{' ' * dash}-{' ' * (indent - dash - 1)}name: {named}",
            f"{' ' * indent}dmap:",
            *style.block_digests(digests, indent + self._depth()),
        ]

    def _depth(self) -> int:
        """How far digests are indented below the fields of their image."""
        for entry in self._entries:
            if isinstance(entry.dmap, Group) and entry.dmap.parts and not entry.dmap.is_flow:
                return self._lines.column(entry.dmap.start) - self._lines.column(entry.fields.start)
        return _DEEPER

    def _gap(self, items: Sequence[Part]) -> Sequence[str]:
        """The blank line between images, where there is one between the first two."""
        is_wide = len(items) > 1 and bool(_BLANK_LINE.search(self._text[items[0].end : items[1].start]))
        return [""] if is_wide else []
